"""Components as they are shown, and their history."""

from typing import cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.components.models import Component, Observation
from coord.areas.components.rows import ComponentRow, ListComponents, ObservationRow
from coord.errors import NotFound
from coord.store import JournalHead, Prepared, Reader, now
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


def find(db: Reader, filters: ListComponents, after: int | None, limit: int) -> list[ComponentRow]:
    """`limit + 1` components at most, those that became known last first, and before the revision
    `after`.
    """
    query = (
        sa.select(*_c).where(_c.retired_at.is_(None)).order_by(_c.revision.desc()).limit(limit + 1)
    )
    if filters["project_key"] is not None:
        query = query.where(_c.project_key == filters["project_key"])
    if filters["component"] is not None:
        query = query.where(_c.component == filters["component"])
    if filters["state"] is not None:
        query = query.where(_c.state == filters["state"])
    if after is not None:
        query = query.where(_c.revision < after)
    return cast(list[ComponentRow], db.rows(query))


def history(
    db: Reader, project_key: str, component: str, after: int | None, limit: int
) -> list[ObservationRow]:
    """`limit + 1` observations at most, newest first, older than the revision `after`.

    Raises NotFound for a component never seen.
    """
    query = sa.select(*_h).where(named_in_history).order_by(_h.revision.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(_h.revision < after)
    rows = db.rows(query, project=project_key, name=component)
    if not rows and after is None:
        raise not_found(project_key, component)
    return cast(list[ObservationRow], rows)


def find_recent(db: Reader, project_key: str | None) -> list[ComponentRow]:
    """The components that changed last, newest first."""
    query = sa.select(*_c).where(_c.retired_at.is_(None)).order_by(_c.changed_revision.desc())
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    return cast(list[ComponentRow], db.rows(query.limit(MAX_RECENT)))


def count_by_state(db: Reader, project_key: str | None) -> dict[str, int]:
    """How many components are in each state, exactly."""
    query = sa.select(_c.state, sa.func.count().label("number")).where(_c.retired_at.is_(None))
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    return {row["state"]: int(row["number"]) for row in db.rows(query.group_by(_c.state))}
