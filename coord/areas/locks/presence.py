"""What becomes of a session's locks when it shows itself, checks in, ends or is gone; and what is due without a call."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import bindparam as param

from coord.area import CheckinPart, Scope, SessionEnd
from coord.areas.locks import line, repository, wait
from coord.areas.locks.models import Lock
from coord.areas.locks.schemas import OwnLockSchema
from coord.store import Change, Decision, Prepared, Reader, journal, microseconds, plus, transact

MAX_RELEASED = 100  # locks released by one change

_locks = Lock.__table__
_c = _locks.c
_theirs = sa.and_(_c.session_id == param("by", type_=sa.String), repository.held(journal.moment))

_SEEN = Prepared(
    sa.update(_locks).where(_theirs).values(last_activity_at=journal.moment, stale_at=repository.stale_at(param("by", type_=sa.String)))
)
_RENEWED = Prepared(
    sa.update(_locks)
    .where(_theirs, _c.ttl_hours > 0)
    .values(expires_at=plus(journal.moment, sa.cast(sa.func.round(_c.ttl_hours * 3_600_000_000), sa.BigInteger)))
)
_STALE = Prepared(sa.update(_locks).where(_theirs, _c.stale_at > journal.moment).values(stale_at=journal.moment))


def stale_us() -> int:
    return microseconds(hours=current_app.config["STALE_AFTER_HOURS"])


def on_activity(change: Change[Any], session_id: str) -> None:
    """A sign of life counts as activity on all locks of the session."""
    change.add(_SEEN, {"by": session_id, "stale_us": stale_us()})


def on_checkin(change: Change[Any], session_id: str) -> None:
    """A check-in starts the TTL of all locks of the session anew."""
    change.add(_RENEWED, {"by": session_id})


def on_session_end(db: Reader, end: SessionEnd) -> None:
    """Releases the locks of a session that ended. Those of one that is gone turn stale at once; who waits for them is told."""
    held = repository.of_session(db, end.session_id)
    end.counts.setdefault("locks_released", 0)
    if not end.gone:
        held = repository.claimed_by(held, end.observed_at)
        repository.release_each(end.change, held[:MAX_RELEASED], end.session_id, "session_ended", end.observed_at)
        end.counts["locks_released"] += len(held[:MAX_RELEASED])
        end.incomplete |= len(held) > MAX_RELEASED
        return
    end.change.add(_STALE, {"by": end.session_id})
    for lock in held:
        for row in line.find_conflicting(db, lock):
            end.affects(row["session_id"], f"You wait for '{row['resource']}'; its lock of '{lock['resource']}' is stale now.")


def on_tick() -> None:
    """Takes out of the line who has died in it, and notes which locks have expired, so that the journal tells of it in time."""
    wait.leave_behind_no_longer()
    transact(_remove_dead)
    transact(repository.note_expired)


def _remove_dead(db: Reader) -> Decision[None]:
    return line.leave(db, line.all_dead(db), "died")


def _own(db: Reader, scope: Scope) -> tuple[Sequence[Mapping[str, Any]], int]:
    """Those that end first come first, in whatever project they are."""
    held = repository.of_session(db, scope.session_id or "")
    held.sort(key=lambda lock: (lock["expires_at"] is None, lock["expires_at"] or lock["acquired_at"]))
    for lock in held:
        ends = lock["expires_at"]
        lock["seconds_left"] = None if ends is None else math.ceil((ends - lock["now"]).total_seconds())
    return held[:50], len(held)


def _line(lock: Mapping[str, Any]) -> str:
    left_s = lock["seconds_left"]
    time_left = "no end" if left_s is None else f"{left_s // 60} min left"
    return f"{lock['resource']} ({lock['mode']}, {time_left}{', STALE' if lock['stale'] else ''})"


checkin = CheckinPart(
    name="locks",
    heading="locked by you",
    rank=20,
    item=OwnLockSchema,
    read=_own,
    line=_line,
    texts=("description",),
    volatile=frozenset({"seconds_left", "expires_at", "last_activity_at"}),
)
