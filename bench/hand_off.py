"""The hand-off of a lock: how soon after a release the next holder has its answer."""

import json
import random
import statistics
import threading
import time

from bench import load, service

LOCKS = "/api/coord/locks"
WAITERS = 5  # at each hand-off
HAND_OFFS = 250  # in each round


def run(kind: str, rounds: int) -> dict[str, float]:
    """Milliseconds from the moment at which a release is sent to that at which the next holder has
    its answer: medians of the rounds.
    """
    rounds_of_times: list[list[float]] = []
    with service.database(kind) as url:
        service.migrate(url)
        for _ in range(rounds):
            with service.serving(url) as (port, _process):
                rounds_of_times.append([1000 * took for took in _hand_offs(port, HAND_OFFS)])
    return {
        "median ms": statistics.median(map(statistics.median, rounds_of_times)),
        "p95 ms": statistics.median(load.percentile(times, 0.95) for times in rounds_of_times),
        "p99 ms": statistics.median(load.percentile(times, 0.99) for times in rounds_of_times),
        "worst ms": max(map(max, rounds_of_times)),
    }


def _hand_offs(port: int, count: int) -> list[float]:
    times: list[float] = []
    released_at: list[float] = []
    failed = threading.Event()

    def is_over() -> bool:
        return len(times) >= count or failed.is_set()

    def client(number: int) -> None:
        try:
            connection = load.Connection(port)
            body = {
                "project_key": "shop",
                "session_id": f"host/{number}",
                "resource": "deploy",
                "wait": 60,
            }
            while not is_over():
                _, lock = load.timed(connection, "POST", LOCKS, body, expect=201)
                if released_at:
                    times.append(time.perf_counter() - released_at[-1])
                while not is_over() and _waiters(connection) < WAITERS:
                    time.sleep(0.005)
                time.sleep(random.uniform(0.0, 0.02))
                released_at.append(time.perf_counter())
                path = f"{LOCKS}/{json.loads(lock)['id']}?session_id=host/{number}"
                load.timed(connection, "DELETE", path, expect=200)
            connection.close()
        except BaseException:
            failed.set()  # the others would wait for this one
            raise

    load.at_once(client, WAITERS + 1)
    return times[:count]


def _waiters(connection: load.Connection) -> int:
    _, answer = load.timed(connection, "GET", f"{LOCKS}/waiters?project_key=shop", expect=200)
    return len(json.loads(answer)["items"])
