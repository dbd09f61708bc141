"""Where the client lives on a workstation, and how it gets there: nothing but the standard library, the user's own rights and no network.

    ~/.local/share/coord/run.py                what the launcher starts; it says which version is run, and replacing it is the switch
    ~/.local/share/coord/<version>-<sha>/      the files of a coord.pyz, compiled: the one that is run, and the one before it
    ~/.local/bin/coord                         the launcher

A file that is started costs as much as Python itself, a folder or a zip half as much again (docs/design.md), and a hook is started for
every edit. Processes of the version before go on after the switch, since their files stay.
"""

from __future__ import annotations

import compileall
import hashlib
import io
import json
import os
import py_compile
import re
import shutil
import sys
import tempfile
import zipfile
from typing import Any

from coord import __version__
from coord.client.locked import FileLock, read, remove, write_whole
from coord.client.place import DEFAULT_URL
from coord.client.wire import call

OLDEST_PYTHON = (3, 9)
LOCK_S = 60.0  # another process that installs takes a second
FETCH_S = 60.0
MARK = "Written by `coord install`"
FLAGS = ("-I", "-S", "-X", "utf8")  # nothing of the environment, no site-packages; what is read and written is UTF-8, also on Windows
_APP = re.compile(r"[0-9][\w.+-]*-[0-9a-f]{8}")
_RUN = "run.py"
_STATE = "installed.json"


class CannotInstall(Exception):
    """Nothing was changed; the message says why, and what to do."""


class Report:
    """What was done. `lines`: for people; `told`: for programs."""

    def __init__(self, told: dict[str, Any], *lines: str) -> None:
        self.told = told
        self.lines = list(lines)


def windows() -> bool:
    return os.name == "nt"


def data_folder() -> str:
    """An installed client stays where it is, whatever the environment of today says."""
    home = installed_home()
    if home is not None:
        return home
    if windows():
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
    else:
        given = os.environ.get("XDG_DATA_HOME", "")
        base = given if os.path.isabs(given) else os.path.expanduser("~/.local/share")  # the specification ignores relative ones
    return os.path.join(base, "coord")


def bin_folder() -> str:
    """Where hooks look besides PATH: `~/.local/bin`, on Windows too, where Claude Code itself lives there."""
    return os.path.join(os.path.expanduser("~"), ".local", "bin")


def running_archive() -> str | None:
    """The coord.pyz that this runs from."""
    found = getattr(globals()["__spec__"].loader, "archive", None)
    return os.path.abspath(found) if found else None


def installed_home() -> str | None:
    """The folder in which the client that runs now is installed."""
    home, app = os.path.split(_app_folder())
    return home if _APP.fullmatch(app) and os.path.isfile(os.path.join(home, _STATE)) else None


def _app_folder() -> str:
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class State:
    """What is installed: `current` and `previous` are names of folders, `launchers` files, `server` where it came from."""

    def __init__(self, told: object = None) -> None:
        known: dict[str, Any] = told if isinstance(told, dict) else {}
        self.current: str | None = known.get("current")
        self.previous: str | None = known.get("previous")
        self.sha256: str | None = known.get("sha256")
        self.server: str | None = known.get("server")
        self.launchers: list[str] = known.get("launchers") or []

    @classmethod
    def load(cls, home: str) -> State:
        try:
            return cls(json.loads(read(os.path.join(home, _STATE)) or b"{}"))
        except ValueError:
            return cls()

    def save(self, home: str) -> None:
        write_whole(os.path.join(home, _STATE), json.dumps(vars(self), indent=1).encode() + b"\n")


# --- installing ------------------------------------------------------------------------------------------------------------------


def install(bin_dir: str | None = None, server: str | None = None) -> Report:
    """Installs what runs now. May be repeated: it mends what is missing. Raises CannotInstall, Busy and OSError."""
    if sys.version_info < OLDEST_PYTHON:
        raise CannotInstall("coord needs Python {}.{} or later, and this is {}.{}.".format(*OLDEST_PYTHON, *sys.version_info))
    archive, app = running_archive(), os.path.basename(_app_folder()) if installed_home() else None
    if archive is None and app is None:
        raise CannotInstall(
            "This coord runs from a checkout or a package, which is not what is installed. "
            "Run `coord install --from URL`, with a coord server's address, or that server's coord.pyz."
        )
    python = interpreter()
    home = data_folder()
    known = [os.path.dirname(each) for each in State.load(home).launchers]
    launchers = _launchers(os.path.abspath(os.path.expanduser(bin_dir or (known[-1] if known else bin_folder()))))
    for launcher in launchers:
        _check_ours(launcher)
    os.makedirs(home, exist_ok=True)
    with FileLock(os.path.join(home, "install.lock"), LOCK_S):
        state = State.load(home)
        before = state.current
        if archive is not None:
            content = read(archive)
            state.sha256 = hashlib.sha256(content).hexdigest()
            app = f"{__version__}-{state.sha256[:8]}"
            _unpack(content, home, app)
        if before not in (None, app):
            state.previous = before
        if state.previous == app:
            state.previous = None
        state.current = app
        state.server = server or state.server
        state.launchers = [*(each for each in state.launchers if each not in launchers and _is_ours(each)), *launchers]
        run = os.path.join(os.path.realpath(home), _RUN)  # Python of the Microsoft Store writes elsewhere than it says
        _write(run, _run_text(str(app)))
        for launcher in state.launchers:
            os.makedirs(os.path.dirname(launcher), exist_ok=True)
            _write(launcher, launcher_text(launcher, python, run))
            os.chmod(launcher, 0o755)
        state.save(home)
        _remove_others(home, {str(app), str(state.previous)})
    return _report(state, before, python, launchers[0])


def _unpack(content: bytes, home: str, app: str) -> None:
    """The whole folder at once, or where it is there already, what is missing or changed in it."""
    goal = os.path.join(home, app)
    new = None if os.path.isdir(goal) else tempfile.mkdtemp(prefix=".new-", dir=home)
    try:
        folder = new or goal
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                file = os.path.join(folder, *member.filename.split("/"))
                os.makedirs(os.path.dirname(file), exist_ok=True)
                _write(file, archive.read(member))
        # Never checked against the sources: nobody changes them, and copying a home folder changes their times.
        never = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(folder, quiet=2, force=True, stripdir=folder, prependdir=goal, invalidation_mode=never)
        if new is not None:
            os.chmod(new, 0o755)  # mkdtemp's are its maker's alone, and XDG_DATA_HOME may be a place for several
            os.rename(new, goal)
    except BaseException:
        shutil.rmtree(new or "", ignore_errors=True)
        raise


def _write(file: str, content: bytes) -> None:
    """Only what differs, so that nothing is replaced under a program that reads it."""
    if read(file) != content:
        write_whole(file, content)


def _remove_others(home: str, kept: set[str]) -> None:
    for name in os.listdir(home):
        if name not in kept and (_APP.fullmatch(name) or name.startswith(".new-")):
            shutil.rmtree(os.path.join(home, name), ignore_errors=True)


def _run_text(app: str) -> bytes:
    """Any Python must be able to read it, to say what it is too old for. It is not kept compiled: the shorter the better."""
    return f"""# {MARK}: which of the versions beside it is run.
import sys

if sys.version_info < {OLDEST_PYTHON}:
    sys.exit("coord needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or later, and this is %d.%d." % sys.version_info[:2])
sys.path.insert(0, __file__[: -len("{_RUN}")] + {app!r})
from coord.client.__main__ import main

main()
""".encode()


# --- the launcher ----------------------------------------------------------------------------------------------------------------


def interpreter() -> str:
    """The Python that runs this. Of a virtual environment, which may go, the one that it was made from. Raises CannotInstall."""
    here, name = os.path.split(sys.executable or "")
    for folder in (here, os.path.dirname(here)):
        for line in read(os.path.join(folder, "pyvenv.cfg")).decode("utf-8", "replace").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "home":
                for other in (name, "python3", "python.exe"):
                    if os.access(os.path.join(value.strip(), other), os.X_OK):
                        return os.path.join(value.strip(), other)
    if not os.path.isabs(sys.executable or ""):
        raise CannotInstall("This Python does not know where it is itself (sys.executable is empty). Run it by its path.")
    return sys.executable


def _launchers(folder: str) -> list[str]:
    """On Windows cmd and PowerShell start `coord.cmd`; Git Bash, in which Claude Code runs hooks, starts `coord`."""
    return [os.path.join(folder, name) for name in (("coord.cmd", "coord") if windows() else ("coord",))]


def _check_ours(launcher: str) -> None:
    """Raises CannotInstall where something else is called coord."""
    if os.path.lexists(launcher) and not _is_ours(launcher):
        raise CannotInstall(
            f"{launcher} is there already, and was not written by `coord install`. Remove it, or choose another folder with --bin-dir."
        )


def _is_ours(launcher: str) -> bool:
    return os.path.isfile(launcher) and not os.path.islink(launcher) and MARK.encode() in read(launcher)


def launcher_text(launcher: str, python: str, run: str) -> bytes:
    if launcher.endswith(".cmd"):
        return _cmd_text(python, run).encode("oem" if windows() else "utf-8", "replace")  # as cmd reads it
    if windows():
        python, run = python.replace("\\", "/"), run.replace("\\", "/")
    return _sh_text(python, run).encode("utf-8", "surrogateescape")


def _sh_text(python: str, run: str) -> str:
    """A Python that cannot open its script exits with 2, which in a hook blocks the tool call: hence the first question."""
    return f"""#!/bin/sh
# {MARK}, which writes it anew.
python={_in_sh(python)}
run={_in_sh(run)}
if [ ! -f "$run" ]; then
  echo "coord: $run is gone. Install coord again, or remove $0." >&2
  exit 1
fi
[ -x "$python" ] || python=$(command -v python3 || echo python)
exec "$python" {" ".join(FLAGS)} "$run" "$@"
"""


def _cmd_text(python: str, run: str) -> str:
    """It stays as it is when coord is upgraded, which it may be just running: cmd reads on in a file that was replaced."""
    python, run = python.replace("%", "%%"), run.replace("%", "%%")
    return "\r\n".join(
        [
            "@echo off",
            f"rem {MARK}, which writes it anew.",
            "setlocal",
            f'set "COORD_PYTHON={python}"',
            'if not exist "%COORD_PYTHON%" set "COORD_PYTHON=python"',
            f'"%COORD_PYTHON%" {" ".join(FLAGS)} "{run}" %*',
            "",
        ]
    )


def _in_sh(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# --- what is said ----------------------------------------------------------------------------------------------------------------


def _report(state: State, before: str | None, python: str, launcher: str) -> Report:
    folder = os.path.dirname(launcher)
    version = ".".join(map(str, sys.version_info[:3]))
    done = "is installed" if before is None else "was installed already" if before == state.current else f"is installed, after {before}"
    lines = [f"coord {__version__} {done}: {_short(launcher)}, run by {_short(python)} ({version})."]
    lines += path_hint(folder)
    init = "coord init" if state.server in (None, DEFAULT_URL) else f"coord init --url {_in_sh_if_needed(str(state.server))}"
    lines.append(f"Next, in your project: {init}")
    lines.append("Whether all is well says: coord doctor")
    told = {**vars(state), "version": __version__, "python": python, "launcher": launcher, "on_path": _on_path(folder)}
    return Report(told, *lines)


def path_hint(folder: str) -> list[str]:
    """What to do so that `coord` is found, if it is not."""
    if _on_path(folder):
        other = shutil.which("coord")
        if other is not None and not _is_ours(other):
            return [f"But PATH has another coord before it: {other}. Remove that, or put {_short(folder)} before it."]
        return []
    if windows():
        value = folder.replace("'", "''")
        line = f"[Environment]::SetEnvironmentVariable('Path', '{value};' + [Environment]::GetEnvironmentVariable('Path', 'User'), 'User')"
        return [f"{folder} is not on PATH. Run this in PowerShell, and open a new terminal:", f"  {line}"]
    home = os.path.expanduser("~")
    shown = f"$HOME{folder[len(home) :]}" if folder.startswith(f"{home}/") else folder
    shown = "".join(f"\\{each}" if each in '"`\\' or (each == "$" and not shown.startswith("$HOME")) else each for each in shown)
    shell = os.path.basename(os.environ.get("SHELL", ""))
    profile = {"zsh": "~/.zshrc", "bash": "~/.bash_profile" if sys.platform == "darwin" else "~/.bashrc"}.get(shell, "~/.profile")
    line = f'fish_add_path "{shown}"' if shell == "fish" else f"""echo {_in_sh(f'export PATH="{shown}:$PATH"')} >> {profile}"""
    return [f"{_short(folder)} is not on PATH. Run this, and open a new terminal:", f"  {line}"]


def _on_path(folder: str) -> bool:
    parts = os.environ.get("PATH", "").split(os.pathsep)
    return any(os.path.normcase(os.path.realpath(part)) == os.path.normcase(os.path.realpath(folder)) for part in parts if part)


def _short(path: str) -> str:
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path.startswith(home + os.sep) else path


def _in_sh_if_needed(text: str) -> str:
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text, re.ASCII) else _in_sh(text)


# --- taking it away --------------------------------------------------------------------------------------------------------------


def uninstall() -> Report:
    """Removes all that install wrote. Calls that wait in projects stay, and so do the hooks there. Raises Busy and OSError."""
    home = data_folder()
    if not os.path.isdir(home):
        return Report({"removed": []}, "coord is not installed for this user.")
    removed = []
    with FileLock(os.path.join(home, "install.lock"), LOCK_S):
        for launcher in {*State.load(home).launchers, *_launchers(bin_folder())}:
            if _is_ours(launcher):
                remove(launcher)
                removed.append(launcher)
        remove(os.path.join(home, _RUN))
        remove(os.path.join(home, _STATE))
        _remove_others(home, set())
    remove(os.path.join(home, "install.lock"))
    try:
        os.rmdir(home)
        removed.append(home)
    except OSError:
        pass  # somebody keeps something of their own there
    lines = [f"coord is uninstalled: {', '.join(map(_short, sorted(removed)))} removed."]
    lines.append("Hooks that `coord init` put into projects do nothing without it. Calls that still wait there stay in their queues.")
    return Report({"removed": sorted(removed)}, *lines)


# --- from a server ---------------------------------------------------------------------------------------------------------------


def offered(url: str, token: str | None = None) -> dict[str, Any]:
    """What `GET /client` says of the client that a server hands out. Raises Away, BadUrl and CannotInstall."""
    answer = call(url, "GET", "/client", headers=_headers(token))
    told = answer.json
    if not answer.ok or not isinstance(told, dict) or not isinstance(told.get("sha256"), str):
        said = told.get("detail") if isinstance(told, dict) else None
        raise CannotInstall(f"{url} hands out no client (it answers {answer.status}{f': {said}' if said else ''}). Is it a coord server?")
    return told


def fetch(url: str, sha256: str, token: str | None = None) -> bytes:
    """The coord.pyz of a server. Raises Away, BadUrl and CannotInstall."""
    answer = call(url, "GET", "/client/coord.pyz", headers=_headers(token), timeout=FETCH_S)
    if not answer.ok or hashlib.sha256(answer.body).hexdigest() != sha256:
        raise CannotInstall(f"What {url} sent is not the client that it announces. It may just have been brought up to date: try again.")
    return answer.body


def _headers(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def install_fetched(content: bytes, server: str, *options: str) -> int:
    """Runs the fetched client's own `install`, which knows how it wants to be installed. Its exit code; what it says it says itself."""
    import subprocess

    folder = tempfile.mkdtemp(prefix="coord-")
    try:
        file = os.path.join(folder, "coord.pyz")
        write_whole(file, content)
        command = [interpreter(), *FLAGS, file, "install", "--server", server, *options]
        home = installed_home()
        same_place = {"LOCALAPPDATA" if windows() else "XDG_DATA_HOME": os.path.dirname(home)} if home else {}
        sys.stdout.flush()
        return subprocess.call(command, env={**os.environ, **same_place}, stdin=subprocess.DEVNULL)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_newer(one: str, other: str) -> bool:
    """Whether a version is newer than another; what follows the numbers does not count."""
    return _numbers(one) > _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)[:3]]
