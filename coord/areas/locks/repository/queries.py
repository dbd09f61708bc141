"""Reading locks: one, those of a session, how many."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.repository.statements import (
    HOLDER_INDEX,
    columns,
    held,
    lock_columns,
    table,
)
from coord.areas.locks.rows import LockRow, lock_as_of_now
from coord.errors import NotFound
from coord.observed_at import not_superseded, refuse_skew
from coord.store import Prepared, Reader, along, now

_NOW = Prepared(sa.select(now().label("now")))
_BY_ID = Prepared(sa.select(*lock_columns).where(columns.id == param("id")))
_HELD_BY = Prepared(
    sa.select(*lock_columns).where(columns.session_id == param("session_id"), held(now()))
)
_HELD_SINCE_BEFORE = Prepared(
    sa.select(*lock_columns)
    .where(
        columns.session_id == param("session_id"),
        held(now()),
        not_superseded(sa.func.coalesce(columns.decided_at, columns.acquired_at)),
    )
    .limit(param("limit", type_=sa.Integer))
)


def get(db: Reader, lock_id: str) -> LockRow:
    """The lock, held or not. Raises NotFound."""
    lock = find_by_id(db, lock_id)
    if lock is None:
        raise NotFound(f"There is no lock {lock_id}. Held locks are listed at /api/coord/locks.")
    return lock


def find_by_id(db: Reader, lock_id: str) -> LockRow | None:
    row = db.row(_BY_ID, id=lock_id)
    return None if row is None else lock_as_of_now(row)


def held_among(db: Reader, ids: Sequence[str]) -> list[LockRow]:
    """Those of the locks that are held, in no order."""
    query = sa.select(*lock_columns).where(columns.id.in_(ids), held(now()))
    return [lock_as_of_now(row) for row in db.rows(query)]


def held_by(db: Reader, session_id: str) -> list[LockRow]:
    """What the session holds."""
    return [lock_as_of_now(row) for row in db.rows(_HELD_BY, session_id=session_id)]


def held_since_before(
    db: Reader, session_id: str, observed_at: datetime | None, limit: int
) -> list[LockRow]:
    """So many at most of what the session holds, claimed by this time and not again since; when
    there is no time, of all that it holds."""
    rows = db.rows(
        _HELD_SINCE_BEFORE, session_id=session_id, new_observed_at=observed_at, limit=limit
    )
    return [lock_as_of_now(row) for row in rows]


@lru_cache(maxsize=2)
def _held_by_newest_first(in_project: bool) -> Prepared:
    query = _only_held(sa.select(*lock_columns), HOLDER_INDEX)
    query = query.where(columns.session_id == param("session_id"))
    if in_project:
        query = query.where(columns.project_key == param("project_key"))
    return Prepared(query.order_by(columns.revision.desc()))


def held_by_newest_first(db: Reader, session_id: str, project_key: str | None) -> list[LockRow]:
    """What the session holds, in this project or in all."""
    held_locks = _held_by_newest_first(project_key is not None)
    rows = db.rows(held_locks, session_id=session_id, project_key=project_key)
    return [lock_as_of_now(row) for row in rows]


@lru_cache(maxsize=2)
def _counting(in_project: bool) -> Prepared:
    """No row is read of what is held, but of what is stale in a project, and of what has expired
    and is not noted yet."""
    scope = [columns.project_key == param("project_key", type_=sa.String)] if in_project else []
    expired = columns.expires_at <= now()

    def number(index: str, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        query = sa.select(sa.func.count()).select_from(table).where(*conditions, *scope)
        return along(query, table, index).scalar_subquery()

    unreleased = columns.released == sa.false()  # `released_at` would have to be read
    stale = columns.stale_at <= now()
    not_noted = [columns.released_at.is_(None), expired]
    all_unreleased = number("ix_locks_of_project" if in_project else "ix_locks_newest", unreleased)
    all_stale = number("ix_locks_stale", unreleased, stale)
    return Prepared(
        sa.select(
            (all_unreleased - number("ix_locks_due", *not_noted)).label("held"),
            (all_stale - number("ix_locks_due", *not_noted, stale)).label("stale"),
        )
    )


def count(db: Reader, project_key: str | None) -> tuple[int, int]:
    """How many locks are held, and how many of those are stale, exactly."""
    (row,) = db.rows(_counting(project_key is not None), project_key=project_key)
    return int(row["held"]), int(row["stale"])


def _only_held(query: sa.Select[Any], index: str) -> sa.Select[Any]:
    """Few locks are held, many are released: the index that sets them apart is read, then
    sorted."""
    return along(query.where(held(now())), table, index)


def database_now(db: Reader) -> datetime:
    at: datetime = db.value(_NOW)
    return at


def refuse_skew_now(db: Reader, observed_at: datetime | None) -> None:
    """Raises Invalid for a time that the database's clock has not nearly reached."""
    if observed_at is not None:
        refuse_skew(observed_at, database_now(db))
