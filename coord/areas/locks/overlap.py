"""SQL for "meets": which rows, of locks or of those who wait for one, have something in common with a resource."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.resources import Resource


def meets(c: Any, depth: int, tree: bool) -> sa.ColumnElement[bool]:
    """Rows whose resource meets the one given by `key`, `above_0`… and `below_from`/`below_to`: each part is a range of an index."""
    above = [c.resource_key == param(f"above_{at}", type_=sa.String) for at in range(depth)]
    parts = [c.resource_key == param("key", type_=sa.String), *(sa.and_(each, c.tree == sa.true()) for each in above)]
    if tree:
        parts.append(sa.and_(c.resource_key >= param("below_from", type_=sa.String), c.resource_key < param("below_to", type_=sa.String)))
    return sa.or_(*parts)


def values_of(resource: Resource) -> dict[str, Any]:
    """The values of `meets`."""
    values: dict[str, Any] = {"key": resource.key, **{f"above_{at}": key for at, key in enumerate(resource.above)}}
    if resource.tree:
        values["below_from"], values["below_to"] = resource.below
    return values


def by_index(select: Any, table: Any, index: str) -> Any:
    """MariaDB weighs all indexes anew at each run, which takes longer than using the right one."""
    return select.with_hint(table, f"FORCE INDEX ({index})", "mariadb")
