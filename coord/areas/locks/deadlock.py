"""Deadlocks among sessions: a circle of which each waits for the next."""

from coord.areas.locks.repository import (
    blocking_locks,
    waiters,
    waiting_on_me,
)
from coord.areas.locks.rows import CycleStep, WaiterRow
from coord.store import Reader

MAX_SESSIONS = 50  # in a circle that is looked for


def find_cycle(db: Reader, session_id: str, waiter_id: str) -> list[CycleStep] | None:
    """The circle that this waiter of the session closes; None when it closes none.

    Looked for after the waiter was added. Of those in a circle the one that came last sees all the
    others, so one of them always finds it.
    """
    own = waiters.rows_of(db, waiter_id)
    if not own:
        return None
    return _search(db, own, session_id, own[0]["revision"], {session_id})


def _search(
    db: Reader, rows: list[WaiterRow], goal: str, newest: int, seen: set[str]
) -> list[CycleStep] | None:
    """A path from the session that these rows belong to back to `goal`, over waiters older than
    the revision `newest`."""
    for row in rows:
        for session_id in _waits_for(db, row):
            step: CycleStep = {
                "session_id": row["session_id"],
                "resource": row["resource"],
                "waits_for": session_id,
            }
            if session_id == goal:
                return [step]
            if session_id in seen or len(seen) >= MAX_SESSIONS:
                continue
            seen.add(session_id)
            theirs = [
                other for other in waiters.of_session(db, session_id) if other["revision"] < newest
            ]
            rest = _search(db, theirs, goal, newest, seen) if theirs else None
            if rest is not None:
                return [step, *rest]
    return None


def _waits_for(db: Reader, row: WaiterRow) -> list[str]:
    """The sessions that this waits for: holders of locks in its way, and those of the waiters
    ahead of it."""
    locks = blocking_locks(db, row)
    ahead = waiters.ahead(db, row, row["revision"])
    passed = waiting_on_me(db, ahead, row["session_id"])
    first = [other for other in ahead if other["waiter_id"] not in passed]
    return [lock["session_id"] for lock in locks] + [other["session_id"] for other in first]
