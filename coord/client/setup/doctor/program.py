"""The `coord` program, and the environment in which it and the hooks run."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator

from coord import __version__
from coord.client.setup.doctor.check import OK, PROBLEM, WARNING, Check


def check() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", OK, f"Python {version} ({sys.executable})")
    launcher = shutil.which("coord", path=hook_path())
    if launcher is None:
        message = (
            f"coord {__version__} runs, but hooks do not find a `coord`: it is neither on PATH nor"
            " in ~/.local/bin"
        )
        fix = "Install it: curl -fsS SERVER/client/install.sh | sh"
        yield Check("program", PROBLEM, message, fix)
    else:
        yield Check("program", OK, f"coord {__version__}; hooks run {launcher}")
    yield from _environment()


def _environment() -> Iterator[Check]:
    for name, part in (("COORD_HOOKS", "hooks"), ("COORD_GUARD", "git guard")):
        if os.environ.get(name, "").lower() in ("0", "off", "false", "no"):
            message = f"{name} turns the {part} off for everything that is started from here"
            yield Check("environment", WARNING, message, f"unset {name}")
    session = os.environ.get("COORD_SESSION")
    if session:
        message = (
            f"COORD_SESSION gives every session that is started from here the same name, {name}:"
            " they share their locks"
        )
        yield Check(
            "environment", WARNING, message, "unset COORD_SESSION, unless there is only one."
        )


def hook_path() -> str:
    """Where a hook looks for `coord`; see hooks.COMMAND."""
    local_bin = os.path.join(os.path.expanduser("~"), ".local", "bin")
    return os.pathsep.join([os.environ.get("PATH", os.defpath), local_bin])
