"""Creating and changing work items."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, cast, get_args

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import Notice, deliver
from coord.areas.workflows.errors import NotAssignee, Superseded
from coord.areas.workflows.models import work_items, workflows
from coord.areas.workflows.repository import decisions
from coord.areas.workflows.repository import dependencies as deps
from coord.areas.workflows.repository.items import BY_ID, COLUMNS, answers, as_answered, not_found
from coord.areas.workflows.rows import (
    ChangeItem,
    CreateItem,
    ItemAnswer,
    ItemContent,
    ItemPlace,
    ItemRow,
    ItemToChange,
    NewItem,
)
from coord.areas.workflows.stages import CLOSED_WORKFLOWS, stage_of
from coord.errors import Invalid
from coord.ids import digest, must_match
from coord.observed_at import decided_at, not_superseded
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Row, journal, now, one_of

_c = work_items.c

_Changeable = Literal["title", "description", "status", "priority", "depends_on", "assigned_to"]
_CHANGEABLE: tuple[_Changeable, ...] = get_args(_Changeable)

_WORKFLOW = Prepared(
    sa.select(workflows.c.project_key, workflows.c.status).where(workflows.c.id == param("id"))
)
_workflow_columns = (
    workflows.c.name.label("workflow_name"),
    workflows.c.status.label("workflow_status"),
)
_TO_CHANGE = Prepared(
    sa.select(*COLUMNS, *_workflow_columns, now().label("now"))
    .join(workflows, workflows.c.id == _c.workflow_id)
    .where(_c.id == param("id"))
)


def _insert() -> Prepared:
    names = (
        "id", "workflow_id", "project_key", "title", "description", "stage", "rank",
        "depends_on", "open_dependencies", "assigned_to", "created_by", "digest",
    )  # fmt: skip
    status = param("status", type_=sa.String)
    values: dict[str, Any] = {
        **{name: param(name, type_=_c[name].type) for name in names},
        "revision": journal.revision,
        "changed": journal.revision,
        "created_at": journal.moment,
        "updated_at": journal.moment,
        "claimed_at": sa.case((status == "in_progress", journal.moment)),
        "completed_at": sa.case((status == "completed", journal.moment)),
    }
    return Prepared(sa.insert(work_items).from_select(list(values), sa.select(*values.values())))


_INSERT = _insert()

_SET = ("title", "description", "stage", "rank", "depends_on", "open_dependencies", "assigned_to")


def _now_if(flag: str, otherwise: str) -> sa.Case[Any]:
    """The moment of the change if the parameter `flag` is 1, else the old value."""
    old = param(f"old_{otherwise}", type_=_c[otherwise].type)
    return sa.case((param(flag, type_=sa.Integer) == 1, journal.moment), else_=old)


_UPDATE = Prepared(
    sa.update(work_items)
    .where(
        _c.id == param("item_id"), _c.changed == param("expected"), not_superseded(_c.observed_at)
    )
    .values(
        {
            **{name: param(f"new_{name}") for name in (*_SET, "decisions")},
            "claimed_at": _now_if("claims", "claimed_at"),
            "completed_at": _now_if("completes", "completed_at"),
            "updated_at": journal.moment,
            "observed_at": decided_at(_c.observed_at),
            "changed": journal.revision,
        }
    )
)

_closed = sa.case((one_of(workflows.c.status, CLOSED_WORKFLOWS), 1), else_=0)


@lru_cache(maxsize=64)
def _count(old: str | None, new: str) -> Prepared:
    counts = {f"items_{new}": workflows.c[f"items_{new}"] + 1}
    if old is not None:
        counts[f"items_{old}"] = workflows.c[f"items_{old}"] - 1
    guard = _closed == param("closed", type_=sa.Integer)
    return Prepared(
        sa.update(workflows).where(workflows.c.id == param("workflow_id"), guard).values(counts)
    )


def count_item(
    change: Change[Any], workflow_id: str, old: str | None, new: str, *, closed: bool
) -> None:
    """Counts an item of the workflow under its new status instead of the old one, if it had one.

    Guards that the workflow is still `closed`, or not, as it was when the item's stage was chosen.
    """
    change.add(_count(old, new), {"workflow_id": workflow_id, "closed": int(closed)}, expect=1)


def create(db: Reader, body: CreateItem, item_id: str) -> Decision[tuple[ItemAnswer, bool]]:
    """`(item, created)`.

    Raises Invalid and IdConflict. May be repeated: it answers what is stored.
    """
    workflow = workflow_of(db, body["workflow_id"], body["project_key"])
    item = _new_item(body, item_id, workflow["project_key"])
    content_digest = _content_digest(item)
    stored = db.row(BY_ID, id=item_id)
    if stored is not None:
        must_match(stored, content_digest, "work item")
        return Answer((as_answered(cast(ItemRow, stored)), False))
    deps.must_not_depend_on_itself(item_id, item["depends_on"])
    completed = deps.completion(db, item["depends_on"], item["project_key"])
    if item["status"] == "in_progress" and item["assigned_to"] is None:
        item["assigned_to"] = body["session_id"]
    closed = workflow["status"] in CLOSED_WORKFLOWS
    change: Change[tuple[ItemAnswer, bool]] = Change()
    count_item(change, item["workflow_id"], None, item["status"], closed=closed)
    values = {**item, **_place(item, completed, closed=closed), "digest": content_digest}
    change.add(_INSERT, values, expect=1)
    deps.link(change, item_id, completed)
    change.record(item_event("work_item.created", item, body["session_id"] or item["created_by"]))
    change.answer_with(lambda rows: (answers(rows)[0], True), BY_ID, {"id": item_id})
    return change


def _new_item(body: CreateItem, item_id: str, project_key: str) -> NewItem:
    return {
        "id": item_id,
        "workflow_id": body["workflow_id"],
        "project_key": project_key,
        "title": body["title"],
        "description": body["description"],
        "status": body["status"],
        "priority": body["priority"],
        "depends_on": list(dict.fromkeys(body["depends_on"])),
        "assigned_to": body["assigned_to"],
        "created_by": body["created_by"] or body["session_id"],
    }


def _content_digest(item: NewItem) -> str:
    content = {name: value for name, value in item.items() if name not in ("id", "project_key")}
    return digest({**content, "depends_on": sorted(item["depends_on"])})


def workflow_of(db: Reader, workflow_id: str, project_key: str | None) -> Row:
    """The `status` and `project_key` of the workflow that a call names.

    Raises Invalid, also if the projects differ.
    """
    workflow = db.row(_WORKFLOW, id=workflow_id)
    if workflow is None:
        problem = (
            f"There is no workflow {workflow_id}. Create it first, or look at /api/coord/workflows."
        )
        raise Invalid({"workflow_id": [problem]})
    if project_key not in (None, workflow["project_key"]):
        theirs = workflow["project_key"]
        problem = (
            f"The workflow belongs to project {theirs!r}. Leave project_key out, or give that."
        )
        raise Invalid({"project_key": [problem]})
    return workflow


def _place(item: ItemContent, completed: Mapping[str, bool], *, closed: bool) -> ItemPlace:
    """`completed`: the item's dependencies, and whether each is completed.

    `closed`: its workflow is.
    """
    open_dependencies = list(completed.values()).count(False)
    return {
        "open_dependencies": open_dependencies,
        "stage": stage_of(item["status"], open_dependencies, suspended=closed),
        "rank": -item["priority"],
    }


def update(db: Reader, item_id: str, fields: ChangeItem) -> Decision[ItemAnswer]:
    """Changes what is given. Raises NotFound, Invalid, Superseded and NotAssignee.

    May be repeated: what is so already changes nothing.
    """
    row = db.row(_TO_CHANGE, id=item_id)
    if row is None:
        raise not_found(item_id)
    stored = cast(ItemToChange, row)
    old = as_answered(stored)
    if decisions.is_decision_superseded(stored, fields):
        raise Superseded("work_item", old)
    new = _new_content(old, fields)
    changed = [name for name in _CHANGEABLE if new[name] != old[name]]
    if decisions.is_replay(stored, fields) or not (changed or decisions.confirms(stored, fields)):
        return Answer(old)
    assignee = _other_assignee(old, fields["session_id"])
    if assignee is not None and not fields["force"]:
        raise NotAssignee(old)
    closed = stored["workflow_status"] in CLOSED_WORKFLOWS
    change: Change[ItemAnswer] = Change()
    _update_row(db, change, old, new, decisions.decision_values(stored, fields), closed=closed)
    if new["status"] != old["status"]:
        count_item(change, old["workflow_id"], old["status"], new["status"], closed=closed)
        if "completed" in (old["status"], new["status"]):
            deps.count_completion(change, item_id, completed=new["status"] == "completed")
    kind = _event_type(old["status"], new["status"]) if changed else "work_item.confirmed"
    forced = {"forced": True, "was_assigned_to": assignee} if assignee is not None else {}
    change.record(item_event(kind, {**old, **new}, fields["session_id"], changed=changed, **forced))
    if assignee is not None:
        _notify_assignee(change, assignee, stored, new["status"], str(fields["session_id"]))
    change.answer_with(lambda rows: answers(rows)[0], BY_ID, {"id": item_id})
    return change


def _other_assignee(old: ItemAnswer, session_id: str | None) -> str | None:
    """Who has the item in progress, if that is another session than the caller, who named
    itself.
    """
    if old["status"] != "in_progress" or session_id in (None, old["assigned_to"]):
        return None
    return old["assigned_to"]


def _notify_assignee(
    change: Change[Any], assignee: str, item: ItemToChange, status: str, session_id: str
) -> None:
    name = f"{item['title']!r} ({item['id']}) of {item['workflow_name']!r}"
    body = (
        f"{session_id} changed work item {name}, which you had in progress, with force. It is"
        f" {status!r} now."
    )
    subject = f"{session_id} changed a work item of yours"
    deliver(change, Notice(assignee, subject, body, item["project_key"]))


def _new_content(old: ItemAnswer, fields: ChangeItem) -> ItemContent:
    depends_on = list(dict.fromkeys(fields.get("depends_on", old["depends_on"])))
    return {
        "title": fields.get("title", old["title"]),
        "description": fields.get("description", old["description"]),
        "status": fields.get("status", old["status"]),
        "priority": fields.get("priority", old["priority"]),
        "depends_on": (
            old["depends_on"] if set(depends_on) == set(old["depends_on"]) else depends_on
        ),
        "assigned_to": _new_assignee(old, fields),
    }


def _new_assignee(old: ItemAnswer, fields: ChangeItem) -> str | None:
    """Who has the item after a PATCH.

    Whoever it says; the caller that takes an unassigned one into work; nobody when a claimed one
    goes back into the queue.
    """
    if "assigned_to" in fields:
        return fields["assigned_to"]
    if fields.get("status") == "in_progress" and old["assigned_to"] is None:
        return fields["session_id"]
    if fields.get("status") == "pending" and old["claimed_at"] is not None:
        return None
    return old["assigned_to"]


def _update_row(
    db: Reader,
    change: Change[Any],
    old: ItemAnswer,
    new: ItemContent,
    decision_values: Mapping[str, Any],
    *,
    closed: bool,
) -> None:
    """The guarded UPDATE of the item's own row, and its links to what it depends on."""
    completed = deps.completion(db, new["depends_on"], old["project_key"])
    added = {
        item_id: done for item_id, done in completed.items() if item_id not in old["depends_on"]
    }
    removed = [item_id for item_id in old["depends_on"] if item_id not in completed]
    if added:
        deps.add_without_cycle(db, change, old["id"], list(added), old["project_key"])
    place = _place(new, completed, closed=closed)
    in_progress, was_in_progress = new["status"] == "in_progress", old["status"] == "in_progress"
    handed_over = new["assigned_to"] not in (None, old["assigned_to"])
    values = {
        "item_id": old["id"],
        "expected": old["changed"],
        "claims": int(in_progress and (handed_over or not was_in_progress)),
        "old_claimed_at": None if new["status"] == "pending" else old["claimed_at"],
        "completes": int(new["status"] == "completed" != old["status"]),
        "old_completed_at": old["completed_at"] if new["status"] == "completed" else None,
        **{f"new_{name}": {**new, **place}[name] for name in _SET},
        **decision_values,
    }
    change.add(_UPDATE, values, expect=1)
    deps.link(change, old["id"], added, removed)


_EVENT_TYPES = {
    "in_progress": "work_item.claimed",
    "completed": "work_item.completed",
    "cancelled": "work_item.cancelled",
}


def _event_type(old_status: str, new_status: str) -> str:
    return (
        "work_item.updated"
        if new_status == old_status
        else _EVENT_TYPES.get(new_status, "work_item.updated")
    )


def item_event(kind: str, item: NewItem | ItemAnswer, session_id: str | None, **more: Any) -> Event:
    data = {
        "title": item["title"],
        "status": item["status"],
        "workflow_id": item["workflow_id"],
        "priority": item["priority"],
        "assigned_to": item["assigned_to"],
        **more,
    }
    return Event(kind, "work_item", item["id"], item["project_key"], session_id, data)
