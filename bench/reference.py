"""`make check-bench`: no call costs more than it did, against bench/reference.json.

That file holds CPU time as multiples of the bare view's in the same run, so it says the same on
another machine. `python -m bench.reference --save` writes it anew, after a change that is worth it.
"""

import argparse
import json
import sys
from pathlib import Path

from bench import cpu
from tests.databases import mariadb_missing

REFERENCE = Path(__file__).with_name("reference.json")
MAX_GROWTH = 1.05
ROUNDS = 3
TRIES = 3  # what a busy machine makes dearer is dearer once, what a change does each time

Reference = dict[str, dict[str, float]]
"""For each database the calls, as multiples of the bare view's."""


def grown(measured: dict[str, float], reference: dict[str, float]) -> dict[str, float]:
    """The calls that cost too much more than they did, and how many times as much."""
    times = {name: measured[name] / was for name, was in reference.items() if name in measured}
    return {name: growth for name, growth in times.items() if growth > MAX_GROWTH}


def measure(kind: str) -> dict[str, float]:
    return {name: figure.of_baseline for name, figure in cpu.run(kind, ROUNDS).items()}


def check(kind: str, reference: dict[str, float]) -> bool:
    best: dict[str, float] = {}
    for _ in range(TRIES):
        for name, cost in measure(kind).items():
            best[name] = min(cost, best.get(name, cost))
        if not grown(best, reference):
            break
    gone = sorted(reference.keys() - best.keys())
    for name, times in grown(best, reference).items():
        print(f"{kind}: {name}: {times:.2f} times what it was ({best[name]:.2f} bare views)")
    for name in gone:
        print(f"{kind}: {name}: is not measured any more; save the reference anew")
    return not gone and not grown(best, reference)


def save(kinds: list[str], reference: Reference) -> None:
    """The median run is kept, not the best one, which none would reach again."""
    for kind in kinds:
        runs = [measure(kind) for _ in range(TRIES)]
        reference[kind] = {
            name: round(sorted(run[name] for run in runs)[TRIES // 2], 3) for name in runs[0]
        }
    REFERENCE.write_text(json.dumps(reference, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reference", description=__doc__)
    parser.add_argument("--save", action="store_true", help="what is measured is the reference")
    options = parser.parse_args()
    kinds = ["sqlite", "mariadb"]
    if missing := mariadb_missing():
        print(f"MariaDB is left out: {missing}")
        kinds.remove("mariadb")
    reference: Reference = json.loads(REFERENCE.read_text()) if REFERENCE.exists() else {}
    if options.save:
        save(kinds, reference)
        return
    good = [check(kind, reference[kind]) for kind in kinds]
    if not all(good):
        sys.exit(1)
    print(f"no call costs more than {MAX_GROWTH} times what it did")


if __name__ == "__main__":
    main()
