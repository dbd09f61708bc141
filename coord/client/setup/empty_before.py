"""Remembers what was in the repository before `coord init`, but empty, so that undo leaves it
there.

Such files are rare, so the note rarely exists. It lies with the user's own state: a repository that
ships one would decide what stays.
"""

from __future__ import annotations

import json
import os

from coord.client import user_state
from coord.client.paths import real_path
from coord.client.setup.plan import Plan


def _file(plan: Plan) -> str:
    name = f"init-{user_state.digest(plan.folders[0])}.json"
    return os.path.join(real_path(user_state.root()), name)


def _noted(plan: Plan) -> dict[str, list[str]]:
    """For each file the parts that were empty; the part "" is the file itself."""
    try:
        content = json.loads(plan.read(_file(plan)) or b"{}")
    except ValueError:
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        str(name): list(map(str, parts))
        for name, parts in content.items()
        if isinstance(parts, list)
    }


def note(plan: Plan, path: str, part: str = "") -> None:
    """Plans the note that this file, or this part of it, was there before and empty."""
    noted = _noted(plan)
    parts = noted.setdefault(plan.shown(plan.real(path)), [])
    if part not in parts:
        parts.append(part)
        plan.write(_file(plan), f"{json.dumps(noted, indent=2)}\n")


def was_empty(plan: Plan, path: str, part: str = "") -> bool:
    return part in _noted(plan).get(plan.shown(plan.real(path)), [])


def forget(plan: Plan, *paths: str) -> None:
    """Plans that the notes about these files go; all notes, when none is named."""
    names = {plan.shown(plan.real(path)) for path in paths}
    remaining = {name: parts for name, parts in _noted(plan).items() if names and name not in names}
    if plan.read(_file(plan)) is not None:
        plan.write(_file(plan), f"{json.dumps(remaining, indent=2)}\n" if remaining else None)
