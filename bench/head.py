"""How many changes a second the head row lets through: connections that do nothing but send claims
and their releases, whose texts were made before. All changes of all nodes together cannot be more.

Three ways in turn: each as a text, each prepared as coord sends them, and as many as TOGETHER of
them in one commit, as coord does once they gather.
"""

import multiprocessing
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from typing import Any

from bench import service
from coord.app import create_app
from coord.areas.locks import repository
from coord.areas.locks.terms import terms_of
from coord.store import Reader, compound, database, microseconds, reader
from coord.store.compiled_change import CompiledChange, compile_change

CONNECTIONS = 8
TOGETHER = 8
PAIRS = 400  # of a claim and its release, on each connection in a round
START_S = 60.0

Changes = Sequence[CompiledChange]


def _changes(number: int, pairs: int) -> list[CompiledChange]:
    """Claims, each followed by its release, of names that nobody else claims."""
    dialect = database.engine.dialect
    session, stale_us = f"host/{number}", microseconds(hours=2)
    changes: list[CompiledChange] = []
    for nth in range(pairs):
        body = {
            **dict.fromkeys(("resources", "description", "ttl_hours", "take_over_stale")),
            **{"project_key": "shop", "session_id": session, "mode": "exclusive", "wait": 0},
            **{"id": str(uuid.uuid4()), "resource": f"src/{number}/{nth}.py"},
            **{"keep_terms": False, "observed_at": None},
        }
        terms = terms_of(body, default_ttl_hours=2.0, stale_us=stale_us)
        changes.append(compile_change(dialect, repository.grant(terms)))
        release = repository.release_held(terms.requests[0].id, session)
        changes.append(compile_change(dialect, release))
    return changes


def _as_text(db: Reader, cursor: Any, changes: Changes) -> list[str]:
    return ["; ".join(compound.packet(change, cursor.mogrify)) for change in changes]


def _prepared(db: Reader, cursor: Any, changes: Changes) -> list[str]:
    return [compound.text_of(db, cursor, change) for change in changes]


def _together(db: Reader, cursor: Any, changes: Changes) -> list[str]:
    batches = [changes[at : at + TOGETHER] for at in range(0, len(changes), TOGETHER)]
    return [compound.text_of_several(db, cursor, batch) for batch in batches]


WAYS: dict[str, Callable[[Reader, Any, Changes], list[str]]] = {
    "as text": _as_text,
    "prepared": _prepared,
    f"prepared, {TOGETHER} together": _together,
}


def run(kind: str, rounds: int) -> dict[str, float]:
    """Changes a second, in each way."""
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    with service.database(kind) as url:
        service.migrate(url)
        for _ in range(rounds):
            for way in WAYS:
                rates[way].append(_rate(url, way))
    return {
        f"{way}, changes/s": statistics.median(changes_per_s)
        for way, changes_per_s in rates.items()
    }


def _rate(url: str, way: str) -> float:
    barrier = multiprocessing.Barrier(CONNECTIONS + 1)
    senders = [
        multiprocessing.Process(target=_send, args=(url, number, way, barrier))
        for number in range(CONNECTIONS)
    ]
    for sender in senders:
        sender.start()
    barrier.wait(START_S)
    began = time.perf_counter()
    for sender in senders:
        sender.join()
    took = time.perf_counter() - began
    if any(sender.exitcode for sender in senders):
        raise RuntimeError("not all changes went through")
    return CONNECTIONS * 2 * PAIRS / took


def _send(url: str, number: int, way: str, barrier: Barrier) -> None:
    app = create_app({"DATABASE_URL": url})
    with app.app_context(), reader.pooled_connection() as connection:
        db = Reader(connection)
        cursor = connection.cursor()
        for _ in range(3):  # named, prepared, executed
            for text in WAYS[way](db, cursor, _changes(number, TOGETHER)):
                _carry_out(cursor, text)
        texts = WAYS[way](db, cursor, _changes(number, PAIRS))
        barrier.wait(START_S)
        for text in texts:
            _carry_out(cursor, text)


def _carry_out(cursor: Any, text: str) -> None:
    cursor.execute(text)
    while cursor.nextset():
        pass
