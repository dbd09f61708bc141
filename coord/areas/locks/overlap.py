"""SQL for "overlaps": which rows, of locks or of waiters, have something in common with a
resource."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.resources import Resource, canonical


def overlaps(columns: Any, depth: int, tree: bool, prefix: str = "") -> sa.ColumnElement[bool]:
    """Rows whose resource overlaps the one given by `overlap_values`: each part is a range of an
    index.

    `depth`: how many trees lie above that resource; `tree`: whether it is one itself. `prefix`: of
    the values' names, where there are several resources.
    """
    return sa.or_(*overlapping_ranges(columns, depth, tree, prefix))


def overlapping_ranges(
    columns: Any, depth: int, tree: bool, prefix: str = ""
) -> list[sa.ColumnElement[bool]]:
    """The parts of `overlaps`; no row is in two of them, unless the resource is a whole project."""

    def value(name: str) -> sa.BindParameter[str]:
        return param(prefix + name, type_=sa.String)

    key = columns.resource_key
    above = [key == value(f"above_{nth}") for nth in range(depth)]
    parts = [
        key == value("key"),
        *(sa.and_(part, columns.tree == sa.true()) for part in above),
    ]
    if tree:
        parts.append(sa.and_(key >= value("below_from"), key < value("below_to")))
    return parts


def overlap_values(resource: Resource, prefix: str = "") -> dict[str, str]:
    """The values that `overlaps` takes."""
    values = {
        "key": resource.key,
        **{f"above_{nth}": key for nth, key in enumerate(resource.above)},
    }
    if resource.tree:
        values["below_from"], values["below_to"] = resource.below
    return {prefix + name: value for name, value in values.items()} if prefix else values


def resource_filter(name: str | None) -> tuple[int, bool, dict[str, str]]:
    """Of a list: the depth of the resource and whether it is a tree, with the values of `overlaps`;
    -1 without one, or where it is the whole project.
    """
    if name is None or not (resource := canonical(name)).key:
        return -1, False, {}
    return len(resource.above), resource.tree, overlap_values(resource)
