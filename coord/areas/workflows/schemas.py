"""What the workflows area takes and answers."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from coord.areas.workflows.models import TITLE_LENGTH
from coord.areas.workflows.stages import ITEM_STATUSES, WORKFLOW_STATUSES
from coord.web import (
    Body,
    Boolean,
    Choice,
    Integer,
    ListOf,
    Name,
    ObservedAt,
    PageQuery,
    ProjectKey,
    Schema,
    SessionId,
    Text,
    Time,
    Uuid,
    list_of,
)

DESCRIPTION_LENGTH = 100_000
MAX_PRIORITY = 2**31 - 1  # any 32-bit integer, so that clients may keep it in one
MAX_DEPENDENCIES = 100

_OBSERVED_AT = "When its last change was decided; while there was none, when it was created."


def _description(**kwargs: Any) -> Text:
    return Text(max_length=DESCRIPTION_LENGTH, allow_none=True, **kwargs)


def _name(**kwargs: Any) -> Text:
    return Name(max_length=TITLE_LENGTH, min_length=1, **kwargs)


def _priority(**kwargs: Any) -> Integer:
    return Integer(
        min=-MAX_PRIORITY - 1,
        max=MAX_PRIORITY,
        metadata={"description": "Higher goes first."},
        **kwargs,
    )


def _depends_on(**kwargs: Any) -> ListOf:
    description = "Ids of work items of the same project that must be completed first."
    return ListOf(
        Uuid(), max_items=MAX_DEPENDENCIES, metadata={"description": description}, **kwargs
    )


ProgressSchema = Schema.from_dict(
    {name: fields.Integer(required=True) for name in (*ITEM_STATUSES, "total")}, name="Progress"
)


class WorkItemSchema(Schema):
    """A work item."""

    id = Uuid(required=True)
    workflow_id = Uuid(required=True)
    project_key = ProjectKey(required=True)
    title = _name(required=True)
    description = _description(required=True)
    status = Choice(ITEM_STATUSES, required=True)
    priority = _priority(required=True)
    depends_on = _depends_on(required=True)
    ready = fields.Boolean(
        required=True, metadata={"description": "Pending, and every dependency is completed."}
    )
    blocked_by = fields.List(
        Uuid(),
        required=True,
        metadata={
            "description": (
                "Of a pending item: the cancelled items in `depends_on`. It is not ready until they"
                " are completed or left out."
            )
        },
    )
    assigned_to = SessionId(required=True, allow_none=True)
    claimed_at = Time(
        required=True,
        allow_none=True,
        metadata={
            "description": "When it was last taken into work; null when it is back in the queue."
        },
    )
    created_by = SessionId(required=True, allow_none=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)
    observed_at = Time(required=True, metadata={"description": _OBSERVED_AT})
    completed_at = Time(required=True, allow_none=True)


WorkItemList = list_of(WorkItemSchema)


class InProgressSchema(Schema):
    """A work item that a session has in progress, as its check-in shows it."""

    id = Uuid(required=True)
    workflow_id = Uuid(required=True)
    project_key = ProjectKey(required=True)
    title = _name(required=True)
    description = _description(required=True)
    priority = _priority(required=True)
    claimed_at = Time(required=True, allow_none=True)


class WorkflowSchema(Schema):
    """A workflow."""

    id = Uuid(required=True)
    project_key = ProjectKey(required=True)
    name = _name(required=True)
    description = _description(required=True)
    status = Choice(WORKFLOW_STATUSES, required=True)
    created_by = SessionId(required=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)
    observed_at = Time(required=True, metadata={"description": _OBSERVED_AT})
    progress = fields.Nested(
        ProgressSchema,
        required=True,
        metadata={"description": "How many of its items are in each status."},
    )
    stuck_items = fields.Integer(
        required=True,
        metadata={
            "description": (
                "How many of its pending items depend on a cancelled one: see their `blocked_by`."
            )
        },
    )


WorkflowList = list_of(WorkflowSchema)


class WorkflowWithItemsSchema(WorkflowSchema):
    """A workflow with its items."""

    work_items = fields.List(
        fields.Nested(WorkItemSchema),
        required=True,
        metadata={
            "description": (
                "The first 500, highest priority first, then oldest; all of them are at"
                " `/work-items?workflow_id=`."
            )
        },
    )


class CreateWorkflowSchema(Body):
    """A new workflow."""

    example = {
        "id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11",
        "project_key": "shop",
        "name": "Checkout rewrite",
        "created_by": "web-1/claude",
    }

    id = Uuid(
        load_default=None,
        metadata={
            "description": "Chosen by the client, so that a repeated create makes nothing twice."
        },
    )
    project_key = ProjectKey(required=True)
    name = _name(required=True)
    description = _description(load_default=None)
    status = Choice(WORKFLOW_STATUSES, load_default="planning")
    created_by = SessionId(
        load_default=None, metadata={"description": "Who creates it; left out: `session_id`."}
    )

    @ma.validates_schema
    def named(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data.get("created_by") is None and data.get("session_id") is None:
            raise ma.ValidationError({"created_by": ["Say who creates it, here or in session_id."]})


class ChangeWorkflowSchema(Body):
    """What to change of a workflow; what is left out stays as it is."""

    example = {"session_id": "web-1/claude", "status": "active"}

    name = _name()
    description = _description()
    status = Choice(WORKFLOW_STATUSES)
    observed_at = ObservedAt("A workflow that was changed since stays as it is.")


class WorkflowsQuery(PageQuery):
    """Which workflows to list."""

    project_key = ProjectKey(load_default=None)
    status = ListOf(
        Choice(WORKFLOW_STATUSES),
        max_items=len(WORKFLOW_STATUSES),
        load_default=None,
        metadata={"description": "May be repeated: any of them."},
    )


class CreateWorkItemSchema(Body):
    """A new work item."""

    example = {
        "id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c12",
        "workflow_id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11",
        "project_key": "shop",
        "title": "Totals with VAT",
        "priority": 5,
    }

    id = Uuid(
        load_default=None,
        metadata={
            "description": "Chosen by the client, so that a repeated create makes nothing twice."
        },
    )
    workflow_id = Uuid(required=True)
    project_key = ProjectKey(
        load_default=None,
        metadata={"description": "Left out: the workflow's. If given it must be that."},
    )
    title = _name(required=True)
    description = _description(load_default=None)
    status = Choice(ITEM_STATUSES, load_default="pending")
    priority = _priority(load_default=0)
    depends_on = _depends_on(load_default=list)
    assigned_to = SessionId(
        load_default=None,
        metadata={
            "description": (
                "While it is pending, only this session can claim it. One created `in_progress` is"
                " the caller's."
            )
        },
    )
    created_by = SessionId(
        load_default=None, metadata={"description": "Who creates it; left out: `session_id`."}
    )


class ChangeWorkItemSchema(Body):
    """What to change of a work item; what is left out stays as it is."""

    example = {"session_id": "web-1/claude", "status": "completed"}

    title = _name()
    description = _description()
    status = Choice(
        ITEM_STATUSES,
        metadata={
            "description": (
                "`in_progress` assigns an unassigned item to the caller; `pending` takes a claimed"
                " one from its session."
            )
        },
    )
    priority = _priority()
    depends_on = _depends_on()
    assigned_to = SessionId(allow_none=True)
    observed_at = ObservedAt("An item that was changed, claimed or returned since stays as it is.")
    force = Boolean(
        load_default=False,
        metadata={
            "description": (
                "Change it although another session has it in progress; that session gets a"
                " message."
            )
        },
    )


class WorkItemsQuery(PageQuery):
    """Which work items to list."""

    workflow_id = Uuid(load_default=None)
    project_key = ProjectKey(load_default=None)
    status = ListOf(
        Choice(ITEM_STATUSES),
        max_items=len(ITEM_STATUSES),
        load_default=None,
        metadata={"description": "May be repeated: any of them."},
    )
    assigned_to = SessionId(load_default=None)
    ready = Boolean(load_default=None)


class ClaimWorkItemSchema(Body):
    """Who wants work, and from where."""

    example = {"session_id": "web-1/claude", "project_key": "shop"}

    session_id = SessionId(required=True)
    project_key = ProjectKey(load_default=None)
    workflow_id = Uuid(load_default=None)
    claim_id = Uuid(
        load_default=None,
        metadata={
            "description": (
                "Chosen by the client: repeating it gives the same item, whatever became of it"
                " since. One that found nothing finds nothing for 10 minutes."
            )
        },
    )
