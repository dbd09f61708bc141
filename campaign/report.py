"""What a campaign found, for the terminal and for docs/reliability.md."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from campaign.phase import Result

MARK = "<!-- what follows was written by make faults -->"
_TITLES = {
    "sqlite": "SQLite, one node of one worker",
    "mariadb": "MariaDB, two nodes of two workers",
    "galera": "Three Galera nodes, written through two of them",
}


def line(result: Result) -> str:
    verdict = "held" if result.held else "NOT HELD"
    return (
        f"{result.kind:8} {result.fault:34} {verdict:9} worst {result.worst_s:5.2f} s,"
        f" back after {result.recovery_s:5.2f} s, {result.calls} calls;"
        f" {result.bite or 'it did not bite'}"
        + (f"; {len(result.violations)} violations" if result.violations else "")
    )


def write(path: Path, results: list[Result], seconds: float, took_s: float) -> None:
    """The tables of docs/reliability.md, by database, in place of those behind the mark."""
    kinds = list(dict.fromkeys(result.kind for result in results))
    parts = [_summary(results, seconds, took_s)]
    parts += [_table(_TITLES[kind], [r for r in results if r.kind == kind]) for kind in kinds]
    before = path.read_text(encoding="utf-8").partition(MARK)[0] if path.exists() else ""
    path.write_text(before + "\n\n".join([MARK, *parts]) + "\n", encoding="utf-8")


def _summary(results: list[Result], seconds: float, took_s: float) -> str:
    checked = sum((result.checked for result in results), Counter[str]())
    held = sum(result.held for result in results)
    load = [result.load for result in results if result.is_checked] or [0.0]
    return (
        f"{len(results)} faults of {seconds:g} s or more, {took_s / 60:.0f} minutes, {held} held:\n"
        f"{sum(result.calls for result in results):,} calls, {checked['grants']:,} grants,"
        f" {checked['waits']:,} waits and {checked['events']:,} events were checked.\n"
        f"On {os.cpu_count()} processors, for which {min(load):.0f} to {max(load):.0f} processes"
        f" queued, {sum(load) / len(load):.0f} on average: the campaign's own and what else ran."
    )


def _table(title: str, results: Iterable[Result]) -> str:
    rows = [
        "| broken | how it bit | held | worst answer | back after |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| {result.fault} | {result.bite or 'it did not'} |"
        f" {'yes' if result.held else f'**no**, {len(result.violations)} violations'} |"
        f" {result.worst_s:.2f} s | {result.recovery_s:.1f} s |"
        for result in results
    ]
    return f"### {title}\n\n" + "\n".join(rows)
