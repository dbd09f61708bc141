"""coord, the bare view and peers under the same load, in turn in one run: calls a second, the time
of a call, and the CPU time that it took the service and its database.
"""

import contextlib
import os
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import load
from bench.contenders import CONTENDERS, LOCKS, MAX_CLIENTS, WAITS, Contender, Running

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
FEW = 8
CLIENTS = {LOCKS: (1, FEW, 32, MAX_CLIENTS), WAITS: (FEW, 32)}
"""How many clients make a load; of the others eight."""


@dataclass(frozen=True)
class Row:
    """One contender under one load: medians of the rounds. A cycle of claim + release is two calls,
    one of a work item three."""

    contender: str
    load: str
    clients: int
    cycles_per_s: float
    p50_ms: float
    p99_ms: float
    service_us: float
    """CPU-µs of a cycle in the service, in all its processes."""
    database_us: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def missing() -> dict[str, str]:
    """The contenders that cannot run here, and why."""
    needs = {contender.name: contender.missing() for contender in CONTENDERS}
    return {name: why for name, why in needs.items() if why is not None}


def run(seconds: float, rounds: int) -> list[Row]:
    """Of each load and number of clients all contenders one after the other, `rounds` times."""
    contenders = [each for each in CONTENDERS if each.missing() is None]
    measured: dict[tuple[str, str, int], list[Row]] = {}
    with contextlib.ExitStack() as stack:
        running = [(each, stack.enter_context(each.start())) for each in contenders]
        for name, clients in _loads(running):
            for _ in range(rounds):
                for contender, run in running:
                    cycle = {**contender.loads, **run.more_loads}.get(name)
                    if cycle is not None:
                        row = _measure(contender, run, name, cycle, clients, seconds)
                        measured.setdefault((name, contender.name, clients), []).append(row)
    return [_median(rows) for rows in measured.values()]


def _loads(running: list[tuple[Contender, Running]]) -> Iterator[tuple[str, int]]:
    names = (name for each, run in running for name in (*each.loads, *run.more_loads))
    for name in dict.fromkeys(names):
        for clients in CLIENTS.get(name, (FEW,)):
            yield name, clients


def _measure(
    contender: Contender, run: Running, name: str, cycle: load.Cycle, clients: int, seconds: float
) -> Row:
    before = _cpu_us(run.own), sum(map(_cpu_us, run.databases))
    result = load.run(run.port, cycle, clients, seconds)
    used = _cpu_us(run.own) - before[0], sum(map(_cpu_us, run.databases)) - before[1]
    return Row(
        contender.name,
        name,
        clients,
        result.rate,
        result.p50,
        result.p99,
        used[0] / result.cycles,
        used[1] / result.cycles,
    )


def _median(rows: list[Row]) -> Row:
    def of(figure: str) -> float:
        return statistics.median(float(getattr(row, figure)) for row in rows)

    return Row(
        rows[0].contender,
        rows[0].load,
        rows[0].clients,
        *(of(each) for each in ("cycles_per_s", "p50_ms", "p99_ms", "service_us", "database_us")),
    )


def _cpu_us(pid: int) -> float:
    """CPU-µs that a process and those below it have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND * 1e6
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(_cpu_us(int(child)) for child in children)


def table(rows: list[Row]) -> str:
    """In Markdown, a table for each load and number of clients."""
    lines: list[str] = []
    for name, clients in dict.fromkeys((row.load, row.clients) for row in rows):
        lines += [
            "",
            f"**{name}, {clients} client{'s' if clients > 1 else ''}**",
            "",
            "| | cycles/s | p50, ms | p99, ms | service, CPU-µs | database, CPU-µs |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {row.contender} | {row.cycles_per_s:,.0f} | {row.p50_ms:.1f} | {row.p99_ms:.1f} |"
            f" {row.service_us:,.0f} | {f'{row.database_us:,.0f}' if row.database_us else ''} |"
            for row in rows
            if (row.load, row.clients) == (name, clients)
        ]
    return "\n".join(lines)
