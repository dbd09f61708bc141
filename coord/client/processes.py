"""The processes of this machine: from /proc where there is one, else from `ps`; on Windows one at
a time.

A hook reads it when a session starts: `re`, `subprocess` and `dataclasses` would cost it 20 ms.
"""

from __future__ import annotations

import os
import sys

PS_TIMEOUT_S = 2.0
CLOCK_SLACK_S = 2.0
MAX_ABOVE = 16  # processes that are looked at
MAX_PROGRAM = 20  # characters of a program's name
_PTS_MAJORS = range(136, 144)  # of Linux's pseudo-terminals

# Programs that only start others, for the length of one command.
_SHELLS = "sh bash dash zsh ksh ash fish busybox cmd powershell pwsh"
_WRAPPERS = "coord py env sudo doas su timeout nice nohup setsid stdbuf xargs winpty"
_RUNNERS = "git husky lefthook pre-commit npm npx pnpm yarn uv make just task"
_TRANSIENT = frozenset(f"{_SHELLS} {_WRAPPERS} {_RUNNERS}".split())
_INITS = ("init", "systemd", "launchd")
# Windows has no name for a terminal: it is the outermost shell in one of these.
_WINDOWS_TERMINALS = frozenset(
    "windowsterminal explorer svchost conhost openconsole mintty conemu conemu64 conemuc conemuc64"
    " alacritty wezterm-gui".split()
)


class Process:
    """`group`: its process group. `terminal`: its controlling terminal, like `pts3`; empty
    without one. Windows has neither. `is_zombie`: it has ended, and its parent has not asked."""

    __slots__ = ("group", "is_zombie", "parent", "pid", "program", "terminal")

    def __init__(
        self, pid: int, parent: int, group: int, program: str, terminal: str, *, is_zombie: bool
    ) -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.program = program
        self.terminal = terminal
        self.is_zombie = is_zombie

    @property
    def executable(self) -> str:
        """The file's name: of a script, its shell's. Empty where it cannot be seen."""
        try:
            return _plain(os.readlink(f"/proc/{self.pid}/exe"))
        except OSError:
            return ""

    @property
    def only_starts_others(self) -> bool:
        return not _TRANSIENT.isdisjoint((self.program, self.executable))

    @property
    def is_nobodys_ancestor(self) -> bool:
        """init, or on Windows what shows terminals."""
        if sys.platform == "win32":
            return self.program in _WINDOWS_TERMINALS
        return self.pid == 1 and self.program in _INITS

    def has_in_environment(self, entry: str) -> bool:
        """Whether it was started with `NAME=value`; false where that cannot be seen."""
        try:
            with open(f"/proc/{self.pid}/environ", "rb") as file:
                return entry.encode() in file.read().split(b"\0")
        except OSError:
            return False


def own() -> Process | None:
    """This process; None where it cannot be seen."""
    process = find(os.getpid())
    if process is not None and sys.platform == "win32" and sys.prefix != sys.base_prefix:
        return find(process.parent)  # the python.exe of a venv there starts that of its base
    return process


def find(pid: int) -> Process | None:
    """None where there is no such process, or it cannot be seen."""
    if sys.platform == "win32":
        return _from_windows(pid)
    if _has_proc():
        return _from_proc(pid)
    return next(iter(_from_ps("-p", str(pid))), None)


def is_later(pid: int, at: float) -> bool:
    """Whether the process has this id only since some time after `at`, as a `time.time()`: Windows
    gives it to another one soon. Elsewhere that takes days, and is not asked.
    """
    if sys.platform != "win32":
        return False
    from coord.client import windows_processes

    return windows_processes.started_at(pid) > at + CLOCK_SLACK_S


_above: list[str] = []  # found out once


def folders_above() -> list[str]:
    """Those that the processes above this one work in, nearest first and each once; none where that
    cannot be seen.
    """
    pid, count = os.getppid() if not _above and _has_proc() else 0, 0
    while pid > 1 and count < MAX_ABOVE:
        try:
            folder = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            folder = ""  # another user's
        if folder and folder not in _above:
            _above.append(folder)
        process = _from_proc(pid)
        pid, count = process.parent if process is not None else 0, count + 1
    return _above


def all_processes() -> list[Process]:
    """Not on Windows, where jobs say what belongs together."""
    if not _has_proc():
        return _from_ps("-A")
    listed = [_from_proc(int(name)) for name in os.listdir("/proc") if name.isdigit()]
    return [process for process in listed if process is not None]


def _has_proc() -> bool:
    return os.name == "posix" and os.path.isdir("/proc/self")  # Wine's C: may have one, too


def _from_proc(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            head, _, tail = file.read().rpartition(")")
    except OSError:
        return None
    state, parent, group, _session, device = tail.split()[:5]
    program = _plain(head.partition("(")[2])
    return Process(
        pid,
        int(parent),
        int(group),
        program,
        _terminal(int(device)),
        is_zombie=state in ("Z", "X"),
    )


if sys.platform == "win32":

    def _from_windows(pid: int) -> Process | None:
        from coord.client import windows_processes

        row = windows_processes.find(pid)
        if row is None:
            return None
        parent, program = row
        return Process(pid, parent, 0, _plain(program), "", is_zombie=False)


def _terminal(device: int) -> str:
    major, minor = (device >> 8) & 0xFFF, (device & 0xFF) | ((device >> 12) & 0xFFF00)
    if major in _PTS_MAJORS:
        return f"pts{minor + (major - _PTS_MAJORS[0]) * 256}"
    return f"tty{major}-{minor}" if device else ""


def _from_ps(*selection: str) -> list[Process]:
    import subprocess

    from coord.client import programs

    command = [programs.find("ps") or "ps", "-o", "pid=,ppid=,pgid=,stat=,tty=,comm=", *selection]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PS_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    processes = []
    for line in done.stdout.splitlines():
        pid, parent, group, state, terminal, program = line.split(None, 5)
        terminal = "" if terminal.startswith(("?", "-")) else _plain(terminal)
        is_zombie = state.startswith("Z")
        process = Process(
            int(pid), int(parent), int(group), _plain(program), terminal, is_zombie=is_zombie
        )
        processes.append(process)
    return processes


def _plain(name: str) -> str:
    """The last part of a path, in letters that may stand in a session's name."""
    letters = (
        letter if letter.isalnum() or letter in "_." else " "
        for letter in os.path.basename(name.strip())
    )
    return "-".join("".join(letters).split())[:MAX_PROGRAM] or "process"
