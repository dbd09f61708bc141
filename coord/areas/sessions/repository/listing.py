"""Sessions as they are shown, and how many there are."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import bindparam as param

from coord.areas.sessions.rows import SessionAnswer, SessionRow
from coord.live import Session
from coord.store import Prepared, Reader, microseconds, now, plus

_sessions = Session.__table__
_c = _sessions.c

is_there = _c.final_state.is_(None)
named = _c.session_id == param("named", type_=sa.String)

BY_NAME = Prepared(sa.select(*_c, now().label("now")).where(named))


def silent_us() -> int:
    """How long a session that promised nothing may be without a sign of life before it counts as
    silent.
    """
    return microseconds(hours=current_app.config["STALE_AFTER_HOURS"])


def by_name(db: Reader, session_id: str) -> SessionRow | None:
    return cast(SessionRow | None, db.row(BY_NAME, named=session_id))


def as_answered(row: SessionRow, silent_after_us: int) -> SessionAnswer:
    """One that broke its promise is gone since then, whether or not that has been noted."""
    if row["final_state"] is not None:
        return {**row, "state": row["final_state"]}
    if row["expires_at"] is None:
        silent = row["last_seen_at"] <= row["now"] - timedelta(microseconds=silent_after_us)
        return {**row, "state": "silent" if silent else "alive"}
    if row["expires_at"] <= row["now"]:
        return {**row, "state": "gone", "ended_at": row["expires_at"]}
    return {**row, "state": "alive"}


def _conditions_of_states() -> dict[str, list[sa.ColumnElement[bool]]]:
    """The states, each as ranges of final_state."""
    silent_since = plus(now(), -param("silent_us", type_=sa.BigInteger))
    without_promise = sa.and_(is_there, _c.expires_at.is_(None))
    return {
        "alive": [
            sa.and_(is_there, _c.expires_at > now()),
            sa.and_(without_promise, _c.last_seen_at > silent_since),
        ],
        "silent": [sa.and_(without_promise, _c.last_seen_at <= silent_since)],
        "gone": [sa.and_(is_there, _c.expires_at <= now()), _c.final_state == sa.literal("gone")],
        "ended": [_c.final_state == sa.literal("ended")],
    }


@lru_cache(maxsize=64)
def _listing(states: frozenset[str] | None, in_project: bool, paged: bool) -> Prepared:
    query = sa.select(*_c, now().label("now")).order_by(_c.revision.desc())
    if states is None:
        query = query.where(is_there)
    else:
        by_state = _conditions_of_states()
        query = query.where(sa.or_(*(part for state in sorted(states) for part in by_state[state])))
    if in_project:
        query = query.where(_c.project_key == param("project_key"))
    if paged:
        query = query.where(_c.revision < param("after"))
    return Prepared(query.limit(param("most", type_=sa.Integer)))


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
    values = {"project_key": project_key, "after": after, "silent_us": silent_after_us}
    rows = db.rows(listing, most=limit + 1, **values)
    return [as_answered(row, silent_after_us) for row in cast(list[SessionRow], rows)]


def find_named(db: Reader, names: Sequence[str], silent_after_us: int) -> list[SessionAnswer]:
    """Those of the sessions that announced themselves and have not ended, in no order."""
    not_ended = sa.func.coalesce(_c.final_state, "") != "ended"
    rows = db.rows(sa.select(*_c, now().label("now")).where(_c.session_id.in_(names), not_ended))
    return [as_answered(row, silent_after_us) for row in cast(list[SessionRow], rows)]


@lru_cache(maxsize=2)
def _counting(in_project: bool) -> Prepared:
    in_scope = [_c.project_key == param("project_key")] if in_project else []

    def number_of(conditions: Iterable[sa.ColumnElement[bool]]) -> sa.ColumnElement[int]:
        numbers = [
            sa.select(sa.func.count())
            .select_from(_sessions)
            .where(condition, *in_scope)
            .scalar_subquery()
            for condition in conditions
        ]
        total: sa.ColumnElement[int] = numbers[0]
        for number in numbers[1:]:
            total = total + number
        return total

    counted = {state: parts for state, parts in _conditions_of_states().items() if state != "ended"}
    return Prepared(sa.select(*(number_of(parts).label(state) for state, parts in counted.items())))


def count(db: Reader, project_key: str | None, silent_after_us: int) -> dict[str, int]:
    """How many sessions are alive, silent and gone, exactly."""
    row = db.row(
        _counting(project_key is not None), project_key=project_key, silent_us=silent_after_us
    )
    return {state: int(number) for state, number in (row or {}).items()}
