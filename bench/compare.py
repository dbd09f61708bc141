"""coord, the bare view and peers under the same load, in turn in one run: calls a second, the time
of a call, and the CPU time that it took the service and its database.
"""

import contextlib
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bench import load
from bench.contenders import CONTENDERS, LOCKS, MAX_CLIENTS, WAITS, Contender, Running
from bench.processes import cpu_seconds_of_tree

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
    contenders = [contender for contender in CONTENDERS if contender.missing() is None]
    measured: dict[tuple[str, str, int], list[Row]] = {}
    with contextlib.ExitStack() as stack:
        running = [(contender, stack.enter_context(contender.start())) for contender in contenders]
        for name, clients in _loads(running):
            for _ in range(rounds):
                for contender, run in running:
                    cycle = {**contender.loads, **run.more_loads}.get(name)
                    if cycle is not None:
                        row = _measure(contender, run, name, cycle, clients, seconds)
                        measured.setdefault((name, contender.name, clients), []).append(row)
    return [_median(rows) for rows in measured.values()]


def _loads(running: list[tuple[Contender, Running]]) -> Iterator[tuple[str, int]]:
    names = (name for contender, run in running for name in (*contender.loads, *run.more_loads))
    for name in dict.fromkeys(names):
        for clients in CLIENTS.get(name, (FEW,)):
            yield name, clients


def _measure(
    contender: Contender, run: Running, name: str, cycle: load.Cycle, clients: int, seconds: float
) -> Row:
    before = _cpu_us(run)
    result = load.run(run.port, cycle, clients, seconds)
    service_us, database_us = (now - then for now, then in zip(_cpu_us(run), before, strict=True))
    return Row(
        contender.name,
        name,
        clients,
        result.rate,
        result.p50,
        result.p99,
        service_us / result.cycles,
        database_us / result.cycles,
    )


def _cpu_us(run: Running) -> tuple[float, float]:
    """CPU-µs that the service and its database have used so far."""
    service_s, database_s = (
        cpu_seconds_of_tree(run.own),
        sum(map(cpu_seconds_of_tree, run.databases)),
    )
    return service_s * 1e6, database_s * 1e6


def _median(rows: list[Row]) -> Row:
    def median(figure: str) -> float:
        return statistics.median(float(getattr(row, figure)) for row in rows)

    return Row(
        rows[0].contender,
        rows[0].load,
        rows[0].clients,
        *map(median, ("cycles_per_s", "p50_ms", "p99_ms", "service_us", "database_us")),
    )


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
