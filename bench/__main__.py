"""`make bench`: all benchmarks on both databases.

`make bench BENCH="cycles --seconds 20"` for one of them.
"""

import argparse
import json
import sys
from pathlib import Path

from bench import (
    abuse,
    board,
    compare,
    cpu,
    cycles,
    disk,
    hand_off,
    head,
    hooks,
    hot_lock,
    memory,
    service,
    size,
    waiting,
)
from tests.browser import chromium_missing
from tests.databases import mariadb_missing

MIN_RATIO = 0.4
MAX_P99_MS = 60
MAX_GROWTH = 1.3
MAX_MB = 120
MAX_P95_RATIO = 2
MAX_CPU = 10  # % of a core
MAX_STOP_S = 2
MAX_ABUSE_S = 8
MAX_ABUSED_MB = 400
MAX_LIVEZ_MS = 1000
MAX_INBOX_BYTES = 32_768
MAX_HOOK_RATIO = 3.5
MAX_BLACK_HOLE_S = 1.5
MAX_FIRST_BOARD_MS, MAX_CHANGE_MS, MAX_FRAME_MS = 1000, 1000, 100
MAX_HEAP_GROWTH, MIN_FRAMES_PER_S = 1.1, 30
MAX_BESIDE_PAGES, MAX_PAGES_MB = 1.1, 30
MAX_MEDIAN_MS, MAX_HAND_OFF_P99_MS = 30, 150


def cycles_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: claim + release, {cycles.CLIENTS} clients, beside a bare view with one"
        " statement (two of its calls are a cycle)"
    )
    figures = cycles.run(kind, options.seconds, options.rounds)
    show(figures)
    return verdict(figures["ratio"] >= MIN_RATIO, f"ratio at least {MIN_RATIO}") & verdict(
        figures["p99 ms"] < MAX_P99_MS, f"p99 under {MAX_P99_MS} ms"
    )


def cpu_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: CPU-µs of a call in the worker, and of the database in the calls of a kind;"
        " and as multiples of the bare view's"
    )
    for name, figure in cpu.run(kind, options.rounds).items():
        print(f"  {name:55} {figure.microseconds:8.0f} {figure.of_baseline:6.2f}")
    return True


def disk_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: claim + release where an fsync takes {disk.FSYNC_MS:g} ms (MariaDB with its"
        " binary log), beside the bare view"
    )
    if missing := disk.compiler_missing():
        print(f"  left out: {missing}")
        return True
    show(disk.run(kind, options.seconds, options.rounds))
    return True


def head_bench(kind: str, options: argparse.Namespace) -> bool:
    if kind == "sqlite":
        return True  # it has one writer at a time, and no such row to share
    print(
        f"\n{kind}: what the head row lets through, {head.CONNECTIONS} connections that send claims"
        " and releases and do nothing else"
    )
    show(head.run(kind, options.rounds))
    return True


def size_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: medians in ms with 1,000 rows in every table, and with {options.scale:g} ×"
        " 1,000,000, of which some 33,000 are of what is held, waits or is there now"
    )
    table, plans = size.run(kind, options.scale, options.calls)
    for name, (small, large, ratio) in table.items():
        print(f"  {name:28} {small:8.2f} {large:8.2f} {ratio:6.2f}")
    for line in plans if options.plans else ():
        print(f"    {line}")
    worst = max(table, key=lambda name: table[name][2])
    return verdict(
        table[worst][2] <= MAX_GROWTH,
        f"each at most {MAX_GROWTH} times (worst: {worst}, {table[worst][2]:.2f})",
    )


def memory_bench(kind: str, options: argparse.Namespace) -> bool:
    print(f"\n{kind}: resident memory of a worker over {options.requests} requests")
    figures = memory.run(kind, options.requests)
    show(figures)
    return verdict(figures["MB at the end"] < MAX_MB, f"under {MAX_MB} MB") & verdict(
        figures["growth in the second half"] < 1.05, "flat: the second half adds less than 5 %"
    )


def waiting_bench(kind: str, options: argparse.Namespace) -> bool:
    return crowd_bench(kind, options) & hand_off_bench(kind, options) & hot_bench(kind, options)


def crowd_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: {waiting.CROWD} calls wait on one worker; {waiting.OTHERS} other clients beside"
        " the same without those that wait"
    )
    figures, statuses = waiting.crowd(kind, options.seconds, options.rounds)
    show(figures)
    for whom, answers in statuses.items():
        print(f"  when {whom} is told to stop: {answers}")
    return (
        verdict(figures["ratio"] <= MAX_P95_RATIO, f"p95 at most {MAX_P95_RATIO} times")
        & verdict(
            figures["% of a core"] < MAX_CPU, f"under {MAX_CPU} % of a core while nothing happens"
        )
        & verdict(figures["answered too early"] == 0, "none is answered before")
        & verdict(
            figures["seconds to answer all"] < MAX_STOP_S,
            f"all answered within {MAX_STOP_S} s when told to stop",
        )
    )


def hand_off_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: from a release to the next holder's answer, {hand_off.WAITERS} waiting,"
        f" {hand_off.HAND_OFFS} hand-offs a round"
    )
    figures = hand_off.run(kind, options.rounds)
    show(figures)
    return verdict(
        figures["median ms"] < MAX_MEDIAN_MS, f"median under {MAX_MEDIAN_MS} ms"
    ) & verdict(figures["p99 ms"] < MAX_HAND_OFF_P99_MS, f"p99 under {MAX_HAND_OFF_P99_MS} ms")


def hot_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: one lock, {hot_lock.CLIENTS} clients that wait for it in turn, beside etcd's"
        " v3lock; p50 and p99 of the claim"
    )
    figures = hot_lock.run(kind, options.seconds, options.rounds)
    show(figures)
    if missing := service.etcd_missing():
        print(f"  the comparison is left out: {missing}")
        return True
    return verdict(figures["ratio"] > 1, "ahead of etcd, with its leases or without")


def hooks_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: `coord hook`, median of {options.hooks} in ms, and as a multiple of `python3"
        f" {' '.join(hooks.BARE)}`"
    )
    ratios, black_holes = hooks.run(kind, options.hooks)
    for name, (milliseconds, ratio) in ratios.items():
        print(f"  {name:28} {milliseconds:8.1f} {ratio:6.2f}")
    worst, slowest = (
        max(ratios, key=lambda name: ratios[name][1]),
        max(black_holes, key=lambda name: black_holes[name]),
    )
    return verdict(
        ratios[worst][1] <= MAX_HOOK_RATIO,
        f"each at most {MAX_HOOK_RATIO} times (worst: {worst}, {ratios[worst][1]:.2f})",
    ) & verdict(
        black_holes[slowest] <= MAX_BLACK_HOLE_S,
        f"black-holed at most {MAX_BLACK_HOLE_S} s (worst: {slowest},"
        f" {black_holes[slowest]:.2f} s)",
    )


def abuse_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: what one peer does to {abuse.OTHERS} others: their p95 in ms without and with"
        " it, its ratio, the longest of /livez in ms, the worker's MB before, at worst and after"
    )
    measured = abuse.run(kind, min(options.seconds, MAX_ABUSE_S), options.only)
    for name, row in measured.items():
        print(
            f"  {name:32} {row.alone:7.1f} {row.beside:7.1f} {row.ratio:6.2f} {row.livez:7.0f}"
            f" {row.mb_before:7.0f} {row.mb_at_worst:5.0f} {row.mb_after:5.0f}"
        )
    inbox = abuse.inbox_bytes(kind)
    print(f"  an inbox of {abuse.INBOX} messages over MCP: {inbox:,} bytes")
    slowest = max(measured, key=lambda name: measured[name].ratio)
    heaviest = max(measured, key=lambda name: measured[name].mb_at_worst)
    slowest_livez = max(measured, key=lambda name: measured[name].livez)
    return (
        verdict(
            measured[slowest].ratio <= MAX_P95_RATIO,
            f"p95 at most {MAX_P95_RATIO} times (worst: {slowest}, {measured[slowest].ratio:.2f})",
        )
        & verdict(
            measured[slowest_livez].livez < MAX_LIVEZ_MS,
            f"/livez in {MAX_LIVEZ_MS} ms (worst: {slowest_livez},"
            f" {measured[slowest_livez].livez:.0f})",
        )
        & verdict(
            measured[heaviest].mb_at_worst < MAX_ABUSED_MB,
            f"under {MAX_ABUSED_MB} MB (worst: {heaviest})",
        )
        & verdict(inbox <= MAX_INBOX_BYTES, f"an inbox in {MAX_INBOX_BYTES:,} bytes at most")
    )


def board_bench(kind: str, options: argparse.Namespace) -> bool:
    print(
        f"\n{kind}: the board with {options.scale:g} × (5,000 locks, 1,000 sessions, 20,000"
        " messages, 1,000,000 events), in Chromium"
    )
    if missing := chromium_missing():
        print(f"  it is left out: {missing}")
        return True
    measured = board.run(kind, options.seconds, options.rounds, options.scale)
    show(measured.figures)
    return (
        verdict(measured.first_board_ms < MAX_FIRST_BOARD_MS, "first board in under 1 s")
        & verdict(measured.change_p95_ms < MAX_CHANGE_MS, "a change is seen within 1 s, p95")
        & verdict(measured.frame_ms < MAX_FRAME_MS, f"no frame over {MAX_FRAME_MS} ms")
        & verdict(
            measured.panning_per_s >= MIN_FRAMES_PER_S,
            f"pans at {MIN_FRAMES_PER_S} frames a second",
        )
        & verdict(
            measured.heap_growth <= MAX_HEAP_GROWTH,
            "memory flat: at most 10 % more in the second half",
        )
        & verdict(measured.others_ratio <= MAX_BESIDE_PAGES, "others' p95 at most 10 % more")
        & verdict(measured.worker_mb < MAX_PAGES_MB, f"a worker less than {MAX_PAGES_MB} MB more")
    )


def show(figures: dict[str, float]) -> None:
    for name, value in figures.items():
        print(f"  {name:28} {value:10.2f}")


def verdict(good: bool, claim: str) -> bool:
    print(f"  {'ok' if good else 'NOT MET'}: {claim}")
    return good


BENCHES = {
    "cpu": cpu_bench,
    "cycles": cycles_bench,
    "disk": disk_bench,
    "head": head_bench,
    "size": size_bench,
    "memory": memory_bench,
    "waiting": waiting_bench,
    "hooks": hooks_bench,
    "abuse": abuse_bench,
    "board": board_bench,
}
COMPARE = "compare"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("which", nargs="*", choices=[*BENCHES, COMPARE, []], help="default: all")
    parser.add_argument("--database", choices=["sqlite", "mariadb"], help="default: both")
    parser.add_argument("--seconds", type=float, default=10, help="of each measured load")
    parser.add_argument("--only", default="", help="of abuse: rows that have it in their name")
    parser.add_argument("--rounds", type=int, default=3, help="of baseline and coord in turn")
    parser.add_argument("--scale", type=float, default=1, help="share of the stored history")
    parser.add_argument(
        "--calls", type=int, default=60, help="of each kind, for the medians with stored history"
    )
    parser.add_argument("--hooks", type=int, default=40, help="of each event, for the hooks bench")
    parser.add_argument("--requests", type=int, default=memory.CALLS, help="for the memory bench")
    parser.add_argument(
        "--plans", action="store_true", help="of the statements, for the size bench"
    )
    parser.add_argument("--json", type=Path, help="where the comparison is kept, for bench.plots")
    options = parser.parse_args()
    kinds = [options.database] if options.database else ["sqlite", "mariadb"]
    if "mariadb" in kinds and (missing := mariadb_missing()):
        print(f"MariaDB is left out: {missing}")
        kinds.remove("mariadb")
    chosen = options.which or [*BENCHES, COMPARE]
    good = [BENCHES[name](kind, options) for name in chosen if name in BENCHES for kind in kinds]
    if COMPARE in chosen:
        comparison(options)
    sys.exit(0 if all(good) else 1)


def comparison(options: argparse.Namespace) -> None:
    """All databases and peers in one run, so that each figure may be divided by another."""
    for name, why in compare.missing().items():
        print(f"{name} is left out: {why}")
    rows = compare.run(options.seconds / 3, options.rounds)
    print(compare.table(rows))
    if options.json is not None:
        options.json.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
