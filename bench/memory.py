"""What a worker weighs after many requests, and whether it still grows."""

from bench import cycles, load, service
from bench.processes import children, resident_mb

CALLS = 100_000


def run(kind: str, calls: int) -> dict[str, float]:
    """Resident MB of the heaviest worker: at the start, half-way and at the end of so many
    calls.
    """
    figures: dict[str, float] = {}
    seconds = 10 if calls > 10_000 else 1
    with service.database(kind) as url:
        service.migrate(url)
        with service.serving(url, COORD_WORKERS="1") as (port, process):
            for label, share in (("at first", 0.01), ("half-way", 0.5), ("at the end", 0.49)):
                done = 0
                while done < calls * share:
                    result = load.run(port, cycles.claim_release_and_read, 8, seconds)
                    done += int(result.rate * 4 * seconds)
                figures[f"MB {label}"] = max(map(resident_mb, children(process.pid)))
    figures["growth in the second half"] = figures["MB at the end"] / figures["MB half-way"]
    return figures
