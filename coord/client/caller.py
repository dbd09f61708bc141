"""Who calls where nobody names the session: the agent, the terminal, or the process that coord is run by.

Agents run each command in a shell of its own, so the parent process is no name: what is looked for is the
nearest ancestor that lasts from one command to the next.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass

from coord.client.place import short_id

# The variable in which an agent gives the id of its session to the commands that it runs.
AGENT_IDS = (
    ("CODEX_SESSION_ID", "codex"),
    ("CODEX_THREAD_ID", "codex"),
    ("COPILOT_AGENT_SESSION_ID", "copilot"),
    ("QWEN_CODE_SESSION_ID", "qwen"),
    ("GEMINI_SESSION_ID", "gemini"),
)
MAX_ANCESTORS = 64
PS_TIMEOUT_S = 2.0

# Programs that only start others, for the length of one command.
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "busybox")
_WRAPPERS = ("coord", "env", "sudo", "doas", "su", "timeout", "nice", "nohup", "setsid", "stdbuf", "xargs")
_RUNNERS = ("git", "husky", "lefthook", "pre-commit", "npm", "npx", "pnpm", "yarn", "uv", "make", "just", "task")
_TRANSIENT = frozenset((*_SHELLS, *_WRAPPERS, *_RUNNERS))
_INITS = ("init", "systemd", "launchd")
_PTS_MAJORS = range(136, 144)  # of Linux's pseudo-terminals


@dataclass(frozen=True)
class Caller:
    """`name`: what follows the host. `source`: where it comes from, for people."""

    name: str
    source: str


@dataclass(frozen=True)
class _Process:
    """`is_transient`: it only starts others, for the length of one command."""

    parent: int
    program: str
    terminal: str
    is_transient: bool


def identify(user: str) -> Caller:
    """`codex-89abcdef`, `ann-pts3`, `ann-node-4711`, or the user where nothing else is known."""
    for variable, agent in AGENT_IDS:
        session_id = os.environ.get(variable)
        if session_id:
            return Caller(f"{agent}-{short_id(session_id)}", variable)
    own = None if sys.platform == "win32" else _process(os.getpid())
    if own is None:  # Windows lists its processes only with another program
        return Caller(user, "this host and user")
    if own.terminal:
        return Caller(f"{user}-{own.terminal}", "this terminal")
    pid, program = _lasting_ancestor(own)
    if not program:
        return Caller(user, "this host and user")
    return Caller(f"{user}-{program}-{pid}", f"the process {pid}, {program}")


def _lasting_ancestor(own: _Process) -> tuple[int, str]:
    """The nearest ancestor that does more than start this command, else the outermost one; its program
    is empty where there is none. init is nobody's ancestor."""
    pid, process = os.getpid(), own
    program = ""
    for _ in range(MAX_ANCESTORS):
        parent = _process(process.parent) if process.parent else None
        if parent is None or (process.parent == 1 and parent.program in _INITS):
            break
        pid, process, program = process.parent, parent, parent.program
        if not parent.is_transient:
            break
    return pid, program


def _process(pid: int) -> _Process | None:
    """None where there is no such process, or it cannot be seen."""
    return _from_proc(pid) if os.path.isdir("/proc/self") else _from_ps(pid)


def _from_proc(pid: int) -> _Process | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            head, _, tail = file.read().rpartition(")")
    except OSError:
        return None
    _state, parent, _group, _session, device = tail.split()[:5]
    program = _program(head.partition("(")[2])
    is_transient = not _TRANSIENT.isdisjoint((program, _executable(pid)))
    return _Process(int(parent), program, _terminal(int(device)), is_transient)


def _executable(pid: int) -> str:
    """A script's program is called like the script, its executable is the shell."""
    try:
        return _program(os.readlink(f"/proc/{pid}/exe"))
    except OSError:  # somebody else's
        return ""


def _terminal(device: int) -> str:
    major, minor = (device >> 8) & 0xFFF, (device & 0xFF) | ((device >> 12) & 0xFFF00)
    if major in _PTS_MAJORS:
        return f"pts{minor + (major - _PTS_MAJORS[0]) * 256}"
    return f"tty{major}-{minor}" if device else ""


def _from_ps(pid: int) -> _Process | None:
    command = ["ps", "-o", "ppid=,tty=,comm=", "-p", str(pid)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PS_TIMEOUT_S, check=False)
        parent, terminal, program = done.stdout.split(None, 2)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    terminal = "" if terminal.startswith(("?", "-")) else _program(terminal)
    program = _program(program)
    return _Process(int(parent), program, terminal, program in _TRANSIENT)


def _program(name: str) -> str:
    """Its last part, in letters that are plain in a name; a login shell begins with a dash."""
    return re.sub(r"[^\w.]+", "-", os.path.basename(name.strip())).strip("-")[:20] or "process"
