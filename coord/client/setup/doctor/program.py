"""The `coord` program, and the environment in which it and the hooks run."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from collections.abc import Iterator

from coord import __version__
from coord.client import suggestions, tokens
from coord.client.others_text import printable
from coord.client.setup import hook_shell
from coord.client.setup.doctor import variables
from coord.client.setup.doctor.check import OK, PROBLEM, WARNING, Check


def check() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", OK, f"Python {version} ({sys.executable})")
    yield _launcher()
    yield from _environment()


def _launcher() -> Check:
    shell = hook_shell.find()
    if shell is None:
        message = f"coord {__version__} runs, but there is no shell that hooks could run in"
        return Check("program", PROBLEM, message, "Install Git for Windows.")
    launcher = shell.coord_program()
    where = f"{shell.command[0]}, in which Claude Code runs hooks," if os.name == "nt" else "hooks"
    if not launcher:
        message = (
            f"coord {__version__} runs, but {where} do{'es' if os.name == 'nt' else ''} not find a"
            " `coord`: it is neither on PATH nor in ~/.local/bin"
        )
        return Check("program", PROBLEM, message, f"Install it: {suggestions.install('SERVER')}")
    if shell.is_powershell:
        message = f"coord {__version__}; hooks run {launcher} in PowerShell"
        fix = "If Git for Windows is installed, name its bash.exe in CLAUDE_CODE_GIT_BASH_PATH."
        return Check("program", OK, f"{message}, since there is no Git Bash", fix)
    return Check("program", OK, f"coord {__version__}; hooks run {launcher}")


def _environment() -> Iterator[Check]:
    for name, part in (("COORD_HOOKS", "hooks"), ("COORD_GUARD", "git guard")):
        if os.environ.get(name, "").strip().lower() in ("0", "off", "false", "no"):
            message = f"{name} turns the {part} off for everything that is started from here"
            yield Check("environment", WARNING, message, suggestions.unset(name))
    yield from variables.check(os.environ)
    yield from _token_file()
    session = os.environ.get("COORD_SESSION")
    if session:
        message = (
            "COORD_SESSION gives every session that is started from here the same name,"
            f" {printable(session)}:"
            " they share their locks"
        )
        yield Check(
            "environment",
            WARNING,
            message,
            f"{suggestions.unset('COORD_SESSION')}, unless there is only one.",
        )


def _token_file() -> Iterator[Check]:
    """Windows keeps what is in a user's folder from others by itself."""
    file = tokens.token_file()
    if os.name == "nt" or os.environ.get("COORD_TOKEN") or not os.path.isfile(file):
        return
    if stat.S_IMODE(os.stat(file).st_mode) & 0o077:
        message = f"other users of this machine can open the token file {printable(file)}"
        yield Check("token", WARNING, message, f"chmod 600 {shlex.quote(file)}")
