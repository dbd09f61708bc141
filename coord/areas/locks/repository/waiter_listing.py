"""Lists of waiters, first come first; read as those of locks are (see `listing`)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.models import LockWaiter
from coord.areas.locks.overlap import overlapping_ranges, overlaps, resource_filter
from coord.areas.locks.repository.listing import FEW
from coord.areas.locks.repository.waiters import dead_among, waiter_rows
from coord.areas.locks.rows import WaiterAnswer, WaiterRow, waiter_answers
from coord.store import PRIMARY, Prepared, Range, Reader, Row, first_of, more_than

_table = LockWaiter.__table__
_c = _table.c
_most = param("most", type_=sa.Integer)


@dataclass(frozen=True)
class _QueryShape:
    """What decides a list's statement.

    `depth`: of the resource; -1 without one, or where it is the whole project. `few`: so few wait
    for the resource that the list is read by that.
    """

    in_project: bool
    of_session: bool
    depth: int
    tree: bool
    few: bool = False

    @property
    def scope_index(self) -> str:
        if self.of_session:
            return "ix_lock_waiters_of_session"
        return "ix_lock_waiters_of_project" if self.in_project else PRIMARY

    @property
    def resource_index(self) -> str:
        return "ix_lock_waiters_of_resource" if self.in_project else "ix_lock_waiters_named"


def find_waiters(db: Reader, filters: Row, after: int | None, limit: int) -> list[WaiterAnswer]:
    """`limit + 1` waiters at most, first come first, that began to wait after the revision
    `after`; no dead ones."""
    values: Row = {name: filters[name] for name in ("project_key", "session_id")}
    depth, tree, of_resource = resource_filter(filters["resource"])
    values |= of_resource
    in_project, of_session = (values[name] is not None for name in ("project_key", "session_id"))
    shape = _QueryShape(in_project, of_session, depth, tree)
    if depth >= 0 and (tree or of_session):
        shape = replace(shape, few=db.row(_more(shape), few=FEW, **values) is None)
    found: list[WaiterAnswer] = []
    last = after or 0
    while len(found) <= limit:
        rows = cast(list[WaiterRow], db.rows(_listing(shape), most=limit + 1, after=last, **values))
        if not rows:
            break
        last = rows[-1]["revision"]
        dead = dead_among(db, rows)
        once = {(row["revision"], row["nth"]): row for row in rows if row["waiter_id"] not in dead}
        found += waiter_answers([once[key] for key in sorted(once)])
    return found[: limit + 1]


@lru_cache(maxsize=64)
def _more(shape: _QueryShape) -> Prepared:
    within = [_c.project_key == param("project_key")] if shape.in_project else []
    overlapping = overlaps(_c, shape.depth, shape.tree, within)
    few = param("few", type_=sa.Integer)
    return Prepared(more_than(_table, Range([overlapping], shape.resource_index), few))


@lru_cache(maxsize=128)
def _listing(shape: _QueryShape) -> Prepared:
    """All rows of the first waiters that have one in the list."""
    ranges = list(_ranges(shape))
    return Prepared(first_of(_table, ranges, ["revision", "nth"], _most, columns=waiter_rows))


def _ranges(shape: _QueryShape) -> Iterator[Range]:
    conditions = [_c.revision > param("after")]
    if shape.in_project:
        conditions.append(_c.project_key == param("project_key"))
    if shape.of_session:
        conditions.append(_c.session_id == param("session_id"))
    if shape.depth < 0:
        yield Range([*conditions, _c.nth == 0], shape.scope_index)
    elif shape.few or not (shape.tree or shape.of_session):
        for part in overlapping_ranges(_c, shape.depth, shape.tree):
            yield Range([*conditions, part], shape.resource_index)
    else:
        yield Range([*conditions, overlaps(_c, shape.depth, shape.tree)], shape.scope_index)
