"""What state a session is in: of a row, and as ranges of an index for lists and counts.

That it ended, is gone or fell silent goes before all else; then what it waits for, and then what it
says of itself. Who waits for a lock is known to the area that has the waiters (`Area.waiters`): it
is looked up by the statement that reads the session, so nobody notes it anywhere.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import bindparam as param

from coord.area import areas, call_hook
from coord.areas.sessions.rows import REPORTED_STATES, SessionAnswer, SessionRow
from coord.live import Session, presence
from coord.store import Prepared, Range, Reader, journal, microseconds, now, plus

_sessions = Session.__table__
_c = _sessions.c

Waiters = tuple[tuple[str, Callable[[], sa.Select[tuple[str]]]], ...]
"""Of each area that has waiters, its name and the hook that says whose calls they are."""

is_there = _c.final_state.is_(None)
named = _c.session_id == param("named", type_=sa.String)

HUMAN_WAIT_HOURS = 24  # who waits calls nothing, and a person may have gone to bed


def silent_us() -> int:
    """How long a session that promised nothing may be without a sign of life before it counts as
    silent.
    """
    return microseconds(hours=current_app.config["STALE_AFTER_HOURS"])


def waiters_of_areas() -> Waiters:
    return tuple((area.name, area.waiters) for area in areas() if area.waiters is not None)


def waiting_sessions(waiters: Waiters) -> list[sa.Select[tuple[str]]]:
    """Raises HookFailed."""
    return [call_hook(area, "waiters", hook) for area, hook in waiters]


def _waits(waiters: Waiters) -> sa.ColumnElement[bool]:
    """Whether a call of the session is one of the waiters. Not by EXISTS, for which MariaDB would
    first list all that wait.
    """
    own = (
        names.where(names.selected_columns.session_id == _c.session_id)
        .limit(1)
        .correlate(_sessions)
        for names in waiting_sessions(waiters)
    )
    return sa.or_(sa.false(), *(name.scalar_subquery().is_not(None) for name in own))


def columns(
    waiters: Waiters, clock: sa.ColumnElement[datetime] | None = None
) -> list[sa.ColumnElement[object]]:
    """What is read of a session; `clock`: what time it is."""
    at = now() if clock is None else clock
    return [*_c, at.label("now"), _waits(waiters).label("waits_for_lock")]


def by_name(db: Reader, session_id: str) -> SessionRow | None:
    return cast(SessionRow | None, db.row(_by_name(waiters_of_areas()), named=session_id))


@lru_cache(maxsize=8)
def _by_name(waiters: Waiters) -> Prepared:
    return Prepared(sa.select(*columns(waiters)).where(named))


def by_name_inside() -> Prepared:
    """The session, inside a change."""
    return _by_name_inside(waiters_of_areas())


@lru_cache(maxsize=8)
def _by_name_inside(waiters: Waiters) -> Prepared:
    return Prepared(sa.select(*columns(waiters, journal.moment)).where(named))


def ages(silent_after_us: int) -> dict[str, int]:
    return {
        "silent_us": silent_after_us,
        "waiting_us": max(silent_after_us, microseconds(hours=HUMAN_WAIT_HOURS)),
    }


def as_answered(row: SessionRow, silent_after_us: int) -> SessionAnswer:
    """One that broke its promise is gone since then, whether or not that has been noted."""
    if row["final_state"] is not None:
        return _as_ended(row, row["final_state"], row["ended_at"])
    if row["expires_at"] is not None and row["expires_at"] <= row["now"]:
        return _as_ended(row, "gone", row["expires_at"])
    is_waiting = row["waiting_since"] is not None
    age = timedelta(microseconds=ages(silent_after_us)["waiting_us" if is_waiting else "silent_us"])
    if row["expires_at"] is None and row["last_seen_at"] <= row["now"] - age:
        return {**row, "state": "silent", "state_since": None}
    if is_waiting:
        return {**row, "state": "waiting_for_human", "state_since": row["waiting_since"]}
    if row["waits_for_lock"]:
        return {**row, "state": "waiting_for_lock", "state_since": None}
    return {**row, "state": row["reported_state"] or "alive", "state_since": row["reported_since"]}


def _as_ended(row: SessionRow, state: str, ended_at: datetime | None) -> SessionAnswer:
    """Whoever has ended, or is gone, waits for nobody."""
    return {
        **row,
        "waiting_for": None,
        "waiting_since": None,
        "state": state,
        "state_since": None,
        "ended_at": ended_at,
    }


def conditions(waiters: Waiters) -> dict[str, list[sa.ColumnElement[bool]]]:
    """The states, each as ranges of final_state. `at_work` are those that are neither silent nor
    gone and wait for no human.
    """
    silent_since, lost_since = (
        plus(now(), -param(age, type_=sa.BigInteger)) for age in ("silent_us", "waiting_us")
    )
    without_promise = sa.and_(is_there, _c.expires_at.is_(None))
    is_waiting = _c.waiting_since.is_not(None)

    def active_since(moment: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
        return sa.or_(
            _c.expires_at > now(), sa.and_(_c.expires_at.is_(None), _c.last_seen_at > moment)
        )

    at_work = sa.and_(is_there, ~is_waiting, active_since(silent_since))
    unseen_for_long = sa.or_(
        sa.and_(~is_waiting, _c.last_seen_at <= silent_since), _c.last_seen_at <= lost_since
    )
    free = sa.and_(at_work, ~_waits(waiters))
    return {
        "at_work": [at_work],
        "alive": [sa.and_(_c.reported_state.is_(None), free)],
        **{
            state: [sa.and_(_c.reported_state == sa.literal(state), free)]
            for state in REPORTED_STATES
        },
        "waiting_for_lock": [sa.and_(at_work, _waits(waiters))],
        "waiting_for_human": [sa.and_(is_there, is_waiting, active_since(lost_since))],
        "silent": [sa.and_(without_promise, unseen_for_long)],
        "gone": [sa.and_(is_there, _c.expires_at <= now()), _c.final_state == sa.literal("gone")],
        "ended": [_c.final_state == sa.literal("ended")],
    }


def ranges(waiters: Waiters, *, in_project: bool) -> dict[str, list[Range]]:
    """Sessions that are there are one range, newest first, and one for each state that they report;
    those that ended, and those that are gone, are ranges of their own.
    """
    parts = conditions(waiters)
    newest = "ix_sessions_there" if in_project else "ix_sessions_by_state"
    by_report = presence.index_of_reported_states(in_project=in_project)
    missed, noted = parts["gone"]
    return {
        "there": [Range([is_there], newest)],
        **{state: [Range(parts[state], by_report)] for state in ("alive", *REPORTED_STATES)},
        "waiting_for_lock": [Range(parts["waiting_for_lock"], newest)],
        "waiting_for_human": [Range(parts["waiting_for_human"], "ix_sessions_waiting")],
        "silent": [Range(parts["silent"], newest if in_project else "ix_sessions_due")],
        "gone": [Range([missed], "ix_sessions_due"), Range([noted], newest)],
        "noted": [Range([noted], newest)],
        "ended": [Range(parts["ended"], newest)],
    }
