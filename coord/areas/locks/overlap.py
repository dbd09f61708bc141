"""SQL for "overlaps": which rows, of locks or of waiters, have something in common with a
resource."""

from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.resources import Resource

S = TypeVar("S", bound=sa.Select[Any])


def overlaps(columns: Any, depth: int, tree: bool) -> sa.ColumnElement[bool]:
    """Rows whose resource overlaps the one given by `overlap_values`: each part is a range of an
    index.

    `depth`: how many trees lie above that resource; `tree`: whether it is one itself.
    """
    key = columns.resource_key
    above = [key == param(f"above_{nth}", type_=sa.String) for nth in range(depth)]
    parts = [
        key == param("key", type_=sa.String),
        *(sa.and_(part, columns.tree == sa.true()) for part in above),
    ]
    if tree:
        first, end = (param(name, type_=sa.String) for name in ("below_from", "below_to"))
        parts.append(sa.and_(key >= first, key < end))
    return sa.or_(*parts)


def overlap_values(resource: Resource) -> dict[str, str]:
    """The values that `overlaps` takes."""
    values = {
        "key": resource.key,
        **{f"above_{nth}": key for nth, key in enumerate(resource.above)},
    }
    if resource.tree:
        values["below_from"], values["below_to"] = resource.below
    return values


def force_index(select: S, table: sa.FromClause, index: str) -> S:
    """MariaDB weighs all indexes anew at each run, which takes longer than using the right one."""
    return select.with_hint(table, f"FORCE INDEX ({index})", "mariadb")
