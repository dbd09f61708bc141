"""Ends of sessions: those that end by themselves, and those that are gone."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import Notice, SessionEnd, areas, call_hook, deliver
from coord.areas.sessions.errors import Superseded
from coord.areas.sessions.repository.heartbeats import leave_note, session_event
from coord.areas.sessions.repository.states import (
    as_answered,
    by_name,
    by_name_inside,
    is_there,
    named,
)
from coord.areas.sessions.rows import EndCall, SessionAnswer, SessionRow
from coord.errors import Invalid
from coord.live import Session
from coord.observed_at import is_superseded, not_superseded, refuse_skew
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Rows, Step, journal, now

NO_PLACE = "'{name}' never announced itself, so there is no place for it: check in with it first."
MAX_DUE = 100  # sessions noted gone in one round
MAX_SENTENCES = 50  # in one message

_sessions = Session.__table__
_c = _sessions.c

_NOW = Prepared(sa.select(now().label("now")))

_limit = param("most", type_=sa.Integer)
_DUE = Prepared(
    sa.select(_c.session_id)
    .where(is_there, _c.expires_at <= now())
    .order_by(_c.expires_at)
    .limit(_limit)
)

_broken = sa.and_(named, is_there, _c.expires_at <= journal.moment)
_NOTE_GONE = Prepared(
    sa.update(_sessions).where(_broken).values(ended_at=_c.expires_at, final_state="gone")
)
_STILL_BROKEN = Prepared(sa.update(_sessions).where(_broken).values(session_id=_c.session_id))
"""Touches the row of a session that has not come back: a guard."""

_may_end = sa.or_(is_there, _c.final_state == sa.literal("gone"))
_not_back = sa.and_(named, _may_end, not_superseded(_c.last_seen_at))
_END = Prepared(
    sa.update(_sessions).where(_not_back).values(ended_at=journal.moment, final_state="ended")
)
_STILL_NOT_BACK = Prepared(sa.update(_sessions).where(_not_back).values(session_id=_c.session_id))
"""Touches the row of a session that has not ended, and was not seen since its end was decided: a
guard.
"""


@dataclass(frozen=True)
class EndResult:
    """What a change made of a session that ends. `incomplete`: it must be asked for again."""

    session: SessionAnswer | None = None
    ended: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    incomplete: bool = False


def end(db: Reader, call: EndCall, silent_after_us: int) -> Decision[EndResult]:
    """Ends the session, and what it has. Raises Invalid, Superseded and HookFailed.

    May be repeated; works for a session that never announced itself.
    """
    session_id, observed_at = call["session_id"], call["observed_at"]
    row = by_name(db, session_id)
    if observed_at is not None:
        refuse_skew(observed_at, row["now"] if row is not None else db.value(_NOW))
    may_end = row is not None and row["final_state"] != "ended"
    if row is not None and may_end and is_superseded(observed_at, row["last_seen_at"]):
        raise Superseded(as_answered(row, silent_after_us))
    change: Change[EndResult] = Change()
    session_end = SessionEnd(session_id, False, change, observed_at=observed_at)
    _call_end_hooks(db, session_end)
    if may_end:
        guard = _STILL_NOT_BACK if session_end.incomplete else _END
        change.steps.insert(
            0, Step(guard, {"named": session_id, "new_observed_at": observed_at}, 1)
        )
    project_key = row["project_key"] if row is not None else None
    is_end = may_end or bool(change.events)
    if "handover" in call:
        if row is None:
            raise Invalid({"handover": [NO_PLACE.format(name=session_id)]})
        leave_note(change, row, session_id, project_key, call["handover"])
    if not session_end.incomplete and is_end:
        change.record(session_event("session.ended", session_id, project_key))
    if not change.events:
        session = as_answered(row, silent_after_us) if row is not None else None
        return Answer(EndResult(session, False, session_end.counts))

    def answer(rows: Rows) -> EndResult:
        session = as_answered(cast(SessionRow, rows[0]), silent_after_us) if rows else None
        return EndResult(session, is_end, session_end.counts, session_end.incomplete)

    change.answer_with(answer, by_name_inside(), {"named": session_id})
    return change


def find_due(db: Reader) -> list[str]:
    """Sessions that have broken their promise and are not noted gone yet."""
    return [row["session_id"] for row in db.rows(_DUE, most=MAX_DUE)]


def note_gone(db: Reader, session_id: str) -> Decision[EndResult]:
    """Notes that the session is gone, and what follows. Raises HookFailed.

    Changes nothing when it has come back, or another worker was faster.
    """
    row = by_name(db, session_id)
    if row is None or row["final_state"] is not None or not _has_broken_its_promise(row):
        return Answer(EndResult())
    change: Change[EndResult] = Change()
    session_end = SessionEnd(session_id, True, change)
    _call_end_hooks(db, session_end)
    guard = _STILL_BROKEN if session_end.incomplete else _NOTE_GONE
    change.steps.insert(0, Step(guard, {"named": session_id}, 1))
    if not session_end.incomplete:
        data = {
            "agent": row["agent"],
            "task": row["task"],
            "ttl_minutes": row["ttl_minutes"],
            "last_seen_at": _to_the_second(row["last_seen_at"]),
        }
        change.record(Event("session.gone", "session", session_id, row["project_key"], None, data))
    _notify_affected(change, session_end, row)
    complete = not session_end.incomplete
    change.answer_with(
        lambda _: EndResult(None, complete, session_end.counts, session_end.incomplete)
    )
    return change


def _has_broken_its_promise(row: SessionRow) -> bool:
    return row["expires_at"] is not None and row["expires_at"] <= row["now"]


def _call_end_hooks(db: Reader, session_end: SessionEnd) -> None:
    """Lets every area add what becomes of what the session had.

    While one of them says `incomplete`, the session has not ended yet: should nobody go on, it is
    due again.
    """
    for area in areas():
        if area.on_session_end is not None:
            call_hook(area.name, "on_session_end", area.on_session_end, db, session_end)


def _notify_affected(change: Change[Any], session_end: SessionEnd, row: SessionRow) -> None:
    """Adds a message to each session that the end affects."""
    if row["expires_at"] is None:
        return
    name = session_end.session_id
    reason = (
        f"{name} promised to call again within {row['ttl_minutes']:g} minutes and did not: it was"
        f" last seen at {_to_the_second(row['last_seen_at'])}, and counts as gone since"
        f" {_to_the_second(row['expires_at'])}."
    )
    for session_id, sentences in sorted(session_end.affected.items()):
        omitted = len(sentences) - MAX_SENTENCES
        more = [f"And {omitted} more."] if omitted > 0 else []
        body = "\n".join([reason, *sentences[:MAX_SENTENCES], *more])
        deliver(change, Notice(session_id, f"{name} is gone", body))


def _to_the_second(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
