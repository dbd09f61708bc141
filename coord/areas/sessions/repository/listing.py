"""Sessions as they are shown, and how many there are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import bindparam as param

from coord.areas.sessions.rows import SessionAnswer, SessionRow
from coord.live import Session
from coord.store import Prepared, Range, Reader, along, first_of, microseconds, now, plus

_sessions = Session.__table__
_c = _sessions.c

is_there = _c.final_state.is_(None)
named = _c.session_id == param("named", type_=sa.String)

HUMAN_WAIT_HOURS = 24  # who waits calls nothing, and a person may have gone to bed

BY_NAME = Prepared(sa.select(*_c, now().label("now")).where(named))


def silent_us() -> int:
    """How long a session that promised nothing may be without a sign of life before it counts as
    silent.
    """
    return microseconds(hours=current_app.config["STALE_AFTER_HOURS"])


def by_name(db: Reader, session_id: str) -> SessionRow | None:
    return cast(SessionRow | None, db.row(BY_NAME, named=session_id))


def _ages(silent_after_us: int) -> dict[str, int]:
    return {
        "silent_us": silent_after_us,
        "waiting_us": max(silent_after_us, microseconds(hours=HUMAN_WAIT_HOURS)),
    }


def as_answered(row: SessionRow, silent_after_us: int) -> SessionAnswer:
    """One that broke its promise is gone since then, whether or not that has been noted."""
    if row["final_state"] is not None:
        return _as_left(row, row["final_state"], row["ended_at"])
    if row["expires_at"] is not None and row["expires_at"] <= row["now"]:
        return _as_left(row, "gone", row["expires_at"])
    is_waiting = row["waiting_since"] is not None
    age = timedelta(
        microseconds=_ages(silent_after_us)["waiting_us" if is_waiting else "silent_us"]
    )
    if row["expires_at"] is None and row["last_seen_at"] <= row["now"] - age:
        return {**row, "state": "silent"}
    return {**row, "state": "waiting_for_human" if is_waiting else "alive"}


def _as_left(row: SessionRow, state: str, ended_at: datetime | None) -> SessionAnswer:
    """Who has left waits for nobody."""
    return {
        **row,
        "waiting_for": None,
        "waiting_since": None,
        "state": state,
        "ended_at": ended_at,
    }


def _conditions_of_states() -> dict[str, list[sa.ColumnElement[bool]]]:
    """The states, each as ranges of final_state."""
    silent_since, lost_since = (
        plus(now(), -param(age, type_=sa.BigInteger)) for age in ("silent_us", "waiting_us")
    )
    keeps_promise = sa.and_(is_there, _c.expires_at > now())
    without_promise = sa.and_(is_there, _c.expires_at.is_(None))
    is_waiting = _c.waiting_since.is_not(None)
    unseen_for_long = sa.or_(
        sa.and_(~is_waiting, _c.last_seen_at <= silent_since), _c.last_seen_at <= lost_since
    )
    return {
        "alive": [
            sa.and_(keeps_promise, ~is_waiting),
            sa.and_(without_promise, ~is_waiting, _c.last_seen_at > silent_since),
        ],
        "waiting_for_human": [
            sa.and_(
                *(is_there, is_waiting),
                sa.or_(
                    _c.expires_at > now(),
                    sa.and_(_c.expires_at.is_(None), _c.last_seen_at > lost_since),
                ),
            )
        ],
        "silent": [sa.and_(without_promise, unseen_for_long)],
        "gone": [sa.and_(is_there, _c.expires_at <= now()), _c.final_state == sa.literal("gone")],
        "ended": [_c.final_state == sa.literal("ended")],
    }


def _ranges_of_states(*, in_project: bool) -> dict[str, list[Range]]:
    """What is there is met on the way along the newest; of what has ended, and what is gone, each
    is a range of its own.
    """
    parts = _conditions_of_states()
    newest = "ix_sessions_there" if in_project else "ix_sessions_by_state"
    missed, noted = parts["gone"]
    return {
        "alive": [Range([is_there, sa.or_(*parts["alive"])], newest)],
        "waiting_for_human": [Range(parts["waiting_for_human"], "ix_sessions_waiting")],
        "silent": [Range(parts["silent"], newest if in_project else "ix_sessions_due")],
        "gone": [Range([missed], "ix_sessions_due"), Range([noted], newest)],
        "ended": [Range(parts["ended"], newest)],
    }


@lru_cache(maxsize=64)
def _listing(states: frozenset[str] | None, in_project: bool, paged: bool) -> Prepared:
    common: list[sa.ColumnElement[bool]] = []
    if in_project:
        common.append(_c.project_key == param("project_key"))
    if paged:
        common.append(_c.revision < param("after"))
    by_state = _ranges_of_states(in_project=in_project)
    there = Range([is_there], "ix_sessions_there" if in_project else "ix_sessions_by_state")
    parts = (
        [there]
        if states is None
        else [part for state in sorted(states) for part in by_state[state]]
    )
    ranges = [Range([*part.conditions, *common], part.index) for part in parts]
    most = param("most", type_=sa.Integer)
    query = first_of(_sessions, ranges, ["revision"], most, newest_first=True)
    return Prepared(query.add_columns(now().label("now")))


def find(
    db: Reader,
    project_key: str | None,
    states: Sequence[str] | None,
    after: int | None,
    limit: int,
    silent_after_us: int,
) -> list[SessionAnswer]:
    """`limit + 1` sessions at most, the one that announced itself last first, older than the
    revision `after`.
    """
    listing = _listing(
        frozenset(states) if states else None, project_key is not None, after is not None
    )
    values = {"project_key": project_key, "after": after, **_ages(silent_after_us)}
    rows = db.rows(listing, most=limit + 1, **values)
    return [as_answered(row, silent_after_us) for row in cast(list[SessionRow], rows)]


def find_named(db: Reader, names: Sequence[str], silent_after_us: int) -> list[SessionAnswer]:
    """Those of the sessions that announced themselves and have not ended, in no order."""
    not_ended = sa.func.coalesce(_c.final_state, "") != "ended"
    rows = db.rows(sa.select(*_c, now().label("now")).where(_c.session_id.in_(names), not_ended))
    return [as_answered(row, silent_after_us) for row in cast(list[SessionRow], rows)]


@lru_cache(maxsize=2)
def _counting(in_project: bool) -> Prepared:
    """No row is read of a session that is alive as it promised: those are what is left of all."""
    scope = [_c.project_key == param("project_key", type_=sa.String)] if in_project else []
    parts = _conditions_of_states()
    (waiting,), (silent,) = parts["waiting_for_human"], parts["silent"]
    missed, noted = parts["gone"]
    by_scope = "ix_sessions_there" if in_project else "ix_sessions_by_state"

    def number(index: str, condition: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        query = sa.select(sa.func.count()).select_from(_sessions).where(condition, *scope)
        return along(query, _sessions, index).scalar_subquery()

    return Prepared(
        sa.select(
            number(by_scope, is_there).label("there"),
            number("ix_sessions_due", silent).label("silent"),
            number("ix_sessions_waiting", waiting).label("waiting"),
            number("ix_sessions_due", missed).label("missed"),
            number(by_scope, noted).label("noted"),
        )
    )


def count(db: Reader, project_key: str | None, silent_after_us: int) -> dict[str, int]:
    """How many sessions are alive, wait for a human, are silent and gone, exactly."""
    values = {"project_key": project_key, **_ages(silent_after_us)}
    (row,) = db.rows(_counting(project_key is not None), **values)
    return {
        "alive": row["there"] - row["waiting"] - row["silent"] - row["missed"],
        "waiting_for_human": row["waiting"],
        "silent": row["silent"],
        "gone": row["missed"] + row["noted"],
    }
