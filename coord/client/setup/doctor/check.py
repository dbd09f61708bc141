"""What a check reports, and what the checks share."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

from coord.client.answer import Answer
from coord.client.safe_files import open_regular
from coord.client.wire import call
from coord.client.workspace import CONFIG, Workspace

OK, WARNING, PROBLEM = "ok", "warning", "problem"
TIMEOUT_S = 3.0
MAX_JSON_BYTES = 4 * 1024 * 1024  # of settings


@dataclass(frozen=True)
class Check:
    """The outcome of one check. `fix`: what to do about it, where it is not ok."""

    name: str
    state: str
    message: str
    fix: str = ""


@dataclass
class DoctorContext:
    """Where coord is examined, and what earlier checks learnt that later ones need.

    `started_in`: the folder in which the command was started. `overrides`: environment variables
    for the hooks, for what cannot be read from the workspace. `is_usable`: the server answers, lets
    us in and has its database. `has_plugin`: coord's plugin for Claude Code is enabled.
    `runs_hooks`: the user lets commands be run that only the repository names.
    """

    workspace: Workspace
    started_in: str
    overrides: dict[str, str] = field(default_factory=dict)
    is_usable: bool = False
    has_plugin: bool = False
    runs_hooks: bool = False

    def call(self, path: str, method: str = "GET", body: object = None) -> Answer:
        """One call to the server, with the token. Raises Away and BadUrl."""
        token = self.workspace.token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return call(self.workspace.url, method, path, body, headers, TIMEOUT_S)


def source(variable: str, setting: object, default: str) -> str:
    """Where a value comes from, for people."""
    if os.environ.get(variable):
        return f"from {variable}"
    return f"from {CONFIG}" if setting else default


def read_json(path: str) -> dict[str, Any]:
    """The object in the file; an empty one when there is no such file. Raises ValueError."""
    try:
        with open_regular(path) as file:
            content = json.loads(file.read(MAX_JSON_BYTES).decode("utf-8-sig"))
    except OSError:
        return {}
    if not isinstance(content, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 (as json.load says it of bad JSON)
    return content


def short_path(path: str) -> str:
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path.startswith(home + os.sep) else path
