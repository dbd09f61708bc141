"""Writing down who has called: each call is a sign of life."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.sessions.repository.heartbeats import announce, call_activity_hooks, session_event
from coord.areas.sessions.repository.states import is_there, named
from coord.areas.sessions.rows import SessionRow
from coord.live import Session
from coord.store import Answer, Change, Decision, Prepared, Reader, journal, now, plus

WRITE_INTERVAL = timedelta(minutes=1)  # halved for a TTL that is shorter than two of these

_sessions = Session.__table__
_c = _sessions.c

_ago = -param("ago_us", type_=sa.BigInteger)
_ttl_us = _c.ttl_minutes * 60_000_000

_NOTE_CALL = Prepared(
    sa.update(_sessions)
    .where(named, is_there, _c.last_seen_at < plus(journal.moment, _ago))
    .values(
        last_seen_at=plus(journal.moment, _ago), expires_at=plus(journal.moment, _ttl_us + _ago)
    )
)
"""A call some time ago. It counts from then on, unless something newer is known."""

_LAST_CHANGE = Prepared(sa.select(journal.last_seen(param("named", type_=sa.String)).label("at")))


@dataclass(frozen=True)
class CallsResult:
    """What became of noted calls.

    `too_early`: sessions whose call is to be noted again, since their last one was written just
    now. `looked_up`: sessions without a row here, whose last change was looked for.
    """

    too_early: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)


def write_calls(
    db: Reader, calls: Mapping[str, float], skipped: Collection[str]
) -> Decision[CallsResult]:
    """Writes down calls, each made at a time of time.monotonic().

    A call counts for a session that is there, and brings back one that was noted gone although the
    call had kept its promise. Of others only those count that have ever changed something: what
    they hold may depend on it. `skipped`: sessions that were looked up within the minute.
    """
    query = sa.select(*_c, now().label("now")).where(_c.session_id.in_(list(calls)))
    rows = {row["session_id"]: row for row in cast(list[SessionRow], db.rows(query))}
    change: Change[CallsResult] = Change()
    result = CallsResult()
    for session_id, called_at in calls.items():
        age = timedelta(seconds=max(0.0, time.monotonic() - called_at))
        row = rows.get(session_id)
        if row is not None and row["final_state"] is None:
            _note_call(change, result, row, age)
        elif row is not None and row["final_state"] == "gone":
            _bring_back(change, row, age)
        elif session_id in skipped:
            result.too_early.append(session_id)
        else:
            result.looked_up.append(session_id)
            if (
                _has_called_since_its_end(row, age)
                and db.value(_LAST_CHANGE, named=session_id) is not None
            ):
                _record_activity(change, session_id, None)
    change.answer_with(lambda _: result)
    return change if change.events else Answer(result)


def _note_call(
    change: Change[CallsResult], result: CallsResult, row: SessionRow, age: timedelta
) -> None:
    if row["last_seen_at"] >= row["now"] - age:
        return
    if row["now"] - row["last_seen_at"] < _write_interval(row):
        result.too_early.append(row["session_id"])
        return
    change.add(_NOTE_CALL, {"named": row["session_id"], "ago_us": _microseconds(age)}, expect=1)
    _record_activity(change, row["session_id"], row["project_key"])


def _write_interval(row: SessionRow) -> timedelta:
    """How long after one sign of life the next is written."""
    if row["ttl_minutes"] is None:
        return WRITE_INTERVAL
    return min(WRITE_INTERVAL, timedelta(minutes=row["ttl_minutes"]) / 2)


def _bring_back(change: Change[CallsResult], row: SessionRow, age: timedelta) -> None:
    """Undoes that the session was noted gone, if the call came within its TTL."""
    if row["ttl_minutes"] is not None and age < timedelta(minutes=row["ttl_minutes"]):
        announce(change, row["session_id"], row, row, _microseconds(age))
        call_activity_hooks(change, row["session_id"])


def _has_called_since_its_end(row: SessionRow | None, age: timedelta) -> bool:
    return row is None or row["ended_at"] is None or row["ended_at"] < row["now"] - age


def _record_activity(change: Change[CallsResult], session_id: str, project_key: str | None) -> None:
    change.record(session_event("session.active", session_id, project_key))
    call_activity_hooks(change, session_id)


def _microseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
