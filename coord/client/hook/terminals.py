"""The terminals in which a session is open: `claude --resume` opens it in a second one, under the
same id. It ends when the last of them does.

A terminal is the process of the agent. One that was killed no longer counts; where processes
cannot be seen it counts for a while.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.hook.memory import SessionMemory

MAX_AGE_S = 24 * 3600.0  # of a terminal whose process cannot be seen
MAX_ANCESTORS = 8


def agent_process() -> list[object]:
    """The id and the program of the nearest process above that does more than start others; 0
    where there is none."""
    from coord.client import processes

    process = processes.own()
    for _ in range(MAX_ANCESTORS):
        process = processes.find(process.parent) if process is not None else None
        if process is None:
            break
        if not process.only_starts_others:
            return [process.pid, process.program]
    return [0, ""]


def open_one(memory: SessionMemory) -> None:
    memory.update(terminals=[*_living(memory.terminals), [*agent_process(), time.time()]])


def close_one(memory: SessionMemory) -> bool:
    """Whether others are still open."""
    terminals = _living(memory.terminals)
    own = agent_process()
    for index, terminal in enumerate(terminals):
        if terminal[:2] == own:
            del terminals[index]
            break
    if terminals:
        memory.update(terminals=terminals)
    return bool(terminals)


def is_open_elsewhere(memory: SessionMemory) -> bool:
    """Whether the session is open in another terminal, too."""
    terminals = memory.terminals
    if len(terminals) < 2:
        return False
    own = agent_process()
    return any(terminal[:2] != own for terminal in _living(terminals))


def _living(terminals: list[list[object]]) -> list[list[object]]:
    from coord.client import processes

    living = []
    for terminal in terminals:
        pid, program, since = terminal
        if not isinstance(pid, int) or not isinstance(since, (int, float)):
            continue
        if not pid:
            is_open = time.time() - since < MAX_AGE_S
        else:
            process = processes.find(pid)
            is_open = process is not None and process.program == program
            is_open = is_open and not processes.is_later(pid, since)
        if is_open:
            living.append(terminal)
    return living
