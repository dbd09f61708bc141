"""What the locks area adds to what concerns all areas: signs of life, check-ins, ends of
sessions, status, gauges."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, cast

from flask import current_app
from marshmallow import fields

from coord.area import CheckinPart, Gauge, Scope, SessionEnd, StatusPart
from coord.areas.locks import refusals, repository
from coord.areas.locks.retention import retention
from coord.areas.locks.rows import LockRow, OwnLock
from coord.areas.locks.schemas import LockSchema, OwnLockSchema
from coord.store import Change, Reader, microseconds, transact

MAX_LISTED = 50
MAX_RELEASED = 100  # locks released by one change


def stale_us() -> int:
    """Microseconds without a sign of life after which a lock turns stale."""
    return microseconds(hours=current_app.config["STALE_AFTER_HOURS"])


def on_activity(change: Change[Any], session_id: str) -> None:
    """A sign of life counts as activity on all locks of the session."""
    repository.show_activity(change, session_id, stale_us())


def on_checkin(change: Change[Any], session_id: str) -> None:
    """A check-in starts the TTL of all locks of the session anew."""
    repository.restart_ttls(change, session_id)


def on_session_end(db: Reader, end: SessionEnd) -> None:
    """Releases the locks of a session that ended. Those of one that is gone turn stale at once;
    who waits for them is told."""
    end.counts.setdefault("locks_released", 0)
    if end.gone:
        repository.make_stale(end.change, end.session_id)
        _notify_waiters(db, end, repository.held_by(db, end.session_id))
        return
    claimed = repository.held_since_before(db, end.session_id, end.observed_at, MAX_RELEASED + 1)
    released = claimed[:MAX_RELEASED]
    repository.release_locks(end.change, released, end.session_id, "session_ended", end.observed_at)
    end.counts["locks_released"] += len(released)
    end.incomplete |= len(claimed) > len(released)


def _notify_waiters(db: Reader, end: SessionEnd, held: list[LockRow]) -> None:
    for lock in held:
        for row in repository.waiters.blocked_by(db, lock):
            sentence = (
                f"You wait for '{row['resource']}'; the lock of '{lock['resource']}' in its way is"
                " stale now."
            )
            end.affects(row["session_id"], sentence)


def on_tick() -> None:
    """Ends the waits that no call is behind any more, and notes which locks have expired, so the
    journal says it in time; and which claims were refused. Then what is old is deleted."""
    transact(repository.waiters.end_dead_waits)
    transact(repository.note_expired)
    refusals.report()
    retention.run()


def _status(db: Reader, scope: Scope) -> Mapping[str, Any]:
    filters = {
        "project_key": scope.project_key,
        "session_id": None,
        "resource": None,
        "stale": None,
        "state": "active",
    }
    listed = repository.find(db, filters, None, MAX_LISTED - 1)
    held, stale = len(listed), sum(lock["stale"] for lock in listed)
    if held == MAX_LISTED:
        held, stale = repository.count(db, scope.project_key)
    return {
        "active_locks": listed,
        "counts": {
            "active_locks": held,
            "stale_locks": stale,
            "lock_waiters": repository.waiters.count(db, scope.project_key),
        },
    }


status = StatusPart(fields={"active_locks": fields.List(fields.Nested(LockSchema))}, read=_status)


def gauges(db: Reader) -> Iterable[Gauge]:
    held, stale = repository.count(db, None)
    yield Gauge("locks_active", "Locks held.", held)
    yield Gauge("lock_waiters", "Claims that wait for a lock.", repository.waiters.count(db))
    yield Gauge("locks_stale", "Locks held by sessions that have gone silent.", stale)


def _own_locks(db: Reader, scope: Scope) -> tuple[list[OwnLock], int]:
    """Those that expire first come first, in whatever project they are."""
    held = repository.held_by(db, scope.session_id or "")
    held.sort(
        key=lambda lock: (lock["expires_at"] is None, lock["expires_at"] or lock["acquired_at"])
    )
    return [
        cast(OwnLock, {**lock, "seconds_left": _seconds_left(lock)}) for lock in held[:MAX_LISTED]
    ], len(held)


def _seconds_left(lock: LockRow) -> int | None:
    """Rounded up; None: it never expires."""
    return (
        None
        if lock["expires_at"] is None
        else math.ceil((lock["expires_at"] - lock["now"]).total_seconds())
    )


def _line(lock: Mapping[str, Any]) -> str:
    remaining_s = lock["seconds_left"]
    time_left = "no end" if remaining_s is None else f"{remaining_s // 60} min left"
    stale = ", STALE" if lock["stale"] else ""
    return f"- {lock['resource']} ({lock['mode']}, {time_left}{stale})"


checkin = CheckinPart(
    name="locks",
    heading="locked by you",
    rank=20,
    item=OwnLockSchema,
    read=_own_locks,
    line=_line,
    texts=("description",),
    volatile=frozenset({"seconds_left", "expires_at", "last_activity_at"}),
)
