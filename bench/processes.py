"""What the system says of a process: what it started, its memory and its CPU time."""

import os
import resource
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The processes that it started; of gunicorn's master these are its workers."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def threads(pid: int) -> int:
    """How many it has; none once it has ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except FileNotFoundError:
        return 0


def resident_mb(pid: int) -> float:
    """Its resident memory in MB, with what it shares with its parent."""
    fields = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    )
    return int(fields["Rss"].split()[0]) / 1024


def cpu_seconds(pid: int) -> float:
    """The CPU time that it has used itself."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def cpu_seconds_of_tree(pid: int) -> float:
    """The CPU time that it and all processes below it have used."""
    return cpu_seconds(pid) + sum(map(cpu_seconds_of_tree, children(pid)))


def allow_many_sockets() -> None:
    """Raises this process's limit of open files as far as it may."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
