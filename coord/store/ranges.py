"""Conditions on one of several values: lists read from several ranges of indexes at once, each no
further than one page needs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

S = TypeVar("S", bound=sa.Select[Any])

PRIMARY = "PRIMARY"


@dataclass(frozen=True)
class Range:
    """A part of a list: the rows that meet the conditions, read along this index (None: one that
    the database chooses), which is in the list's order behind what the conditions fix.
    """

    conditions: Sequence[sa.ColumnElement[bool]]
    index: str | None = None


def along(select: S, table: sa.FromClause, index: str) -> S:
    """Has both databases read the table along this index.

    MariaDB weighs all indexes anew at each run, which takes longer than using the right one, and
    would rather walk along the order of a list than enter the right one. SQLite has no statistics.
    """
    in_sqlite = f"INDEXED BY {index}"
    if index == PRIMARY:
        is_the_table = len([*table.primary_key]) == 1  # a key of several columns has an index
        by_key = f"INDEXED BY sqlite_autoindex_{table.description}_1"
        in_sqlite = "NOT INDEXED" if is_the_table else by_key
    hinted = select.with_hint(table, f"FORCE INDEX ({index})", "mariadb")
    return hinted.with_hint(table, in_sqlite, "sqlite")


def first_of(
    table: sa.Table,
    ranges: Sequence[Range],
    order: Sequence[str],
    limit: sa.BindParameter[int],
    *,
    newest_first: bool = False,
    columns: Iterable[sa.ColumnElement[Any]] | None = None,
) -> sa.Select[tuple[object, ...]]:
    """The first rows, in the order of the columns named, that lie in any of the ranges, which must
    not overlap. All `columns` of them, unless some are named.

    With one condition for all of them (`status IN (…)`) a database reads and sorts everything that
    matches, or walks past everything that does not; here it reads `limit` index entries of each
    range, and the rows themselves only of those that are shown.
    """

    def first(
        selectable: sa.FromClause, *conditions: sa.ColumnElement[bool]
    ) -> sa.Select[tuple[object, ...]]:
        keys = [selectable.c[name] for name in order]
        return (
            sa.select(*keys)
            .where(*conditions)
            .order_by(*_directed(selectable, order, newest_first))
            .limit(limit)
        )

    def part(range_: Range) -> sa.Select[tuple[object, ...]]:
        keys = first(table, *range_.conditions)
        return keys if range_.index is None else along(keys, table, range_.index)

    together = sa.union_all(*(sa.select(*part(range_).subquery().c) for range_ in ranges))
    revisions = first(together.subquery()).subquery()
    by_key = revisions.c.revision == table.c.revision
    return (
        sa.select(*(table.c if columns is None else columns))
        .join_from(table, revisions, by_key)
        .order_by(*_directed(table, order, newest_first))
    )


def more_than(
    table: sa.Table, within: Range, number: sa.BindParameter[int]
) -> sa.Select[tuple[int]]:
    """A row when there are more than this number in the range; they are not read any further."""
    some = sa.select(table.c.revision).where(*within.conditions).limit(1).offset(number)
    return some if within.index is None else along(some, table, within.index)


def _directed(
    selectable: sa.FromClause, order: Sequence[str], newest_first: bool
) -> list[sa.ColumnElement[object]]:
    return [
        selectable.c[name].desc() if newest_first else selectable.c[name].asc() for name in order
    ]


def one_of(column: sa.ColumnElement[str], values: Iterable[str]) -> sa.ColumnElement[bool]:
    """`column IN (…)` with a parameter for each value: a list that SQLAlchemy expands at each call
    cannot be prepared.
    """
    return column.in_([sa.literal(value) for value in values])
