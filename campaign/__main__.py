"""`make faults`: breaks everything around coord, one thing after the other, and checks what it
promises.

`make faults FAULTS="--database sqlite --fault 'worker killed' --seconds 10"` for a part of it.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from campaign import report
from campaign.faults import FAULTS
from campaign.phase import Fault, Result, run
from campaign.worlds import KINDS, World, missing, world_of


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m campaign", description=__doc__)
    parser.add_argument("--database", action="append", choices=KINDS, help="default: all")
    parser.add_argument("--fault", action="append", help="the name of one; default: all")
    parser.add_argument("--seconds", type=float, default=5.0, help="that each fault lasts")
    parser.add_argument("--report", type=Path, help="where to write what was found, as Markdown")
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    options = parser.parse_args()
    wanted = {kind: _wanted(kind, options.fault) for kind in options.database or KINDS}
    if options.list:
        for kind, faults in wanted.items():
            print(f"{kind}: {', '.join(fault.name for fault in faults)}")
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="coord-campaign-state-") as state:
        os.environ["XDG_STATE_HOME"] = state  # coord's client keeps its queue there
        results = [
            result
            for kind, faults in wanted.items()
            for result in _campaign(kind, faults, options.seconds)
        ]
    if options.report is not None:
        report.write(options.report, results, options.seconds, time.monotonic() - began)
    broken = [result for result in results if not result.held]
    print(f"\n{len(results)} faults, {len(broken)} of them not held")
    sys.exit(bool(broken) or not results)


def _wanted(kind: str, names: list[str] | None) -> list[Fault]:
    return [fault for fault in FAULTS[kind] if names is None or fault.name in names]


def _campaign(kind: str, faults: list[Fault], seconds: float) -> list[Result]:
    if not faults:
        return []
    lacking = missing(kind)
    if lacking:
        print(f"{kind} is left out: {lacking}")
        return []
    remaining, results = deque(faults), list[Result]()
    while remaining:
        with world_of(kind) as world:
            while remaining:
                fault = remaining.popleft()
                if why := fault.missing():
                    print(f"{kind}: {fault.name} is left out: {why}")
                    continue
                results.append(_result(world, fault, seconds))
                _show(results[-1])
                if not results[-1].is_checked:
                    break  # who knows in what state it is
    return results


def _result(world: World, fault: Fault, seconds: float) -> Result:
    try:
        return run(world, fault, seconds)
    except Exception as error:
        violation = f"it could not be checked: {error!r}"
        return Result(world.kind, fault.name, violations=[violation], is_checked=False)


def _show(result: Result) -> None:
    print(report.line(result), flush=True)
    for violation in result.violations[:5]:
        print("    " + violation[:1000], flush=True)


if __name__ == "__main__":
    main()
