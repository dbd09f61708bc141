"""What was there already, but empty: without a note of it nobody could tell afterwards that it is not init's to remove.

Such files are rare, so there rarely is a note. It lies beside the queue, where git ignores it.
"""

from __future__ import annotations

import json
import os

from coord.client.place import FOLDER
from coord.client.setup.plan import Plan

NAME = "coord-init.json"


def _file(plan: Plan) -> str:
    return os.path.join(plan.folders[0], FOLDER, NAME)


def _noted(plan: Plan) -> dict[str, list[str]]:
    try:
        told = json.loads(plan.read(_file(plan)) or b"{}")
    except ValueError:
        return {}
    return {str(name): list(map(str, parts)) for name, parts in told.items() if isinstance(parts, list)} if isinstance(told, dict) else {}


def keep(plan: Plan, path: str, part: str = "") -> None:
    """This file, or this part of it, was there before and empty."""
    noted = _noted(plan)
    parts = noted.setdefault(plan.shown(plan.real(path)), [])
    if part not in parts:
        parts.append(part)
        plan.write(_file(plan), f"{json.dumps(noted, indent=2)}\n")


def is_kept(plan: Plan, path: str, part: str = "") -> bool:
    return part in _noted(plan).get(plan.shown(plan.real(path)), [])


def forget(plan: Plan, *paths: str) -> None:
    """What was noted of these files; of all, when none is named."""
    names = {plan.shown(plan.real(path)) for path in paths}
    noted = {name: parts for name, parts in _noted(plan).items() if names and name not in names}
    if plan.read(_file(plan)) is not None:
        plan.write(_file(plan), f"{json.dumps(noted, indent=2)}\n" if noted else None)
