"""Conditions on one of several values: lists read from several ranges of an index at once, each no
further than one page needs.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa


def first_of(
    table: sa.Table,
    ranges: Sequence[Sequence[sa.ColumnElement[bool]]],
    order: Sequence[str],
    limit: sa.BindParameter[int],
    *,
    newest_first: bool = False,
) -> sa.Select[tuple[object, ...]]:
    """The first rows, in the order of the columns named, that lie in any of the ranges, which must
    not overlap.

    With one condition for all of them (`status IN (…)`) a database reads and sorts everything that
    matches, or walks past everything that does not; here it reads `limit` index entries of each
    range, and the rows themselves only of those that are shown.
    """

    def first(selectable: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> sa.Subquery:
        keys = [selectable.c[name] for name in order]
        return (
            sa.select(*keys)
            .where(*conditions)
            .order_by(*_directed(selectable, order, newest_first))
            .limit(limit)
            .subquery()
        )

    parts = [first(table, *conditions) for conditions in ranges]
    found = first(sa.union_all(*(sa.select(*part.c) for part in parts)).subquery())
    by_key = found.c.revision == table.c.revision
    return sa.select(*table.c).join(found, by_key).order_by(*_directed(table, order, newest_first))


def _directed(
    selectable: sa.FromClause, order: Sequence[str], newest_first: bool
) -> list[sa.ColumnElement[object]]:
    return [
        selectable.c[name].desc() if newest_first else selectable.c[name].asc() for name in order
    ]


def one_of(column: sa.ColumnElement[str], words: Iterable[str]) -> sa.ColumnElement[bool]:
    """`column IN (…)` with each word a value of its own: a list that SQLAlchemy expands at each
    call cannot be prepared.
    """
    return column.in_([sa.literal(word) for word in words])
