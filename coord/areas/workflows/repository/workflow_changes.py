"""Creating and changing workflows."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.workflows.errors import Superseded
from coord.areas.workflows.models import work_items, workflows
from coord.areas.workflows.repository import decisions
from coord.areas.workflows.repository.dependencies import move_stages, stuck_items
from coord.areas.workflows.repository.workflows import BY_ID, as_answered, not_found
from coord.areas.workflows.rows import (
    ChangeWorkflow,
    CreateWorkflow,
    WorkflowAnswer,
    WorkflowRow,
    WorkflowToChange,
)
from coord.areas.workflows.stages import CLOSED_WORKFLOWS, ITEM_STATUSES, RESUMED, SUSPENDED
from coord.ids import digest, must_match
from coord.observed_at import decided_at, not_superseded
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Rows, journal, now

_c = workflows.c

_CHANGEABLE = ("name", "description", "status")

_TO_CHANGE = Prepared(sa.select(*_c, stuck_items, now().label("now")).where(_c.id == param("id")))


def _insert() -> Prepared:
    names = ("id", "project_key", *_CHANGEABLE, "created_by", "digest")
    values: dict[str, Any] = {
        **{name: param(name, type_=_c[name].type) for name in names},
        **{f"items_{status}": sa.literal(0) for status in ITEM_STATUSES},
        "revision": journal.revision,
        "changed": journal.revision,
        "created_at": journal.moment,
        "updated_at": journal.moment,
    }
    return Prepared(sa.insert(workflows).from_select(list(values), sa.select(*values.values())))


_INSERT = _insert()

_UPDATE = Prepared(
    sa.update(workflows)
    .where(
        _c.id == param("workflow_id"),
        _c.changed == param("expected"),
        not_superseded(_c.observed_at),
    )
    .values(
        {
            **{name: param(f"new_{name}") for name in (*_CHANGEABLE, "decisions")},
            "updated_at": journal.moment,
            "observed_at": decided_at(_c.observed_at),
            "changed": journal.revision,
        }
    )
)

_SUSPEND_ITEMS = move_stages(SUSPENDED, work_items.c.workflow_id == param("workflow"))
_RESUME_ITEMS = move_stages(RESUMED, work_items.c.workflow_id == param("workflow"))


def create(
    db: Reader, body: CreateWorkflow, workflow_id: str
) -> Decision[tuple[WorkflowAnswer, bool]]:
    """`(workflow, created)`. Raises IdConflict. May be repeated: it answers what is stored."""
    content = {
        "project_key": body["project_key"],
        "name": body["name"],
        "description": body["description"],
        "status": body["status"],
        "created_by": body["created_by"] or body["session_id"],
    }
    content_digest = digest(content)
    stored = db.row(BY_ID, id=workflow_id)
    if stored is not None:
        must_match(stored, content_digest, "workflow")
        return Answer((as_answered(cast(WorkflowRow, stored)), False))
    change: Change[tuple[WorkflowAnswer, bool]] = Change()
    change.add(_INSERT, {"id": workflow_id, "digest": content_digest, **content}, expect=1)
    caller = body["session_id"] or content["created_by"]
    change.record(_event("workflow.created", {**content, "id": workflow_id}, caller))
    change.answer_with(lambda rows: (_answer(rows), True), BY_ID, {"id": workflow_id})
    return change


def update(db: Reader, workflow_id: str, fields: ChangeWorkflow) -> Decision[WorkflowAnswer]:
    """Changes what is given. Raises NotFound, Invalid and Superseded.

    May be repeated: what is so already changes nothing.
    """
    row = db.row(_TO_CHANGE, id=workflow_id)
    if row is None:
        raise not_found(workflow_id)
    stored = cast(WorkflowToChange, row)
    if decisions.is_decision_superseded(stored, fields):
        raise Superseded("workflow", as_answered(stored))
    new: dict[str, Any] = {name: fields.get(name, row[name]) for name in _CHANGEABLE}
    changed = [name for name in _CHANGEABLE if new[name] != row[name]]
    if decisions.is_replay(stored, fields) or not (changed or decisions.confirms(stored, fields)):
        return Answer(as_answered(stored))
    change: Change[WorkflowAnswer] = Change()
    values = {
        "workflow_id": workflow_id,
        "expected": stored["changed"],
        **{f"new_{name}": new[name] for name in _CHANGEABLE},
        **decisions.decision_values(stored, fields),
    }
    change.add(_UPDATE, values, expect=1)
    closed = new["status"] in CLOSED_WORKFLOWS
    if closed != (stored["status"] in CLOSED_WORKFLOWS):
        change.add(_SUSPEND_ITEMS if closed else _RESUME_ITEMS, {"workflow": workflow_id})
    kind = _event_type(new["status"], changed)
    change.record(_event(kind, {**row, **new}, fields["session_id"], changed=changed))
    change.answer_with(_answer, BY_ID, {"id": workflow_id})
    return change


def _answer(rows: Rows) -> WorkflowAnswer:
    return as_answered(cast(WorkflowRow, rows[0]))


_CLOSED = {"completed": "workflow.completed", "cancelled": "workflow.cancelled"}


def _event_type(status: str, changed: Sequence[str]) -> str:
    if not changed:
        return "workflow.confirmed"
    return _CLOSED.get(status, "workflow.updated") if "status" in changed else "workflow.updated"


def _event(kind: str, workflow: Mapping[str, Any], session_id: str | None, **more: Any) -> Event:
    data = {"name": workflow["name"], "status": workflow["status"], **more}
    return Event(kind, "workflow", workflow["id"], workflow["project_key"], session_id, data)
