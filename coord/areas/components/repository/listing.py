"""Components as they are shown, and their history."""

from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.components.models import Component, Observation
from coord.areas.components.rows import ComponentRow, ListComponents, ObservationRow
from coord.errors import NotFound
from coord.store import JournalHead, Prepared, Reader, along, now
from coord.web import iso

MAX_RECENT = 50  # the contract's bound for lists in /status

_components = Component.__table__
_head = JournalHead.__table__
_c = _components.c
_h = Observation.__table__.c

_project = param("project", type_=sa.String)
_name = param("name", type_=sa.String)
named = sa.and_(_c.project_key == _project, _c.component == _name)
named_in_history = sa.and_(_h.project_key == _project, _h.component == _name)

BY_NAME = Prepared(sa.select(*_c).where(named))

_with_now = sa.select(*_c, now().label("now")).select_from(_head.outerjoin(_components, named))
BY_NAME_WITH_NOW = Prepared(_with_now.where(_head.c.id == 1))
"""One row always; `revision` is null when there is no such component."""


def get(db: Reader, project_key: str, component: str) -> ComponentRow:
    """The component as it is now. Raises NotFound, also when it is retired."""
    row = cast(ComponentRow | None, db.row(BY_NAME, project=project_key, name=component))
    if row is None:
        raise not_found(project_key, component)
    if row["retired_at"] is not None:
        by = f" by '{row['retired_by']}'" if row["retired_by"] else ""
        when = f"{iso(row['retired_at'])}{by}"
        raise NotFound(
            f"'{component}' of '{project_key}' was retired at {when}. Its history is still there."
        )
    return row


def not_found(project_key: str, component: str) -> NotFound:
    name = f"'{component}' in the project '{project_key}'"
    return NotFound(f"There is no component {name}. All are listed at /api/coord/components.")


@lru_cache(maxsize=32)
def _listing(filters: tuple[str, ...], paged: bool) -> Prepared:
    query = sa.select(*_c).where(
        _c.retired_at.is_(None), *(_c[name] == param(name) for name in filters)
    )
    if paged:
        query = query.where(_c.revision < param("after"))
    query = query.order_by(_c.revision.desc()).limit(param("most", type_=sa.Integer))
    if {"component", "project_key"} <= {*filters}:  # one at most, and both databases find it
        return Prepared(query)
    return Prepared(along(query, _components, _index_for(filters)))


def _index_for(filters: tuple[str, ...]) -> str:
    if "component" in filters:
        return "ix_components_named"
    of_project = "_of_project" if "project_key" in filters else ""
    return f"ix_components_{'state' if 'state' in filters else 'current'}{of_project}"


def find(db: Reader, filters: ListComponents, after: int | None, limit: int) -> list[ComponentRow]:
    """`limit + 1` components at most, those that became known last first, and before the revision
    `after`.
    """
    wanted = {
        "project_key": filters["project_key"],
        "component": filters["component"],
        "state": filters["state"],
    }
    values = {name: value for name, value in wanted.items() if value is not None}
    listing = _listing(tuple(values), after is not None)
    return cast(list[ComponentRow], db.rows(listing, **values, after=after, most=limit + 1))


@lru_cache(maxsize=2)
def _history(paged: bool) -> Prepared:
    query = sa.select(*_h).where(named_in_history).order_by(_h.revision.desc())
    if paged:
        query = query.where(_h.revision < param("after"))
    query = query.limit(param("most", type_=sa.Integer))
    return Prepared(along(query, Observation.__table__, "ix_component_history_of_component"))


def history(
    db: Reader, project_key: str, component: str, after: int | None, limit: int
) -> list[ObservationRow]:
    """`limit + 1` observations at most, newest first, older than the revision `after`.

    Raises NotFound for a component never seen.
    """
    key = {"project": project_key, "name": component}
    rows = db.rows(_history(after is not None), **key, after=after, most=limit + 1)
    if not rows and after is None:
        raise not_found(project_key, component)
    return cast(list[ObservationRow], rows)


@lru_cache(maxsize=2)
def _recent(in_project: bool) -> Prepared:
    query = sa.select(*_c).where(_c.retired_at.is_(None)).order_by(_c.changed_revision.desc())
    if in_project:
        query = query.where(_c.project_key == param("project_key"))
    index = "ix_components_recent_of_project" if in_project else "ix_components_recent"
    return Prepared(along(query.limit(MAX_RECENT), _components, index))


def find_recent(db: Reader, project_key: str | None) -> list[ComponentRow]:
    """The components that changed last, newest first."""
    rows = db.rows(_recent(project_key is not None), project_key=project_key)
    return cast(list[ComponentRow], rows)


@lru_cache(maxsize=2)
def _counting(in_project: bool) -> Prepared:
    query = sa.select(_c.state, sa.func.count().label("number")).where(_c.retired_at.is_(None))
    if in_project:
        query = query.where(_c.project_key == param("project_key"))
    return Prepared(query.group_by(_c.state))


def count_by_state(db: Reader, project_key: str | None) -> dict[str, int]:
    """How many components are in each state, exactly."""
    rows = db.rows(_counting(project_key is not None), project_key=project_key)
    return {row["state"]: int(row["number"]) for row in rows}
