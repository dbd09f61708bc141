"""What a worker weighs after many requests, and whether it still grows."""

import json
from pathlib import Path

from bench import load, service

CALLS = 100_000


def resident_mb(pid: int) -> float:
    """Resident memory of a process, with what it shares with its parent, in MB."""
    fields = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    )
    return int(fields["Rss"].split()[0]) / 1024


def workers(master: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def cycle(connection: load.Connection, client: int, nth: int) -> list[float]:
    body = {
        "project_key": "shop",
        "session_id": f"host/{client}",
        "resource": f"r{client}-{nth % 50}",
    }
    first, lock = load.timed(connection, "POST", "/api/coord/locks", body, expect=201)
    second, _ = load.timed(
        connection,
        "DELETE",
        f"/api/coord/locks/{json.loads(lock)['id']}?session_id=host/{client}",
        expect=200,
    )
    third, _ = load.timed(
        connection, "GET", f"/api/coord/locks?project_key=shop&session_id=host/{client}", expect=200
    )
    fourth, _ = load.timed(connection, "GET", "/api/coord/status?project_key=shop", expect=200)
    return [first, second, third, fourth]


def run(kind: str, calls: int) -> dict[str, float]:
    """Resident MB of the heaviest worker: at the start, half-way and at the end of so many
    calls.
    """
    figures: dict[str, float] = {}
    with service.database(kind) as url:
        service.migrate(url)
        with service.serving(url, COORD_WORKERS="1") as (port, process):
            for label, share in (("at first", 0.01), ("half-way", 0.5), ("at the end", 0.49)):
                done = 0
                while done < calls * share:
                    result = load.run(port, cycle, 8, 10 if calls > 10_000 else 1)
                    done += int(result.rate * 4 * (10 if calls > 10_000 else 1))
                figures[f"MB {label}"] = max(resident_mb(pid) for pid in workers(process.pid))
    figures["growth in the second half"] = figures["MB at the end"] / figures["MB half-way"]
    return figures
