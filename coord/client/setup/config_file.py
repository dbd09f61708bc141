"""`.coord.toml`: how init writes it, and which settings it may have."""

from __future__ import annotations

import difflib
import json
import os
from typing import Any

from coord.client.setup.plan import CannotChange, Plan
from coord.client.workspace import CONFIG, BadConfig, read_config

Types = dict[str, "type | tuple[type, ...]"]

KEYS: Types = {"url": str, "project": str, "hook": dict}
HOOK_KEYS: Types = {
    "commands": list,
    "programs": list,
    "default_commands": bool,
    "edit_tools": list,
    "lock_ttl_hours": (int, float),
    "banner_bytes": int,
    "share_prompt": bool,
}
COMMAND_KEYS: Types = {"pattern": str, "resource": str}
PROGRAM_KEYS: Types = {
    "name": str,
    "resource": str,
    "verbs": list,
    "options_with_value": list,
    "runs": bool,
}

_TEXT = """\
# coord: which server and project this repository belongs to. Made by `coord init`; commit it.
# The environment variables COORD_URL and COORD_PROJECT override it.

{url}
project = {project}

# [hook]
# How many hours a file stays claimed after the last activity of the session that edits it.
# lock_ttl_hours = 2
# The most bytes of messages and news that a session is shown at its start.
# banner_bytes = 4000
# false: a session that is refused does not see what the holder was asked to do.
# share_prompt = true
# false: only the commands below need a lock; `git push`, deployments, migrations and the like do not.
# default_commands = true

# Commands that no two sessions may run at the same time. `pattern` is a regular expression for the
# beginning of the command, `resource` the name of the lock that it needs.
# [[hook.commands]]
# pattern = "make release"
# resource = "release"
"""  # noqa: E501 (as it is shown)


def text(url: str | None, project: str) -> str:
    """The file as `coord init` writes it. `url`: None where no server is known to answer."""
    line = f"url = {_quoted(url)}" if url else '# url = "http://coord.example:8001"'
    return _TEXT.format(url=line, project=_quoted(project))


def _quoted(value: str) -> str:
    # A JSON string without control characters is a TOML string.
    return json.dumps(value, ensure_ascii=False)


def add(plan: Plan, top: str, url: str | None, project: str) -> None:
    """Plans the file where there is none; an existing one is the team's. Raises CannotChange."""
    path = os.path.join(top, CONFIG)
    if plan.read(path) is None:
        plan.write(path, text(url, project))


def remove(plan: Plan, top: str) -> None:
    """Plans that the file goes, if it is as init wrote it. Raises CannotChange."""
    path = os.path.join(top, CONFIG)
    current = plan.text(path)
    if current is None:
        return
    settings = read(path)
    url = settings.get("url")
    written = text(None if url is None else str(url), str(settings.get("project")))
    if current.replace("\r\n", "\n") == written:
        plan.write(path, None)
    elif "Made by `coord init`" in current:
        plan.notes.append(
            f"{CONFIG} stays: it was changed since init wrote it. Remove it yourself if nobody"
            " needs it."
        )


def read(path: str) -> dict[str, Any]:
    """Raises CannotChange."""
    try:
        return dict(read_config(path))
    except BadConfig as error:
        raise CannotChange(str(error)) from None


def problems(settings: dict[str, Any]) -> list[str]:
    """What is wrong with the names and types of the settings, a sentence each."""
    sentences = _check(settings, KEYS, "")
    hook = settings.get("hook")
    if not isinstance(hook, dict):
        return sentences
    sentences += _check(hook, HOOK_KEYS, "hook.")
    for name, types in (("commands", COMMAND_KEYS), ("programs", PROGRAM_KEYS)):
        entries = hook.get(name)
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                sentences += _check(entry, types, f"hook.{name}.")
            else:
                sentences.append(f"hook.{name} has an entry that is not a table.")
    return sentences


def _check(table: dict[str, Any], types: Types, prefix: str) -> list[str]:
    sentences = []
    for name, value in table.items():
        if name not in types:
            close = difflib.get_close_matches(name, types, 1)
            hint = f"; is {prefix}{close[0]} meant?" if close else "."
            sentences.append(f"{prefix}{name} is not known{hint}")
        elif not isinstance(value, types[name]) or (
            isinstance(value, bool) and types[name] is not bool
        ):
            sentences.append(f"{prefix}{name} is of the wrong type: {value!r}.")
    return sentences
