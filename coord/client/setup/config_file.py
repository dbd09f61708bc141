"""`.coord.toml`: how init writes it, and which names it may have."""

from __future__ import annotations

import difflib
import json
import os
from typing import Any

from coord.client.place import CONFIG, BadConfig, read_config
from coord.client.setup.plan import Plan, Refused

KEYS: dict[str, type | tuple[type, ...]] = {"url": str, "project": str, "hook": dict}
HOOK_KEYS: dict[str, type | tuple[type, ...]] = {
    "commands": list,
    "default_commands": bool,
    "lock_ttl_hours": (int, float),
    "banner_bytes": int,
    "share_prompt": bool,
}
COMMAND_KEYS: dict[str, type | tuple[type, ...]] = {"pattern": str, "resource": str}

_TEXT = """\
# coord: which server and project this repository belongs to. Made by `coord init`; commit it.
# An environment variable goes before what is here: COORD_URL, COORD_PROJECT.

url = {url}
project = {project}

# [hook]
# How long a file stays claimed after the last activity of the session that edits it.
# lock_ttl_hours = 2
# The longest that messages and news shown to a session may be.
# banner_bytes = 4000
# false: those who are refused are not shown what the holder was asked to do.
# share_prompt = true
# false: only the commands below need a lock, not `git push`, deployments, migrations and the like as well.
# default_commands = true

# Commands that no two sessions may run at once. `pattern` is a regular expression for the begin of the command,
# `resource` the name of the lock that it needs.
# [[hook.commands]]
# pattern = "make release"
# resource = "release"
"""


def text(url: str, project: str) -> str:
    return _TEXT.format(url=_quoted(url), project=_quoted(project))


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # a JSON text without control characters is a TOML text


def add(plan: Plan, top: str, url: str, project: str) -> None:
    """Plans the file where there is none; one that is there is the team's own. Raises Refused."""
    path = os.path.join(top, CONFIG)
    if plan.read(path) is None:
        plan.write(path, text(url, project))


def remove(plan: Plan, top: str) -> None:
    """Plans that the file goes, if it is as init wrote it. Raises Refused."""
    path = os.path.join(top, CONFIG)
    there = plan.text(path)
    if there is None:
        return
    settings = read(path)
    if there.replace("\r\n", "\n") == text(str(settings.get("url")), str(settings.get("project"))):
        plan.write(path, None)
    elif "Made by `coord init`" in there:
        plan.notes.append(f"{CONFIG} stays: it was changed since init wrote it. Remove it yourself if nobody needs it.")


def read(path: str) -> dict[str, Any]:
    """Raises Refused."""
    try:
        return dict(read_config(path))
    except BadConfig as error:
        raise Refused(str(error)) from None


def problems(settings: dict[str, Any]) -> list[str]:
    """What is wrong with the names and the kinds of the settings, a sentence each."""
    found = _wrong(settings, KEYS, "")
    hook = settings.get("hook")
    if isinstance(hook, dict):
        found += _wrong(hook, HOOK_KEYS, "hook.")
        for command in hook.get("commands", []) if isinstance(hook.get("commands"), list) else []:
            found += (
                _wrong(command, COMMAND_KEYS, "hook.commands.")
                if isinstance(command, dict)
                else ["hook.commands has an entry that is no table."]
            )
    return found


def _wrong(table: dict[str, Any], known: dict[str, type | tuple[type, ...]], prefix: str) -> list[str]:
    found = []
    for name, value in table.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            found.append(f"{prefix}{name} is not known{f'; is {prefix}{near[0]} meant?' if near else '.'}")
        elif not isinstance(value, known[name]) or (isinstance(value, bool) and known[name] is not bool):
            found.append(f"{prefix}{name} is of the wrong kind: {value!r}.")
    return found
