"""Every SQL statement about sessions but those of a check-in. Functions read, and return a Change or an answer; none of them commits.

All time is the database's. A broken promise is judged where it is asked for, by the clock; that upkeep notes it later only adds what
follows from it. A guard of each says what it was decided upon, so of a heartbeat and the end of a promise one comes first, whole.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import bindparam as param

from coord.area import Notice, Scope, SessionEnd, areas, call_hook
from coord.areas.sessions import changes
from coord.areas.sessions.checkin import Checkin, Section
from coord.areas.sessions.errors import Superseded
from coord.areas.sessions.schemas import ChangeSchema, SessionSchema
from coord.observed_at import is_superseded, not_superseded, refuse_skew
from coord.presence import Session
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Row, Rows, Step, journal, microseconds, now, plus

FIELDS = ("project_key", "agent", "task", "ttl_minutes")
WRITTEN_EVERY = timedelta(minutes=1)  # how often calls count; twice in a promise that is shorter than two of these
MAX_DUE = 100  # sessions noted gone in one round
MAX_TOLD = 50  # sentences in one message

_sessions = Session.__table__
_c = _sessions.c

_there = _c.left_how.is_(None)
_named = _c.session_id == param("named", type_=sa.String)

_BY_NAME = Prepared(sa.select(*_c, now().label("now")).where(_named))
_NOW = Prepared(sa.select(now().label("now")))
_BY_NAME_INSIDE = Prepared(sa.select(*_c, journal.moment.label("now")).where(_named))


def silent_us() -> int:
    """How long a session that promised nothing may be without a sign of life before it counts as silent."""
    return microseconds(hours=current_app.config["STALE_AFTER_HOURS"])


# --- what is seen ----------------------------------------------------------------------------------------------------------------


def shown(row: Row, silent_after_us: int) -> Row:
    """A row as it is answered. One that broke its promise is gone since then, whether or not upkeep has noted it."""
    state = row["left_how"]
    if state is None and row["expires_at"] is None:
        silent = row["last_seen_at"] <= row["now"] - timedelta(microseconds=silent_after_us)
        return {**row, "state": "silent" if silent else "alive"}
    if state is None and row["expires_at"] <= row["now"]:
        return {**row, "state": "gone", "left_at": row["expires_at"]}
    return {**row, "state": state or "alive"}


def _in_state() -> dict[str, list[sa.ColumnElement[bool]]]:
    """The states, each as ranges of left_how."""
    silent_since = plus(now(), -param("silent_us", type_=sa.BigInteger))
    without_promise = sa.and_(_there, _c.expires_at.is_(None))
    return {
        "alive": [sa.and_(_there, _c.expires_at > now()), sa.and_(without_promise, _c.last_seen_at > silent_since)],
        "silent": [sa.and_(without_promise, _c.last_seen_at <= silent_since)],
        "gone": [sa.and_(_there, _c.expires_at <= now()), _c.left_how == sa.literal("gone")],
        "ended": [_c.left_how == sa.literal("ended")],
    }


@lru_cache(maxsize=64)
def _listing(states: frozenset[str] | None, in_project: bool, paged: bool) -> Prepared:
    query = sa.select(*_c, now().label("now")).order_by(_c.revision.desc()).limit(param("most", type_=sa.Integer))
    wanted = [part for state, parts in _in_state().items() for part in parts if states is not None and state in states]
    query = query.where(_there if states is None else sa.or_(*wanted))
    if in_project:
        query = query.where(_c.project_key == param("project_key"))
    if paged:
        query = query.where(_c.revision < param("after"))
    return Prepared(query)


def find(db: Reader, project_key: str | None, states: Sequence[str] | None, after: int | None, limit: int, silent_after_us: int) -> Rows:
    """`limit + 1` sessions at most, the one that announced itself last first, older than the revision `after`."""
    listing = _listing(frozenset(states) if states else None, project_key is not None, after is not None)
    rows = db.rows(listing, project_key=project_key, after=after, most=limit + 1, silent_us=silent_after_us)
    return [shown(row, silent_after_us) for row in rows]


@lru_cache(maxsize=2)
def _counting(in_project: bool) -> Prepared:
    mine = [_c.project_key == param("project_key")] if in_project else []

    def number(conditions: Iterable[sa.ColumnElement[bool]]) -> Any:
        parts = [sa.select(sa.func.count()).select_from(_sessions).where(each, *mine).scalar_subquery() for each in conditions]
        return sum(parts[1:], start=parts[0])

    return Prepared(sa.select(*(number(parts).label(state) for state, parts in _in_state().items() if state != "ended")))


def count(db: Reader, project_key: str | None, silent_after_us: int) -> dict[str, int]:
    """How many sessions are alive, silent and gone, exactly."""
    found = db.row(_counting(project_key is not None), project_key=project_key, silent_us=silent_after_us)
    return {state: int(number) for state, number in (found or {}).items()}


# --- signs of life ---------------------------------------------------------------------------------------------------------------

_own_revision = journal.revision - param("back", type_=sa.BigInteger)
_kept_promise = _c.ttl_minutes * 60_000_000  # microseconds
_ago = -param("ago_us", type_=sa.BigInteger)


def _announce() -> Prepared:
    """Inserts the row. Of two that do so at once the second fails on the unique key, and looks again."""
    values: dict[str, Any] = {
        "revision": _own_revision,
        "session_id": param("named", type_=sa.String),
        **{name: param(name, type_=_c[name].type) for name in FIELDS},
        "started_at": journal.moment,
        "last_seen_at": journal.moment,
        "expires_at": plus(journal.moment, param("ttl_us", type_=sa.BigInteger)),
    }
    return Prepared(sa.insert(_sessions).from_select(list(values), sa.select(*values.values())))


_ANNOUNCE = _announce()

_RETURN = Prepared(
    sa.update(_sessions)
    .where(_named, _c.left_how == param("was"))
    .values(
        revision=_own_revision,
        **{name: param(f"new_{name}", type_=_c[name].type) for name in FIELDS},
        started_at=journal.moment,
        last_seen_at=plus(journal.moment, _ago),
        expires_at=plus(journal.moment, param("ttl_us", type_=sa.BigInteger) + _ago),
        left_at=sa.null(),
        left_how=sa.null(),
    )
)
"""A session that had left announces itself again."""


@lru_cache(maxsize=16)
def _heartbeat(given: frozenset[str]) -> Prepared:
    """A heartbeat with these fields. No look at their old values: two heartbeats at once do not undo each other's."""
    ttl_us = param("ttl_us", type_=sa.BigInteger) if "ttl_minutes" in given else _kept_promise
    values = {name: param(f"new_{name}", type_=_c[name].type) for name in sorted(given)}
    return Prepared(
        sa.update(_sessions)
        .where(_named, _there)
        .values({**values, "last_seen_at": journal.moment, "expires_at": plus(journal.moment, ttl_us)})
    )


_ACTIVE = Prepared(
    sa.update(_sessions)
    .where(_named, _there, _c.last_seen_at < plus(journal.moment, _ago))
    .values(last_seen_at=plus(journal.moment, _ago), expires_at=plus(journal.moment, _kept_promise + _ago))
)
"""A call some time ago. It counts from then on, unless something newer is known."""

_LAST_CHANGE = Prepared(sa.select(journal.last_seen(param("named", type_=sa.String)).label("at")))


def _ttl_us(minutes: float | None) -> int | None:
    return None if minutes is None else round(minutes * 60_000_000)


def heartbeat(db: Reader, body: Row, silent_after_us: int, *, renews: bool = False) -> Decision[tuple[Row, bool]]:
    """`(session, whether it announced itself anew)`. A field left out keeps its value, but not beyond a clean end: a name may be another's next.

    `renews`: a check-in, which means more to what the session has.
    """
    session_id = body["session_id"]
    given = {name: body[name] for name in FIELDS if name in body}
    row = db.row(_BY_NAME, named=session_id)
    change: Change[tuple[Row, bool]] = Change()
    announced = row is None or row["left_how"] is not None
    if row is None or announced:
        kept = {name: row[name] if row is not None and row["left_how"] == "gone" else None for name in FIELDS}
        _announce_anew(change, session_id, {**kept, **given}, row)
    else:
        new = {f"new_{name}": value for name, value in given.items()}
        change.add(_heartbeat(frozenset(given)), {"named": session_id, **new, "ttl_us": _ttl_us(given.get("ttl_minutes"))}, expect=1)
        change.record(_event("session.heartbeat", session_id, {**row, **given}))
    _on_activity(change, session_id, renews=renews)
    change.answer_with(lambda rows: (shown(rows[0], silent_after_us), announced), _BY_NAME_INSIDE, {"named": session_id})
    return change


def _announce_anew(change: Change[Any], session_id: str, fields: Row, row: Row | None, ago_us: int = 0) -> None:
    told = {name: fields[name] for name in ("agent", "task", "ttl_minutes")}
    nth = change.record(_event("session.announced", session_id, fields, **told))
    ttl_us = _ttl_us(fields["ttl_minutes"])
    if row is None:
        change.add(_ANNOUNCE, {"named": session_id, **fields, "ttl_us": ttl_us}, expect=1, event=nth)
        return
    new = {f"new_{name}": fields[name] for name in FIELDS}
    change.add(_RETURN, {"named": session_id, "was": row["left_how"], **new, "ttl_us": ttl_us, "ago_us": ago_us}, expect=1, event=nth)


def _on_activity(change: Change[Any], session_id: str, *, renews: bool = False) -> None:
    for area in areas():
        if area.on_activity is not None:
            call_hook(area.name, "on_activity", area.on_activity, change, session_id)
        if renews and area.on_checkin is not None:
            call_hook(area.name, "on_checkin", area.on_checkin, change, session_id)


def _event(kind: str, session_id: str, row: Mapping[str, Any], **data: Any) -> Event:
    return Event(kind, "session", session_id, row["project_key"], session_id, data)


@dataclass(frozen=True)
class CallsResult:
    """What became of noted calls: those that came `too_early` are to be noted further; `asked` is who was looked up and has no promise."""

    too_early: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def active(db: Reader, calls: Mapping[str, float], skipped: Collection[str]) -> Decision[CallsResult]:
    """Writes down calls, each made at a time of time.monotonic(): CallsResult.

    A call counts for a session that is there, and brings back one that was noted gone although the call had kept its promise. Of others
    only those count that have ever changed something: what they hold may depend on it. `skipped`: asked for within the minute.
    """
    rows = {row["session_id"]: row for row in db.rows(sa.select(*_c, now().label("now")).where(_c.session_id.in_(list(calls))))}
    change: Change[CallsResult] = Change()
    result = CallsResult()
    ages = {name: timedelta(seconds=max(0.0, time.monotonic() - at)) for name, at in calls.items()}
    for session_id, age in ages.items():
        row = rows.get(session_id)
        ago_us = age // timedelta(microseconds=1)
        if row is None or row["left_how"] == "ended":
            if session_id in skipped:
                result.too_early.append(session_id)
                continue
            result.asked.append(session_id)
            if (row is None or row["left_at"] < row["now"] - age) and db.value(_LAST_CHANGE, named=session_id) is not None:
                _record_active(change, session_id, {"project_key": None})
        elif row["left_how"] == "gone":
            if age < timedelta(minutes=row["ttl_minutes"]):
                _announce_anew(change, session_id, row, row, ago_us)
                _on_activity(change, session_id)
        elif row["last_seen_at"] < row["now"] - age:
            if row["now"] - row["last_seen_at"] < _rest(row):
                result.too_early.append(session_id)
            else:
                change.add(_ACTIVE, {"named": session_id, "ago_us": ago_us}, expect=1)
                _record_active(change, session_id, row)
    change.answer_with(lambda _: result)
    return change if change.events else Answer(result)


def _rest(row: Row) -> timedelta:
    """How long after one sign of life the next is result."""
    return WRITTEN_EVERY if row["ttl_minutes"] is None else min(WRITTEN_EVERY, timedelta(minutes=row["ttl_minutes"]) / 2)


def _record_active(change: Change[Any], session_id: str, row: Row) -> None:
    change.record(_event("session.active", session_id, row))
    _on_activity(change, session_id)


# --- leaving ---------------------------------------------------------------------------------------------------------------------

_DUE = Prepared(
    sa.select(_c.session_id).where(_there, _c.expires_at <= now()).order_by(_c.expires_at).limit(param("most", type_=sa.Integer))
)
_broken = sa.and_(_named, _there, _c.expires_at <= journal.moment)
_GONE = Prepared(sa.update(_sessions).where(_broken).values(left_at=_c.expires_at, left_how="gone"))
_STILL_BROKEN = Prepared(sa.update(_sessions).where(_broken).values(session_id=_c.session_id))
"""Touches the row of a session that has not come back: a guard."""

_not_back = sa.and_(_named, sa.or_(_there, _c.left_how == sa.literal("gone")), not_superseded(_c.last_seen_at))
_END = Prepared(sa.update(_sessions).where(_not_back).values(left_at=journal.moment, left_how="ended"))
_STILL_NOT_BACK = Prepared(sa.update(_sessions).where(_not_back).values(session_id=_c.session_id))
"""Touches the row of a session that has not ended, and was not seen since its end was decided: a guard."""


@dataclass(frozen=True)
class EndResult:
    """What a change made of a session that leaves. `incomplete`: it is to be asked for again."""

    session: Row | None = None
    ended: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    incomplete: bool = False


def end(db: Reader, session_id: str, silent_after_us: int, observed: datetime | None) -> Decision[EndResult]:
    """Ends the session, and what it has. Raises Invalid and Superseded. May be repeated; works for one that never announced itself."""
    row = db.row(_BY_NAME, named=session_id)
    if observed is not None:
        refuse_skew(observed, row["now"] if row else db.value(_NOW))
    there = row is not None and row["left_how"] != "ended"
    if row is not None and there and is_superseded(observed, row["last_seen_at"]):
        raise Superseded(shown(row, silent_after_us))
    end = _ask_areas(db, SessionEnd(session_id, False, Change(), observed_at=observed))
    change = end.change
    if there:
        guard = _STILL_NOT_BACK if end.incomplete else _END
        change.steps.insert(0, Step(guard, {"named": session_id, "new_observed_at": observed}, 1))
    if not end.incomplete and (there or change.events):
        change.record(_event("session.ended", session_id, row or {"project_key": None}))
    if not change.events:
        return Answer(EndResult(shown(row, silent_after_us) if row else None, False, end.counts))
    change.answer_with(
        lambda rows: EndResult(shown(rows[0], silent_after_us) if rows else None, True, end.counts, end.incomplete),
        _BY_NAME_INSIDE,
        {"named": session_id},
    )
    return change


def due(db: Reader) -> list[str]:
    """Sessions that have broken their promise, as far as is known here, and are not yet noted gone."""
    return [row["session_id"] for row in db.rows(_DUE, most=MAX_DUE)]


def note_gone(db: Reader, session_id: str) -> Decision[EndResult]:
    """Notes that the session is gone, and what follows. Nothing when it has come back, or another was faster."""
    row = db.row(_BY_NAME, named=session_id)
    if row is None or row["left_how"] is not None or row["expires_at"] is None or row["expires_at"] > row["now"]:
        return Answer(EndResult())
    end = _ask_areas(db, SessionEnd(session_id, True, Change()))
    change = end.change
    change.steps.insert(0, Step(_STILL_BROKEN if end.incomplete else _GONE, {"named": session_id}, 1))
    if not end.incomplete:
        told = {name: row[name] for name in ("agent", "task", "ttl_minutes")}
        seen = _text(row["last_seen_at"])
        change.record(Event("session.gone", "session", session_id, row["project_key"], None, {**told, "last_seen_at": seen}))
    _notify_affected(change, end, row)
    change.answer_with(lambda _: EndResult(ended=not end.incomplete, counts=end.counts, incomplete=end.incomplete))
    return change


def _ask_areas(db: Reader, end: SessionEnd) -> SessionEnd:
    """What the areas make of it. While one of them leaves `more`, the session has not left yet: should nobody go on, it is due again."""
    for area in areas():
        if area.on_session_end is not None:
            call_hook(area.name, "on_session_end", area.on_session_end, db, end)
    return end


def _notify_affected(change: Change[Any], end: SessionEnd, row: Row) -> None:
    """A message to each session that the end touches, through the area that delivers."""
    carrier, deliver = next(((area.name, area.deliver) for area in areas() if area.deliver is not None), ("", None))
    if deliver is None:
        return
    name = end.session_id
    why = (
        f"{name} promised to call again within {row['ttl_minutes']:g} minutes and did not: it was last seen at {_text(row['last_seen_at'])}, "
        f"and counts as gone since {_text(row['expires_at'])}."
    )
    for session_id, sentences in sorted(end.affected.items()):
        further = [f"And {len(sentences) - MAX_TOLD} more."] if len(sentences) > MAX_TOLD else []
        call_hook(
            carrier, "deliver", deliver, change, Notice(session_id, f"{name} is gone", "\n".join([why, *sentences[:MAX_TOLD], *further]))
        )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


# --- checking in -----------------------------------------------------------------------------------------------------------------


def checkin(db: Reader, session: Row, after: int | None) -> Checkin:
    """What the session should know now. Where the journal stands is read first, so what comes meanwhile is told next time."""
    head = db.row(journal.HEAD) or {"revision": 0, "trimmed": 0}
    scope = Scope(session["project_key"], session["session_id"])
    parts = sorted((area.checkin for area in areas() if area.checkin is not None), key=lambda part: part.rank)
    sections = []
    for part in parts:
        rows, total = call_hook(part.name, "checkin.read", part.read, db, scope)
        sections.append(Section(part.name, part.heading, part.item(many=True).dump(rows), total, part.line, part.texts, part.volatile))
    lost = after is not None and not head["trimmed"] <= after <= head["revision"]
    rows, total = [], 0
    if after is not None and not lost:
        rows, total = changes.since(db, after, head["revision"], scope.project_key, session["session_id"])
    sections.append(Section("changes", "changed by others", ChangeSchema(many=True).dump(rows), total, _change_line))
    return Checkin(SessionSchema().dump(session), sections, head["revision"], lost)


def _change_line(change: Mapping[str, Any]) -> str:
    return f"{change['at'][:19]}Z {change['session_id'] or '-'} {change['type']}: {change['what']}"
