"""Lists of locks, newest first.

Each is read from a few ranges of indexes, each from its newest end and no further than a page
needs, however many locks are held and however many were released. A tree, or what is stale, lies
scattered in every such range: where there is little of it, that is read and sorted; else it is met
soon on the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.overlap import overlapping_ranges, overlaps, resource_filter
from coord.areas.locks.repository.statements import (
    HELD_INDEX,
    HOLDER_INDEX,
    columns,
    lock_columns,
    table,
)
from coord.areas.locks.rows import LockRow, lock_as_of_now
from coord.store import PRIMARY, Prepared, Range, Reader, Row, first_of, more_than, now

FEW = 400  # rows that are rather read and sorted than looked for along the list

APART = ("ix_locks_of_project", "ix_locks_named")
"""Indexes in which what is released stands apart from what is not."""

Conditions = list[sa.ColumnElement[bool]]

_RELEASED = columns.released == sa.true()
_UNRELEASED = [columns.released_at.is_(None), columns.released == sa.false()]
_IN_TIME = sa.or_(columns.expires_at.is_(None), columns.expires_at > now())
_EXPIRED = columns.expires_at <= now()
_STALE = columns.stale_at <= now()
_most = param("most", type_=sa.Integer)
_few = param("few", type_=sa.Integer)


@dataclass(frozen=True)
class _QueryShape:
    """What decides a list's statement.

    `depth`: of the resource; -1 without one, or where it is the whole project. `few`: of what there
    is so little that the list is read by that.
    """

    state: str
    in_project: bool
    of_session: bool
    depth: int
    tree: bool
    stale: bool | None
    paged: bool
    few: Literal["resource", "stale"] | None = None

    def common(self) -> Conditions:
        conditions: Conditions = []
        if self.in_project:
            conditions.append(columns.project_key == param("project_key"))
        if self.of_session:
            conditions.append(columns.session_id == param("session_id"))
        if self.paged:
            conditions.append(columns.revision < param("after"))
        return conditions

    @property
    def by_resource(self) -> bool:
        """Whether each name that overlaps is a range of its own."""
        scattered = self.tree or self.of_session
        return self.depth >= 0 and (self.few == "resource" or not (self.few or scattered))

    def index(self, *, released: bool) -> str:
        if self.few == "stale":
            return "ix_locks_stale"
        if self.by_resource:
            return self.resource_index(released=released)
        if self.of_session:
            return "ix_locks_of_session" if released else HOLDER_INDEX
        if self.in_project:
            return "ix_locks_of_project"
        return PRIMARY if self.state == "all" else "ix_locks_newest"

    def resource_index(self, *, released: bool) -> str:
        if not self.in_project:
            return "ix_locks_named"
        return "ix_locks_of_resource" if released else HELD_INDEX


def find(db: Reader, filters: Row, after: int | None, limit: int) -> list[LockRow]:
    """`limit + 1` locks at most, newest first, older than the revision `after`. For `filters`
    see `LocksQuery`."""
    state, stale = filters["state"], filters["stale"]
    if stale:  # only what is held can be
        if state == "released":
            return []
        state = "active"
    values: Row = {name: filters[name] for name in ("project_key", "session_id")}
    depth, tree, of_resource = resource_filter(filters["resource"])
    values |= of_resource
    in_project, of_session = (values[name] is not None for name in ("project_key", "session_id"))
    shape = _QueryShape(state, in_project, of_session, depth, tree, stale, after is not None)
    shape = _by_few(db, shape, values)
    rows = db.rows(_listing(shape), most=limit + 1, after=after, **values)
    return [lock_as_of_now(row) for row in rows]


def _by_few(db: Reader, shape: _QueryShape, values: Row) -> _QueryShape:
    if shape.stale is not None and shape.state == "active":
        by_stale = replace(shape, few="stale")
        if db.row(_more(by_stale), few=FEW, **values) is None:
            return by_stale
    if shape.depth >= 0 and (shape.tree or shape.of_session):
        by_resource = replace(shape, few="resource")
        if db.row(_more(by_resource), few=FEW, **values) is None:
            return by_resource
    return shape


@lru_cache(maxsize=128)
def _more(shape: _QueryShape) -> Prepared:
    if shape.few == "stale":
        within = Range([*_UNRELEASED, _STALE if shape.stale else ~_STALE], "ix_locks_stale")
        return Prepared(more_than(table, within, _few))
    held_only = shape.in_project and shape.state == "active"  # else the index begins with the name
    scope: Conditions = []
    if shape.in_project:
        scope.append(columns.project_key == param("project_key"))
    if held_only:
        scope += _UNRELEASED
    index = shape.resource_index(released=not held_only)
    overlapping = overlaps(columns, shape.depth, shape.tree, scope)
    return Prepared(more_than(table, Range([overlapping], index), _few))


@lru_cache(maxsize=256)
def _listing(shape: _QueryShape) -> Prepared:
    ranges = list(_ranges(shape))
    return Prepared(
        first_of(table, ranges, ["revision"], _most, newest_first=True, columns=lock_columns)
    )


def _ranges(shape: _QueryShape) -> Iterator[Range]:
    if shape.state == "all" and shape.index(released=True) not in APART:
        both = [] if shape.stale is None else [sa.or_(_RELEASED, ~_STALE, _EXPIRED)]
        yield from _along(shape, both, released=True)
        return
    if shape.state != "released":
        yield from _along(shape, _unreleased(shape), released=False)
    if shape.state != "active":
        yield from _along(shape, [_RELEASED], released=True)
    if shape.state == "released":  # what expired and is not noted yet, which is never much
        expired = [columns.released_at.is_(None), _EXPIRED, *shape.common()]
        if shape.depth >= 0:
            expired.append(overlaps(columns, shape.depth, shape.tree))
        yield Range(expired, "ix_locks_due")


def _unreleased(shape: _QueryShape) -> Conditions:
    conditions = list(_UNRELEASED)
    if shape.state == "active":
        conditions.append(_IN_TIME)
    if shape.stale is not None:
        is_fresh = ~_STALE if shape.state == "active" else sa.or_(~_STALE, _EXPIRED)
        conditions.append(_STALE if shape.stale else is_fresh)
    return conditions


def _along(shape: _QueryShape, conditions: Conditions, *, released: bool) -> Iterator[Range]:
    conditions = [*conditions, *shape.common()]
    index = shape.index(released=released)
    if shape.depth < 0:
        yield Range(conditions, index)
    elif shape.by_resource:
        for part in overlapping_ranges(columns, shape.depth, shape.tree):
            yield Range([*conditions, part], index)
    else:
        yield Range([*conditions, overlaps(columns, shape.depth, shape.tree)], index)
