"""The launcher `coord`: a script, or a program on Windows, that starts the installed client with
the Python that installed it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys

from coord.client import exe
from coord.client.paths import real_path
from coord.client.safe_files import read_any
from coord.client.suggestions import in_powershell

MARK = "Written by `coord install`"
FLAGS = (
    "-I",
    "-S",
    "-X",
    "utf8",
    # nothing of the environment, no site-packages; what is read and written is UTF-8, also on
    # Windows
)


class CannotInstall(Exception):
    """Nothing was changed; the message says why, and what to do."""


def windows() -> bool:
    return os.name == "nt"


def interpreter() -> str:
    """The Python that runs this.

    Of a virtual environment, which may go, the one that it was made from. Raises CannotInstall.
    """
    here, name = os.path.split(sys.executable or "")
    for folder in (here, os.path.dirname(here)):
        for line in (
            read_any(os.path.join(folder, "pyvenv.cfg")).decode("utf-8", "replace").splitlines()
        ):
            key, _, value = line.partition("=")
            if key.strip() == "home":
                for other in (name, "python3", "python.exe"):
                    if os.access(os.path.join(value.strip(), other), os.X_OK):
                        return os.path.join(value.strip(), other)
    if not os.path.isabs(sys.executable or ""):
        raise CannotInstall(
            "This Python does not know where it is itself (sys.executable is empty). Run it by its"
            " path."
        )
    return sys.executable


def launchers_in(folder: str) -> list[str]:
    """On Windows cmd and PowerShell start `coord.exe`, or `coord.cmd` where Python brings no pip to
    make that of; Git Bash, in which Claude Code runs hooks, starts `coord`.
    """
    if not windows():
        return [os.path.join(folder, "coord")]
    program = "coord.exe" if exe.has_launcher() else "coord.cmd"
    return [os.path.join(folder, program), os.path.join(folder, "coord")]


def all_launchers_in(folder: str) -> list[str]:
    """Those of any version of coord and any Python."""
    names = ("coord.exe", "coord.cmd", "coord") if windows() else ("coord",)
    return [os.path.join(folder, name) for name in names]


def check_ours(launcher: str) -> None:
    """Raises CannotInstall where something else is called coord."""
    if os.path.lexists(launcher) and not is_ours(launcher):
        raise CannotInstall(
            f"{launcher} is there already, and was not written by `coord install`. Remove it, or"
            " choose another folder with --bin-dir."
        )


def is_ours(launcher: str) -> bool:
    return (
        os.path.isfile(launcher)
        and not os.path.islink(launcher)
        and MARK.encode() in read_any(launcher)
    )


def launcher_text(launcher: str, python: str, run: str) -> bytes:
    """Raises CannotInstall."""
    if launcher.endswith(".exe"):
        content = exe.exe_content(python, run, " ".join(FLAGS), MARK)
        if content is None:
            raise CannotInstall(f"{python} has no pip any more, of which {launcher} is made.")
        return content
    if launcher.endswith(".cmd"):
        text = _cmd_text(*(_from_folder(path, launcher) for path in (python, run)))
        try:
            return text.encode("oem" if windows() else "utf-8")  # as cmd reads it
        except UnicodeEncodeError as error:
            raise CannotInstall(
                f"cmd cannot read {text[error.start : error.end]!r} of a path in {launcher}."
                " Install coord with a Python that has pip, as python.org's does."
            ) from None
    if windows():
        python, run = python.replace("\\", "/"), run.replace("\\", "/")
    return _sh_text(python, run).encode("utf-8", "surrogateescape")


def _sh_text(python: str, run: str) -> str:
    """A Python that cannot open its script exits with 2, which in a hook blocks the tool call:
    hence the first question.
    """
    return f"""#!/bin/sh
# {MARK}, which writes it anew.
python={_quoted(python)}
run={_quoted(run)}
if [ ! -f "$run" ]; then
  echo "coord: $run is gone. Install coord again, or remove $0." >&2
  exit 1
fi
[ -x "$python" ] || python=$(command -v python3 || echo python)
exec "$python" {" ".join(FLAGS)} "$run" "$@"
"""


def _from_folder(path: str, launcher: str) -> str:
    """The path from the launcher's folder, `%~dp0`: without the user's name, which cmd could read
    in one code page only.
    """
    try:
        relative = os.path.relpath(path, os.path.dirname(launcher))
    except ValueError:  # on another drive
        return path.replace("%", "%%")
    return "%~dp0" + relative.replace("%", "%%")


def _cmd_text(python: str, run: str) -> str:
    """It stays as it is when coord is upgraded, which it may be just running: cmd reads on in a
    file that was replaced. What stands on one line with the call is read before it: the file may
    be gone after an uninstall (`exit /b` keeps the exit code).
    """
    return "\r\n".join(
        [
            "@echo off",
            f"rem {MARK}, which writes it anew.",
            "setlocal",
            f'set "COORD_PYTHON={python}"',
            'if not exist "%COORD_PYTHON%" set "COORD_PYTHON=python"',
            f'"%COORD_PYTHON%" {" ".join(FLAGS)} "{run}" %* & exit /b',
            "",
        ]
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def path_hint(folder: str) -> list[str]:
    """What to do so that `coord` is found, if it is not."""
    if on_path(folder):
        other = shutil.which("coord")
        if other is not None and not is_ours(other):
            return [
                f"But PATH has another coord before it: {other}. Remove that, or put"
                f" {short(folder)} before it."
            ]
        return []
    if windows():
        line = (
            f"[Environment]::SetEnvironmentVariable('Path', {in_powershell(f'{folder};')} +"
            " [Environment]::GetEnvironmentVariable('Path', 'User'), 'User')"
        )
        return [
            f"{folder} is not on PATH. Run this in PowerShell, and open a new terminal:",
            f"  {line}",
        ]
    home = os.path.expanduser("~")
    shown = f"$HOME{folder[len(home) :]}" if folder.startswith(f"{home}/") else folder
    shown = "".join(
        f"\\{letter}"
        if letter in '"`\\' or (letter == "$" and not shown.startswith("$HOME"))
        else letter
        for letter in shown
    )
    shell = os.path.basename(os.environ.get("SHELL", ""))
    profile = {
        "zsh": "~/.zshrc",
        "bash": "~/.bash_profile" if sys.platform == "darwin" else "~/.bashrc",
    }.get(shell, "~/.profile")
    line = (
        f'fish_add_path "{shown}"'
        if shell == "fish"
        else f"""echo {_quoted(f'export PATH="{shown}:$PATH"')} >> {profile}"""
    )
    return [f"{short(folder)} is not on PATH. Run this, and open a new terminal:", f"  {line}"]


def on_path(folder: str) -> bool:
    """PATH may have folders on servers that are away, and on Windows in quotes."""
    parts = [part.strip('"') for part in os.environ.get("PATH", "").split(os.pathsep)]
    wanted = os.path.normcase(real_path(folder))
    return any(os.path.normcase(real_path(part)) == wanted for part in parts if part)


def short(path: str) -> str:
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path.startswith(home + os.sep) else path


def quoted_if_needed(text: str) -> str:
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text, re.ASCII) else _quoted(text)
