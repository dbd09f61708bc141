"""Claims and releases where each fsync takes its time, as on a disk that really writes: MariaDB
with its binary log, and SQLite. What counts there is how many changes a commit carries.
"""

import contextlib
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from bench import cycles, load, service

FSYNC_MS = 3.0
CLIENTS = (1, 8, 32)
BINARY_LOG = ("--log-bin=binlog", "--sync-binlog=1", "--server-id=1")


def compiler_missing() -> str | None:
    """What is missing to slow the disk down; None when nothing is."""
    return None if shutil.which("cc") else "cc is not installed (Debian: apt-get install gcc)"


@contextlib.contextmanager
def slow_fsync(milliseconds: float) -> Iterator[dict[str, str]]:
    """The environment in which a process has a slow disk."""
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        library = Path(folder, "slow_fsync.so")
        source = Path(__file__).parent / "slow_fsync.c"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], check=True)
        yield {
            "LD_PRELOAD": str(library),
            "COORD_BENCH_FSYNC_US": str(int(milliseconds * 1000)),
        }


def run(kind: str, seconds: float, rounds: int) -> dict[str, float]:
    """For each number of clients: coord's cycles a second, and as a share of the bare view's, which
    writes a row of its own for each client and so lets the database commit many at once.
    """
    figures: dict[str, float] = {}
    with slow_fsync(FSYNC_MS) as slow, contextlib.ExitStack() as stack:
        if kind == "sqlite":
            url = stack.enter_context(service.database(kind))
        else:
            with mock.patch.dict("os.environ", slow):
                url = stack.enter_context(service.database(kind, *BINARY_LOG))
        in_service = slow if kind == "sqlite" else {}
        service.migrate(url)
        cycles.prepare_baseline(url, max(CLIENTS))
        for clients in CLIENTS:
            rates: list[tuple[float, float]] = []
            for _ in range(rounds):
                with service.serving(url, service.BASELINE, **in_service) as (port, _process):
                    base = load.run(port, cycles.baseline, clients, seconds)
                with service.serving(url, **in_service) as (port, _process):
                    ours = load.run(port, cycles.claim_and_release, clients, seconds)
                rates.append((ours.rate, ours.rate / base.rate))
            figures[f"{clients} clients, cycles/s"] = statistics.median(rate for rate, _ in rates)
            figures[f"{clients} clients, ratio"] = statistics.median(ratio for _, ratio in rates)
    return figures
