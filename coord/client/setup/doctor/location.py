"""The folder, the project, the session's name and `.coord.toml`."""

from __future__ import annotations

import os
from collections.abc import Iterator

from coord.client import caller
from coord.client.host_name import host
from coord.client.ids import SHORT
from coord.client.others_text import printable
from coord.client.session_name import session_name, user
from coord.client.setup import config_file
from coord.client.setup.doctor.check import OK, PROBLEM, WARNING, Check, DoctorContext, source
from coord.client.shell.rules import BadPattern, Rules
from coord.client.workspace import CONFIG, Workspace


def check(context: DoctorContext) -> Iterator[Check]:
    workspace = context.workspace
    yield Check("folder", OK, f"{_kind(workspace)} {workspace.root}")
    configured = source("COORD_PROJECT", workspace.config.get("project"), "from its name")
    yield Check("project", OK, f"{workspace.project} ({configured})")
    yield Check("session", OK, f"{session_name()} (from {_name_source()}); {_claude_name()}")
    yield _settings(workspace)
    try:
        Rules(workspace.config)
    except BadPattern as error:
        yield Check("settings", PROBLEM, str(error), "Fix it: until then no command is claimed.")


def _kind(workspace: Workspace) -> str:
    if workspace.repository is None:
        return "no repository; folder"
    return "repository" if workspace.repository.top == workspace.repository.main else "worktree"


def _name_source() -> str:
    if os.environ.get("COORD_SESSION"):
        return "COORD_SESSION"
    if os.environ.get("CLAUDE_CODE_SESSION_ID"):
        return "Claude Code"
    return caller.identify(user()).source


def _claude_name() -> str:
    return f"a session of Claude Code: {host()}/claude-<last {SHORT} of its id>"


def _settings(workspace: Workspace) -> Check:
    problems = config_file.problems(workspace.config)
    if problems:
        message = f"{CONFIG}: {' '.join(problems)}"
        return Check("settings", WARNING, message, "Fix it: unknown settings have no effect.")
    if workspace.config:
        return Check("settings", OK, f"{CONFIG} is valid")
    if workspace.disobeyed:
        message = printable(workspace.disobeyed)
        fix = "Until then you may work in another project, or on another server, than others here."
        return Check("settings", WARNING, message, fix)
    if os.path.exists(os.path.join(workspace.root, CONFIG)):
        return Check("settings", OK, f"{CONFIG} sets nothing")
    message = f"there is no {CONFIG}, so others may use another server or project"
    return Check("settings", WARNING, message, "coord init")
