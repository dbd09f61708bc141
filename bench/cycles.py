"""Claim and release in a cycle, beside the baseline: what the journal, the guards and the answers
cost.
"""

import json
import statistics

import sqlalchemy as sa

from bench import load, service

CLIENTS = 8
RESOURCES = 50  # a client's own, so that nobody waits for another


def prepare_baseline(url: str, clients: int = CLIENTS) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE baseline (id INT PRIMARY KEY, n BIGINT NOT NULL)"))
        connection.execute(
            sa.text("INSERT INTO baseline VALUES (:id, 0)"),
            [{"id": number} for number in range(clients)],
        )
    engine.dispose()


def baseline(connection: load.Connection, client: int, nth: int) -> list[float]:
    return [load.timed(connection, "POST", f"/baseline/{client}", expect=200)[0] for _ in range(2)]


def claim_and_release(connection: load.Connection, client: int, nth: int) -> list[float]:
    body = {
        "project_key": "shop",
        "session_id": f"host/{client}",
        "resource": f"src/{client}/file{nth % RESOURCES}.py",
        "description": "bench",
    }
    claimed, lock = load.timed(connection, "POST", "/api/coord/locks", body, expect=201)
    path = f"/api/coord/locks/{json.loads(lock)['id']}?session_id=host/{client}"
    released, _ = load.timed(connection, "DELETE", path, expect=200)
    return [claimed, released]


def claim_release_and_read(connection: load.Connection, client: int, nth: int) -> list[float]:
    """What a client does whose calls do not wait: two writes and two reads."""
    session = f"host/{client}"
    body = {
        "project_key": "shop",
        "session_id": session,
        "resource": f"r{client}-{nth % RESOURCES}",
    }
    claimed, lock = load.timed(connection, "POST", "/api/coord/locks", body, expect=201)
    path = f"/api/coord/locks/{json.loads(lock)['id']}?session_id={session}"
    released, _ = load.timed(connection, "DELETE", path, expect=200)
    own = f"/api/coord/locks?project_key=shop&session_id={session}"
    listed, _ = load.timed(connection, "GET", own, expect=200)
    status, _ = load.timed(connection, "GET", "/api/coord/status?project_key=shop", expect=200)
    return [claimed, released, listed, status]


def run(kind: str, seconds: float, rounds: int) -> dict[str, float]:
    """Both, turn and turn about on one database; the medians of the rounds."""
    bases: list[load.Result] = []
    ours: list[load.Result] = []
    with service.database(kind) as url:
        service.migrate(url)
        prepare_baseline(url)
        for _ in range(rounds):
            with service.serving(url, service.BASELINE) as (port, _process):
                bases.append(load.run(port, baseline, CLIENTS, seconds))
            with service.serving(url) as (port, _process):
                ours.append(load.run(port, claim_and_release, CLIENTS, seconds))
    return {
        "baseline cycles/s": statistics.median(result.rate for result in bases),
        "cycles/s": statistics.median(result.rate for result in ours),
        "ratio": statistics.median(
            own.rate / base.rate for own, base in zip(ours, bases, strict=True)
        ),
        "p50 ms": statistics.median(result.p50 for result in ours),
        "p99 ms": statistics.median(result.p99 for result in ours),
        "baseline p99 ms": statistics.median(result.p99 for result in bases),
    }
