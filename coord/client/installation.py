"""Where the client lives on a workstation, and how it gets there: nothing but the standard library,
the user's own rights and no network.

    ~/.local/share/coord/run.py                what the launcher starts; it says which version is run, and replacing it is the switch
    ~/.local/share/coord/<version>-<sha>/      the files of a coord.pyz, compiled: the one that is run, and the one before it
    ~/.local/bin/coord                         the launcher

A file that is started costs as much as Python itself, a folder or a zip half as much again
(docs/design.md), and a hook is started for every edit. Processes of the version before go on after
the switch, since their files stay.
"""  # noqa: E501 (as it is shown)

from __future__ import annotations

import compileall
import hashlib
import io
import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from typing import Any

from coord import __version__
from coord.client import exe
from coord.client.address import DEFAULT_URL
from coord.client.launcher import (
    MARK,
    CannotInstall,
    all_launchers_in,
    check_ours,
    interpreter,
    is_ours,
    launcher_text,
    launchers_in,
    on_path,
    path_hint,
    quoted_if_needed,
    short,
    windows,
)
from coord.client.locked import FileLock
from coord.client.others_text import printable
from coord.client.safe_files import read_any, remove, replace, write_whole

OLDEST_PYTHON = (3, 9)
START_S = 60.0  # of a first start, which a virus scanner looks at
LOCK_S = 60.0  # another process that installs takes a second
_APP = re.compile(r"[0-9][\w.+-]*-[0-9a-f]{8}")
_MOVED_AWAY = re.compile(r"coord-\d+\.exe\.old")
_RUN = "run.py"
_STATE = "installed.json"


class Report:
    """What was done. `lines`: for people; `fields`: for programs."""

    def __init__(self, fields: dict[str, Any], *lines: str) -> None:
        self.fields = fields
        self.lines = list(lines)


def data_folder() -> str:
    """An installed client stays where it is, whatever the environment of today says."""
    home = installed_home()
    if home is not None:
        return home
    if windows():
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
    else:
        data_home = os.environ.get("XDG_DATA_HOME", "")
        # the specification ignores relative ones
        base = data_home if os.path.isabs(data_home) else os.path.expanduser("~/.local/share")
    return os.path.join(base, "coord")


def bin_folder() -> str:
    """Where hooks look besides PATH: `~/.local/bin`, on Windows too, where Claude Code itself lives
    there.
    """
    return os.path.join(os.path.expanduser("~"), ".local", "bin")


def running_archive() -> str | None:
    """The coord.pyz that this runs from."""
    archive = getattr(globals()["__spec__"].loader, "archive", None)
    return os.path.abspath(archive) if archive else None


def installed_home() -> str | None:
    """The folder in which the client that runs now is installed."""
    home, app = os.path.split(_app_folder())
    return home if _APP.fullmatch(app) and os.path.isfile(os.path.join(home, _STATE)) else None


def _app_folder() -> str:
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


NOT_FROM_HERE = (
    "This coord runs from a checkout or a package, which is not what is installed. "
    "Run `coord install --from URL`, with a coord server's address, or that server's coord.pyz."
)


class DoesNotStart(Exception):
    """What was installed; the message says what it said."""


class Installed:
    """What is installed: `current` and `previous` are names of folders, `launchers` files, `server`
    where it came from.
    """

    def __init__(self, stored: object = None) -> None:
        fields: dict[str, Any] = stored if isinstance(stored, dict) else {}
        self.current: str | None = fields.get("current")
        self.previous: str | None = fields.get("previous")
        self.sha256: str | None = fields.get("sha256")
        self.server: str | None = fields.get("server")
        self.launchers: list[str] = fields.get("launchers") or []

    @classmethod
    def load(cls, home: str) -> Installed:
        try:
            return cls(json.loads(read_any(os.path.join(home, _STATE)) or b"{}"))
        except ValueError:
            return cls()

    def save(self, home: str) -> None:
        content = json.dumps(vars(self), indent=1).encode() + b"\n"
        write_whole(os.path.join(home, _STATE), content, 0o666, may_be_link=True)


def install(bin_dir: str | None = None, server: str | None = None) -> Report:
    """Installs what runs now.

    May be repeated: it mends what is missing. Raises CannotInstall, Busy and OSError.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise CannotInstall(
            "coord needs Python {}.{} or later, and this is {}.{}.".format(
                *OLDEST_PYTHON, *sys.version_info
            )
        )
    # What is written here is run: nobody else may write it, whatever this user's umask is.
    os.umask(os.umask(0o077) | 0o022)
    archive, app = running_archive(), os.path.basename(_app_folder()) if installed_home() else None
    if archive is None and app is None:
        raise CannotInstall(NOT_FROM_HERE)
    python = interpreter()
    home = data_folder()
    earlier = [os.path.dirname(launcher) for launcher in Installed.load(home).launchers]
    launchers = launchers_in(
        os.path.abspath(os.path.expanduser(bin_dir or (earlier[-1] if earlier else bin_folder())))
    )
    for launcher in launchers:
        check_ours(launcher)
    os.makedirs(home, exist_ok=True)
    with FileLock(os.path.join(home, "install.lock"), LOCK_S):
        state = Installed.load(home)
        before = state.current
        if archive is not None:
            content = read_any(archive)
            state.sha256 = hashlib.sha256(content).hexdigest()
            app = f"{__version__}-{state.sha256[:8]}"
            _unpack(content, home, app)
        if before not in (None, app):
            state.previous = before
        if state.previous == app:
            state.previous = None
        state.current = app
        state.server = server or state.server
        others = [path for path in state.launchers if path not in launchers and is_ours(path)]
        state.launchers = [*others, *launchers]
        _write_launchers(state, home, python)
        state.save(home)
        _remove_others(home, {str(app), str(state.previous)})
    return _report(state, before, python, launchers[0])


def _write_launchers(state: Installed, home: str, python: str) -> None:
    # Python of the Microsoft Store writes elsewhere than it says
    run = os.path.join(os.path.realpath(home), _RUN)
    _write(run, _run_text(str(state.current)))
    for launcher in state.launchers:
        if launcher.endswith(".cmd") and exe.has_launcher():
            continue  # of an earlier version, which may be running it: coord.exe goes before it
        os.makedirs(os.path.dirname(launcher), exist_ok=True)
        content = launcher_text(launcher, python, run)
        if read_any(launcher) != content:
            _move_running_away(launcher)
            write_whole(launcher, content, 0o666, may_be_link=True)
        os.chmod(launcher, 0o755)


def _move_running_away(launcher: str) -> bool:
    """Whether it was moved: Windows neither replaces nor removes a program that runs, but renames
    it, on the same drive.
    """
    if not launcher.endswith(".exe") or not os.path.exists(launcher):
        return False
    name = f"coord-{os.getpid()}.exe.old"
    folders = (tempfile.gettempdir(), os.path.dirname(launcher))
    for folder in folders:  # those that have ended by now
        _remove_moved_away(folder)
    try:
        replace(launcher, os.path.join(folders[0], name))
    except OSError:
        replace(launcher, os.path.join(folders[1], name))
    return True


def _remove_moved_away(folder: str) -> None:
    for name in filter(_MOVED_AWAY.fullmatch, os.listdir(folder)):
        try:
            os.remove(os.path.join(folder, name))
        except OSError:
            pass  # it runs


def check_runs(launcher: str) -> None:
    """Starts what was installed. Raises DoesNotStart."""
    try:
        done = subprocess.run(
            [launcher, "--help"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=START_S,
            check=False,
        )
        output, code = done.stdout.decode("utf-8", "replace").strip(), done.returncode
    except (OSError, subprocess.TimeoutExpired) as error:
        output, code = str(error), 1
    if code:
        raise DoesNotStart(f"coord is installed, but {short(launcher)} does not start: {output}")


def _unpack(content: bytes, home: str, app: str) -> None:
    """The whole folder at once, or where it is there already, what is missing or changed in it."""
    goal = os.path.join(home, app)
    new = None if os.path.isdir(goal) else tempfile.mkdtemp(prefix=".new-", dir=home)
    try:
        folder = new or goal
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                _check_name(member.filename)
                file = os.path.join(folder, *member.filename.split("/"))
                os.makedirs(os.path.dirname(file), exist_ok=True)
                _write(file, archive.read(member))
        # Never checked against the sources: nobody changes them, and copying a home folder changes
        # their times.
        never = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(
            folder, quiet=2, force=True, stripdir=folder, prependdir=goal, invalidation_mode=never
        )
        if new is not None:
            # mkdtemp's are its maker's alone, and XDG_DATA_HOME may be a place for several
            os.chmod(new, 0o755)
            replace(new, goal)  # on Windows not while a virus scanner has a file in it open
    except BaseException:
        shutil.rmtree(new or "", ignore_errors=True)
        raise


def _check_name(name: str) -> None:
    """Raises CannotInstall for one that leads out of the folder, on any system."""
    parts = name.split("/")
    if not {"", ".", ".."}.isdisjoint(parts) or any(letter in name for letter in "\\:\0"):
        raise CannotInstall(
            f"This is no client of coord: a file in it is called {printable(name)}. Nothing was"
            " installed."
        )


def _write(file: str, content: bytes) -> None:
    """Only what differs, so that nothing is replaced under a program that reads it."""
    if read_any(file) != content:
        write_whole(file, content, 0o666, may_be_link=True)


def _remove_others(home: str, kept: set[str]) -> None:
    for name in os.listdir(home):
        if name not in kept and (_APP.fullmatch(name) or name.startswith(".new-")):
            shutil.rmtree(os.path.join(home, name), ignore_errors=True)


def _run_text(app: str) -> bytes:
    """Any Python must be able to read it, to say what it is too old for.

    It is not kept compiled: the shorter the better.
    """
    return f"""# {MARK}: which of the versions beside it is run.
import sys

if sys.version_info < {OLDEST_PYTHON}:
    sys.exit("coord needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or later, and this is %d.%d." % sys.version_info[:2])
sys.path.insert(0, __file__[: -len("{_RUN}")] + {app!r})
from coord.client.__main__ import main

main()
""".encode()  # noqa: E501 (as it is shown)


def _report(state: Installed, before: str | None, python: str, launcher: str) -> Report:
    folder = os.path.dirname(launcher)
    version = ".".join(map(str, sys.version_info[:3]))
    done = (
        "is installed"
        if before is None
        else "was installed already"
        if before == state.current
        else f"is installed, after {before}"
    )
    lines = [f"coord {__version__} {done}: {short(launcher)}, run by {short(python)} ({version})."]
    lines += path_hint(folder)
    init = (
        "coord init"
        if state.server in (None, DEFAULT_URL)
        else f"coord init --url {quoted_if_needed(str(state.server))}"
    )
    lines.append(f"Next, in your project: {init}")
    lines.append("To check that all is well: coord doctor")
    fields = {
        **vars(state),
        "version": __version__,
        "python": python,
        "launcher": launcher,
        "on_path": on_path(folder),
    }
    return Report(fields, *lines)


def uninstall() -> Report:
    """Removes all that install wrote.

    Calls that wait in projects stay, and so do the hooks there. Raises Busy and OSError.
    """
    home = data_folder()
    if not os.path.isdir(home):
        return Report({"removed": []}, "coord is not installed for this user.")
    removed = []
    with FileLock(os.path.join(home, "install.lock"), LOCK_S):
        for launcher in {*Installed.load(home).launchers, *all_launchers_in(bin_folder())}:
            if is_ours(launcher):
                if not _move_running_away(launcher):
                    remove(launcher, may_be_link=True)
                removed.append(launcher)
        remove(os.path.join(home, _RUN), may_be_link=True)
        remove(os.path.join(home, _STATE), may_be_link=True)
        _remove_others(home, set())
    remove(os.path.join(home, "install.lock"), may_be_link=True)
    try:
        os.rmdir(home)
        removed.append(home)
    except OSError:
        pass  # somebody keeps something of their own there
    lines = [f"coord is uninstalled: {', '.join(map(short, sorted(removed)))} removed."]
    lines.append(
        "Hooks that `coord init` put into projects do nothing without it. Calls that still wait"
        " there stay in their queues."
    )
    return Report({"removed": sorted(removed)}, *lines)
