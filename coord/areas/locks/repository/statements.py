"""What several statements about locks have in common: conditions, columns, and reading the
changed locks back."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.models import Lock
from coord.areas.locks.overlap import overlap_values, overlaps
from coord.areas.locks.resources import Resource
from coord.areas.locks.rows import LockAnswer, LockRow, lock_as_of_now
from coord.live import presence
from coord.store import (
    Event,
    Prepared,
    Reader,
    Row,
    Rows,
    Statement,
    along,
    earlier,
    journal,
    now,
    plus,
)

table = Lock.__table__
columns = table.c

HELD_INDEX = "ix_locks_held"
HOLDER_INDEX = "ix_locks_holder"

_stored = [column for column in columns if column.computed is None]
lock_columns = [*_stored, now().label("now")]


def held(at: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    return sa.and_(
        columns.released_at.is_(None), sa.or_(columns.expires_at.is_(None), columns.expires_at > at)
    )


def stale_at(session: sa.ColumnElement[str]) -> sa.ColumnElement[datetime]:
    """When a lock that shows activity now turns stale: after the stale time, or at once when its
    session breaks its promise."""
    return earlier(
        plus(journal.moment, param("stale_us", type_=sa.BigInteger)), presence.promise(session)
    )


def unreleased_in_project(of_locks: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """How HELD_INDEX begins; what expired without a note of it is in it too."""
    project_key = param("project_key", type_=sa.String)
    return of_locks.released_at.is_(None), of_locks.project_key == project_key


@lru_cache(maxsize=256)
def unreleased(depth: int, tree: bool) -> Prepared:
    """All rows not yet released, expired ones too, that overlap the resource; in no order."""
    within = unreleased_in_project(columns)
    query = sa.select(*lock_columns).where(overlaps(columns, depth, tree, within))
    return Prepared(along(query, table, HELD_INDEX))


def overlapping(db: Reader, project_key: str, resource: Resource) -> list[LockRow]:
    """The locks that overlap the resource and are not released, or expired without a note of it;
    the oldest first."""
    rows = db.rows(
        unreleased(len(resource.above), resource.tree),
        project_key=project_key,
        **overlap_values(resource),
    )
    return sorted(map(lock_as_of_now, rows), key=lambda lock: lock["revision"])


RELEASE_STALE = Prepared(
    sa.update(table)
    .where(columns.id == param("lock_id"), held(journal.moment), columns.stale_at <= journal.moment)
    .values(released_at=journal.moment, released_by=param("by"), release_reason="stale")
)

RELEASE_BY_FORCE = Prepared(
    sa.update(table)
    .where(columns.id == param("lock_id"), held(journal.moment))
    .values(released_at=journal.moment, released_by=param("by"), release_reason="forced")
)


@lru_cache(maxsize=128)
def _locks_inside(count: int) -> Prepared:
    ids: list[sa.BindParameter[str]] = [param(f"id_{at}") for at in range(count)]
    return Prepared(sa.select(*_stored, journal.moment.label("now")).where(columns.id.in_(ids)))


def read_back(ids: list[str]) -> tuple[Statement, Row]:
    """The query that reads these locks inside the change, and its values."""
    return _locks_inside(len(ids)), {f"id_{at}": lock_id for at, lock_id in enumerate(ids)}


def in_order(rows: Rows, ids: Iterable[str]) -> list[LockAnswer]:
    """The locks that were read back, in the order of these ids."""
    by_id: dict[str, LockAnswer] = {row["id"]: lock_as_of_now(row) for row in rows}
    return [by_id[lock_id] for lock_id in ids]


def lock_event(kind: str, lock: LockRow, session_id: str | None, **more: Any) -> Event:
    data = {
        "resource": lock["resource"],
        "mode": lock["mode"],
        "description": lock["description"],
        **more,
    }
    return Event(kind, "lock", lock["id"], lock["project_key"], session_id, data)
