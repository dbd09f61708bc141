"""Heartbeats: a session announces itself, and says that it is still there."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import areas, call_hook, hand_over
from coord.areas.sessions.repository.states import (
    as_answered,
    by_name,
    by_name_inside,
    is_there,
    named,
)
from coord.areas.sessions.rows import Heartbeat, SessionAnswer, SessionFields, SessionRow
from coord.live import Session
from coord.store import Change, Decision, Event, Prepared, Reader, Rows, journal, plus

FIELDS = ("project_key", "agent", "task", "ttl_minutes")

_sessions = Session.__table__
_c = _sessions.c

_own_revision = journal.revision - param("back", type_=sa.BigInteger)
_ago = -param("ago_us", type_=sa.BigInteger)
_reported = param("new_reported_state", type_=_c.reported_state.type)
_REPORT = {
    "reported_state": _reported,
    "reported_since": sa.case((_reported.is_not(None), journal.moment)),
}


def _announce() -> Prepared:
    """Inserts the row.

    Of two that do so at once the second fails on the unique key and decides again.
    """
    values: dict[str, Any] = {
        "revision": _own_revision,
        "session_id": param("named", type_=sa.String),
        **{name: param(name, type_=_c[name].type) for name in FIELDS},
        "started_at": journal.moment,
        "last_seen_at": journal.moment,
        "expires_at": plus(journal.moment, param("ttl_us", type_=sa.BigInteger)),
        **_REPORT,
    }
    return Prepared(sa.insert(_sessions).from_select(list(values), sa.select(*values.values())))


_ANNOUNCE = _announce()

_ANNOUNCE_AGAIN = Prepared(
    sa.update(_sessions)
    .where(named, _c.final_state == param("was"))
    .values(
        revision=_own_revision,
        **{name: param(f"new_{name}", type_=_c[name].type) for name in FIELDS},
        started_at=journal.moment,
        last_seen_at=plus(journal.moment, _ago),
        expires_at=plus(journal.moment, param("ttl_us", type_=sa.BigInteger) + _ago),
        ended_at=sa.null(),
        final_state=sa.null(),
        waiting_for=sa.null(),
        waiting_since=sa.null(),
        **_REPORT,
    )
)
"""A session that had ended, or was gone, announces itself again."""


@lru_cache(maxsize=32)
def _heartbeat(sent: frozenset[str]) -> Prepared:
    """A heartbeat with these fields.

    It does not read their old values: two at once do not undo each other.
    """
    kept_ttl_us = _c.ttl_minutes * 60_000_000
    ttl_us = param("ttl_us", type_=sa.BigInteger) if "ttl_minutes" in sent else kept_ttl_us
    values: dict[str, Any] = {
        name: param(f"new_{name}", type_=_c[name].type) for name in sorted(sent)
    }
    if "reported_state" in sent:
        values |= _REPORT
    return Prepared(
        sa.update(_sessions)
        .where(named, is_there)
        .values(
            {**values, "last_seen_at": journal.moment, "expires_at": plus(journal.moment, ttl_us)}
        )
    )


def _set_waiting(since: sa.ColumnElement[Any], reason: sa.ColumnElement[Any]) -> Prepared:
    values = {"waiting_since": since, "waiting_for": reason}
    return Prepared(sa.update(_sessions).where(named, is_there).values(values))


_LEAVE_NOTE = Prepared(
    sa.update(_sessions)
    .where(named)
    .values(
        handover=param("new_handover", type_=_c.handover.type),
        handover_at=sa.case((param("is_note", type_=sa.Boolean), journal.moment)),
        handed_to=sa.null(),
    )
)


_WAIT = _set_waiting(journal.moment, param("new_waiting_for", type_=_c.waiting_for.type))
_END_WAIT = _set_waiting(sa.null(), sa.null())


def _ttl_us(minutes: float | None) -> int | None:
    return None if minutes is None else round(minutes * 60_000_000)


def heartbeat(
    db: Reader, body: Heartbeat, silent_after_us: int, *, is_checkin: bool = False
) -> Decision[tuple[SessionAnswer, bool]]:
    """`(session, whether it announced itself anew)`.

    A field left out keeps its value, but not beyond a clean end: the name may be another's next. A
    check-in means more to what the session has.
    """
    session_id = body["session_id"]
    sent = {name: value for name, value in body.items() if name in FIELDS}
    row = by_name(db, session_id)
    change: Change[tuple[SessionAnswer, bool]] = Change()
    announced = row is None or row["final_state"] is not None
    previous = None if row is None or announced else row["reported_state"]
    state = body.get("state", _at_work(previous) if is_checkin else previous)
    if row is None or announced:
        kept: Mapping[str, Any] = row if row is not None and row["final_state"] == "gone" else {}
        fields = {name: sent.get(name, kept.get(name)) for name in FIELDS}
        announce(change, session_id, cast(SessionFields, fields), row, state=state)
    else:
        sent |= {"reported_state": state} if state != previous else {}
        new = {f"new_{name}": value for name, value in sent.items()}
        values = {"named": session_id, **new, "ttl_us": _ttl_us(body.get("ttl_minutes"))}
        change.add(_heartbeat(frozenset(sent)), values, expect=1)
    project_key = body.get("project_key", row["project_key"] if row is not None else None)
    if state != previous:
        data = {"state": state, "was": previous}
        change.record(session_event("session.state_reported", session_id, project_key, **data))
    if "handover" in body:
        leave_note(change, row, session_id, project_key, body["handover"])
    elif announced and row is not None:
        hand_over(db, change, session_id, session_id, "you go on under its name")
    wait_changes = _add_human_wait(change, row, body, project_key, is_checkin=is_checkin)
    if not announced and not wait_changes and state == previous:
        change.record(session_event("session.heartbeat", session_id, project_key))
    call_activity_hooks(change, session_id, is_checkin=is_checkin)

    def answer(rows: Rows) -> tuple[SessionAnswer, bool]:
        return as_answered(cast(SessionRow, rows[0]), silent_after_us), announced

    change.answer_with(answer, by_name_inside(), {"named": session_id})
    return change


def leave_note(
    change: Change[Any],
    row: SessionRow | None,
    session_id: str,
    project_key: str | None,
    note: str | None,
) -> None:
    """Adds that the session leaves a note for who comes after it, if it is another than before."""
    if note == (row["handover"] if row is not None else None):
        return
    values = {"named": session_id, "new_handover": note, "is_note": note is not None}
    change.add(_LEAVE_NOTE, values, expect=1)
    change.record(session_event("session.handed_over", session_id, project_key, handover=note))


def _at_work(previous: str | None) -> str | None:
    """The state of a session whose check-in reports none: a turn begins."""
    return previous and "working"


def _add_human_wait(
    change: Change[Any],
    row: SessionRow | None,
    body: Heartbeat,
    project_key: str | None,
    *,
    is_checkin: bool,
) -> bool:
    """Adds that the session waits for a human, or no longer does. Returns whether that is new.

    A check-in begins a turn, so one that does not say otherwise ends the wait.
    """
    was = row["waiting_for"] if row is not None and row["final_state"] is None else None
    wanted = body.get("waiting_for", None if is_checkin else was)
    if wanted == was:
        return False
    session_id = body["session_id"]
    if wanted is None:
        change.add(_END_WAIT, {"named": session_id}, expect=1)
        change.record(session_event("session.wait_ended", session_id, project_key, waiting_for=was))
    else:
        change.add(_WAIT, {"named": session_id, "new_waiting_for": wanted}, expect=1)
        change.record(session_event("session.waiting", session_id, project_key, waiting_for=wanted))
    return True


def announce(
    change: Change[Any],
    session_id: str,
    fields: SessionFields,
    row: SessionRow | None,
    ago_us: int = 0,
    state: str | None = None,
) -> None:
    """Adds that the session announces itself.

    `row`: what is stored of it. `ago_us`: how long ago it called. `state`: what it reports.
    """
    data = {"agent": fields["agent"], "task": fields["task"], "ttl_minutes": fields["ttl_minutes"]}
    nth = change.record(
        session_event("session.announced", session_id, fields["project_key"], **data)
    )
    values: dict[str, Any] = {
        "named": session_id,
        "ttl_us": _ttl_us(fields["ttl_minutes"]),
        "new_reported_state": state,
    }
    if row is None:
        change.add(
            _ANNOUNCE, {**values, "project_key": fields["project_key"], **data}, expect=1, event=nth
        )
        return
    new = {f"new_{name}": value for name, value in data.items()}
    new["new_project_key"] = fields["project_key"]
    values |= {"was": row["final_state"], "ago_us": ago_us, **new}
    change.add(_ANNOUNCE_AGAIN, values, expect=1, event=nth)


def call_activity_hooks(change: Change[Any], session_id: str, *, is_checkin: bool = False) -> None:
    """Asks every area what a sign of life means for what the session has. Raises HookFailed."""
    for area in areas():
        if area.on_activity is not None:
            call_hook(area.name, "on_activity", area.on_activity, change, session_id)
        if is_checkin and area.on_checkin is not None:
            call_hook(area.name, "on_checkin", area.on_checkin, change, session_id)


def session_event(kind: str, session_id: str, project_key: str | None, **data: Any) -> Event:
    return Event(kind, "session", session_id, project_key, session_id, data)
