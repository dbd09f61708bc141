"""Retiring a component."""

from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.components.errors import Superseded
from coord.areas.components.models import Component, Observation
from coord.areas.components.repository.listing import BY_NAME, BY_NAME_WITH_NOW, named, not_found
from coord.areas.components.repository.reports import (
    CONTENT,
    component_event,
    is_report_superseded,
    unchanged,
)
from coord.areas.components.rows import ComponentRow
from coord.observed_at import decided_at, not_superseded, refuse_skew
from coord.store import Answer, Change, Decision, Prepared, Reader, journal

_components = Component.__table__
_history = Observation.__table__
_c = _components.c
_h = _history.c

_RETIRE = Prepared(
    sa.update(_components)
    .where(unchanged, _c.retired_at.is_(None), not_superseded(_c.observed_at))
    .values(retired_at=decided_at(_c.observed_at), retired_by=param("by"))
)

_retirement = {
    "revision": journal.revision,
    **{name: _c[name] for name in ("project_key", "component", *CONTENT)},
    "updated_by": _c.retired_by,
    "updated_at": journal.moment,
    "observed_at": _c.retired_at,
    "superseded": sa.false(),
    "retired": sa.true(),
}
_KEEP_RETIREMENT = Prepared(
    sa.insert(_history).from_select(
        list(_retirement), sa.select(*_retirement.values()).where(named)
    )
)


def retire(
    db: Reader, project_key: str, component: str, by: str | None, observed_at: datetime | None
) -> Decision[ComponentRow]:
    """Takes the component out of all lists.

    Raises NotFound, Invalid and Superseded. May be repeated.
    """
    row = db.row(BY_NAME_WITH_NOW, project=project_key, name=component)
    if row is None or row["revision"] is None:
        raise not_found(project_key, component)
    stored = cast(ComponentRow, row)
    if stored["retired_at"] is not None:
        return Answer(stored)
    refuse_skew(observed_at, row["now"])
    if is_report_superseded(observed_at, stored):
        raise Superseded(stored)
    change: Change[ComponentRow] = Change()
    names: dict[str, Any] = {"project": project_key, "name": component}
    guard = {"expected_revision": stored["changed_revision"], "new_observed_at": observed_at}
    change.add(_RETIRE, {**names, **guard, "by": by}, expect=1)
    change.add(_KEEP_RETIREMENT, names, expect=1)
    previous = stored["previous_state"]
    change.record(
        component_event(
            "component.retired", project_key, component, stored, by, previous_state=previous
        )
    )
    change.answer_with(lambda rows: cast(ComponentRow, rows[0]), BY_NAME, names)
    return change
