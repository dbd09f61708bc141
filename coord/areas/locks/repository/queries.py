"""Reading locks: one, a list, how many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.overlap import overlap_values, overlaps
from coord.areas.locks.repository.statements import (
    HELD_INDEX,
    HOLDER_INDEX,
    columns,
    held,
    lock_columns,
    table,
)
from coord.areas.locks.resources import canonical
from coord.areas.locks.rows import LockRow, lock_as_of_now
from coord.errors import NotFound
from coord.observed_at import refuse_skew
from coord.store import Prepared, Reader, Row, now, unindexed

_NOW = Prepared(sa.select(now().label("now")))
_BY_ID = Prepared(sa.select(*lock_columns).where(columns.id == param("id")))
_HELD_BY = Prepared(
    sa.select(*lock_columns).where(columns.session_id == param("session_id"), held(now()))
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


def held_by_newest_first(db: Reader, session_id: str, project_key: str | None) -> list[LockRow]:
    """What the session holds, in this project or in all."""
    query = _only_held(sa.select(*lock_columns), session_id).where(columns.session_id == session_id)
    if project_key is not None:
        query = query.where(columns.project_key == project_key)
    return [
        lock_as_of_now(row) for row in db.rows(query.order_by(unindexed(columns.revision).desc()))
    ]


def find(db: Reader, filters: Row, after: int | None, limit: int) -> list[LockRow]:
    """`limit + 1` locks at most, newest first, older than the revision `after`. For `filters`
    see `LocksQuery`."""
    query = sa.select(*lock_columns).limit(limit + 1)
    if filters["state"] == "active":
        query = _only_held(query, filters["session_id"]).order_by(
            unindexed(columns.revision).desc()
        )
    else:
        query = query.order_by(columns.revision.desc())
    if filters["state"] == "released":
        query = query.where(sa.or_(columns.released_at.is_not(None), columns.expires_at <= now()))
    for name in ("project_key", "session_id"):
        if filters[name] is not None:
            query = query.where(columns[name] == filters[name])
    values: Row = {}
    if filters["resource"] is not None:
        resource = canonical(filters["resource"])
        query = query.where(overlaps(columns, len(resource.above), resource.tree))
        values = overlap_values(resource)
    if filters["stale"] is not None:
        stale = sa.and_(held(now()), columns.stale_at <= now())
        query = query.where(stale if filters["stale"] else ~stale)
    if after is not None:
        query = query.where(columns.revision < after)
    return [lock_as_of_now(row) for row in db.rows(query, **values)]


def count(db: Reader, project_key: str | None, *, stale: bool = False) -> int:
    """How many locks are held, exactly."""
    query = _only_held(sa.select(sa.func.count()).select_from(table), None)
    if project_key is not None:
        query = query.where(columns.project_key == project_key)
    if stale:
        query = query.where(columns.stale_at <= now())
    return int(db.value(query))


def _only_held(query: sa.Select[Any], session_id: str | None) -> sa.Select[Any]:
    """Few locks are held, many are released: the index that sets them apart is read, then
    sorted."""
    index = HELD_INDEX if session_id is None else HOLDER_INDEX
    return query.where(held(now())).with_hint(table, f"FORCE INDEX ({index})", "mariadb")


def database_now(db: Reader) -> datetime:
    at: datetime = db.value(_NOW)
    return at


def refuse_skew_now(db: Reader, observed_at: datetime | None) -> None:
    """Raises Invalid for a time that the database's clock has not nearly reached."""
    if observed_at is not None:
        refuse_skew(observed_at, database_now(db))
