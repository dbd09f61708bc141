"""Who calls where nobody names the session: the agent, the terminal, or the process that coord is
run by.

Agents run each command in a shell of its own, so the parent process is no name: what is looked
for is the nearest ancestor that lasts from one command to the next.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from coord.client import processes
from coord.client.ids import short_id
from coord.client.processes import Process

# The variable in which an agent gives the id of its session to the commands that it runs.
AGENT_IDS = (
    ("CODEX_SESSION_ID", "codex"),
    ("CODEX_THREAD_ID", "codex"),
    ("COPILOT_AGENT_SESSION_ID", "copilot"),
    ("QWEN_CODE_SESSION_ID", "qwen"),
    ("GEMINI_SESSION_ID", "gemini"),
)
MAX_ANCESTORS = 64


@dataclass(frozen=True)
class Caller:
    """`name`: what follows the host. `source`: where it comes from, for people."""

    name: str
    source: str


def identify(user: str) -> Caller:
    """`codex-89abcdef`, `ann-pts3`, `ann-node-4711`, or the user where nothing else is known."""
    for variable, agent in AGENT_IDS:
        session_id = os.environ.get(variable)
        if session_id:
            return Caller(f"{agent}-{short_id(session_id)}", variable)
    own = processes.own()
    if own is None:
        return Caller(user, "this host and user")
    if own.terminal:
        return Caller(f"{user}-{own.terminal}", "this terminal")
    pid, program = _lasting_ancestor(own)
    if not program:
        return Caller(user, "this host and user")
    return Caller(f"{user}-{program}-{pid}", f"the process {pid}, {program}")


def _lasting_ancestor(own: Process) -> tuple[int, str]:
    """The nearest ancestor that does more than start this command, else the outermost one; its
    program is empty where there is none."""
    ancestor, program = own, ""
    for _ in range(MAX_ANCESTORS):
        parent = processes.find(ancestor.parent) if ancestor.parent else None
        if parent is None or parent.is_nobodys_ancestor:
            break
        ancestor, program = parent, parent.program
        if not parent.only_starts_others:
            break
    return ancestor.pid, program
