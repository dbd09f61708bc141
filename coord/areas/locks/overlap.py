"""SQL for "overlaps": which rows, of locks or of waiters, have something in common with a
resource."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.resources import Resource, canonical


def overlaps(
    columns: Any,
    depth: int,
    tree: bool,
    within: Sequence[sa.ColumnElement[bool]] = (),
    prefix: str = "",
) -> sa.ColumnElement[bool]:
    """Rows whose resource overlaps the one given by `overlap_values`.

    `depth`: how many trees lie above that resource; `tree`: whether it is one itself. `within`:
    what else must be so, of the columns that the index has before the name. SQLite looks an OR up
    in the index only by what each of its parts says. `prefix`: of the values' names, where there
    are several resources.
    """
    own, *above = _names(depth, prefix)
    key = columns.resource_key
    if not above and not tree:
        return sa.and_(*within, key == own)
    named = sa.and_(*within, key.in_([own, *above]), sa.or_(key == own, columns.tree == sa.true()))
    return sa.or_(named, sa.and_(*within, _is_below(key, prefix))) if tree else named


def overlapping_ranges(columns: Any, depth: int, tree: bool) -> list[sa.ColumnElement[bool]]:
    """The same in parts, each one range of an index by name; no row is in two of them, unless the
    resource is a whole project."""
    own, *above = _names(depth)
    key = columns.resource_key
    parts = [key == own, *(sa.and_(key == name, columns.tree == sa.true()) for name in above)]
    return [*parts, _is_below(key)] if tree else parts


def _names(depth: int, prefix: str = "") -> list[sa.BindParameter[str]]:
    """That of the resource, and those of the trees above it."""
    names = ("key", *(f"above_{nth}" for nth in range(depth)))
    return [param(prefix + name, type_=sa.String) for name in names]


def _is_below(key: sa.ColumnElement[str], prefix: str = "") -> sa.ColumnElement[bool]:
    lowest, end = (param(f"{prefix}below_{edge}", type_=sa.String) for edge in ("from", "to"))
    return sa.and_(key >= lowest, key < end)


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
