"""HTTP of the workflows area: workflows, and the work items in them."""

import logging
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from coord.areas.workflows.errors import NotAssignee, Superseded
from coord.areas.workflows.repository import (
    claims,
    item_changes,
    items,
    workflow_changes,
    workflows,
)
from coord.areas.workflows.rows import (
    ChangeItem,
    ChangeWorkflow,
    ClaimItem,
    CreateItem,
    CreateWorkflow,
    ItemAnswer,
    ListItems,
    ListWorkflows,
    WorkflowAnswer,
    WorkflowWithItems,
)
from coord.areas.workflows.schemas import (
    ChangeWorkflowSchema,
    ChangeWorkItemSchema,
    ClaimWorkItemSchema,
    CreateWorkflowSchema,
    CreateWorkItemSchema,
    WorkflowList,
    WorkflowSchema,
    WorkflowsQuery,
    WorkflowWithItemsSchema,
    WorkItemList,
    WorkItemSchema,
    WorkItemsQuery,
)
from coord.errors import IdConflict, NotFound
from coord.ids import new_id
from coord.store import faults, read, transact
from coord.web import Blueprint, Query, cursor_key, paginate

log = logging.getLogger(__name__)

blp = Blueprint(
    "workflows",
    __name__,
    url_prefix="",
    description="Work to share out: workflows, and the items in them.",
)

WORKFLOWS, ITEMS = ["workflows"], ["work items"]


@blp.route("/workflows", methods=["POST"], tags=WORKFLOWS)
@blp.arguments(CreateWorkflowSchema)
@blp.response(201, WorkflowSchema)
@blp.alt_response(
    200, schema=WorkflowSchema, description="A repeated `id`: the stored workflow as it is now."
)
@blp.raises(IdConflict)
def create_workflow(body: CreateWorkflow) -> tuple[WorkflowAnswer, int]:
    """Create a workflow."""
    workflow, created = transact(workflow_changes.create, body, body["id"] or new_id())
    return workflow, 201 if created else 200


@blp.route("/workflows", methods=["GET"], tags=WORKFLOWS)
@blp.arguments(WorkflowsQuery)
@blp.response(200, WorkflowList)
def find_workflows(query: ListWorkflows) -> ResponseReturnValue:
    """List workflows, newest first."""
    after = cursor_key("workflows", query["cursor"])
    oldest = after[0] if after else None
    rows = read(workflows.find, query["project_key"], query["status"], oldest, query["limit"])
    return paginate("workflows", rows, query["limit"], lambda row: [row["revision"]])


@blp.route("/workflows/<uuid:workflow_id>", methods=["GET"], tags=WORKFLOWS)
@blp.arguments(Query)
@blp.response(200, WorkflowWithItemsSchema)
@blp.raises(NotFound)
def get_workflow(query: dict[str, str | None], workflow_id: UUID) -> WorkflowWithItems:
    """One workflow with its work items."""
    return read(workflows.get, str(workflow_id))


@blp.route("/workflows/<uuid:workflow_id>", methods=["PATCH"], tags=WORKFLOWS)
@blp.arguments(ChangeWorkflowSchema)
@blp.response(200, WorkflowSchema)
@blp.raises(NotFound, Superseded)
def change_workflow(body: ChangeWorkflow, workflow_id: UUID) -> WorkflowAnswer:
    """Change a workflow.

    While it is `completed` or `cancelled`, its pending items are not handed out.
    """
    return transact(workflow_changes.update, str(workflow_id), body)


@blp.route("/work-items", methods=["POST"], tags=ITEMS)
@blp.arguments(CreateWorkItemSchema)
@blp.response(201, WorkItemSchema)
@blp.alt_response(
    200, schema=WorkItemSchema, description="A repeated `id`: the stored item as it is now."
)
@blp.raises(IdConflict)
def create_item(body: CreateItem) -> tuple[ItemAnswer, int]:
    """Create a work item."""
    item, created = transact(item_changes.create, body, body["id"] or new_id())
    return item, 201 if created else 200


@blp.route("/work-items", methods=["GET"], tags=ITEMS)
@blp.arguments(WorkItemsQuery)
@blp.response(200, WorkItemList)
def find_items(query: ListItems) -> ResponseReturnValue:
    """List work items, highest priority first, then oldest."""
    after = cursor_key("work_items", query["cursor"], 2)
    rows = read(items.find, query, after, query["limit"])
    return paginate("work_items", rows, query["limit"], lambda row: [row["rank"], row["revision"]])


@blp.route("/work-items/claim", methods=["POST"], tags=ITEMS)
@blp.arguments(ClaimWorkItemSchema)
@blp.response(
    200,
    WorkItemSchema,
    description=(
        "The item, now `in_progress` and the caller's; or the one that this `claim_id` was given."
    ),
)
@blp.alt_response(204, description="Nothing is ready.")
@blp.raises(IdConflict)
def claim_item(body: ClaimItem) -> ItemAnswer | Response:
    """Take the next ready item: highest priority first, then oldest; no item goes to two callers.

    Left out are items assigned to another session, and those of workflows that are `completed` or
    `cancelled`.
    """
    item = transact(claims.claim, body, body["claim_id"] or new_id())
    if item is None:
        return Response(status=204)
    _hand_over(item, body["session_id"])
    return item


def _hand_over(item: ItemAnswer, session_id: str) -> None:
    """The item is the session's whatever becomes of this: a database that has gone away since is no
    reason to say anything else. The note stays with the session that left it.
    """
    try:
        transact(claims.hand_over_item, item, session_id)
    except Exception as error:
        if faults.classify(error) is faults.BUG:
            raise
        log.warning("who has taken %s was told of no hand-over note: %s", item["id"], error)


@blp.route("/work-items/<uuid:item_id>", methods=["GET"], tags=ITEMS)
@blp.arguments(Query)
@blp.response(200, WorkItemSchema)
@blp.raises(NotFound)
def get_item(query: dict[str, str | None], item_id: UUID) -> ItemAnswer:
    """One work item."""
    return read(items.get, str(item_id))


@blp.route("/work-items/<uuid:item_id>", methods=["PATCH"], tags=ITEMS)
@blp.arguments(ChangeWorkItemSchema)
@blp.response(200, WorkItemSchema)
@blp.raises(NotFound, Superseded, NotAssignee)
def change_item(body: ChangeItem, item_id: UUID) -> ItemAnswer:
    """Change a work item: its status, what it waits for, who does it. May be repeated.

    While another session has it in progress, a caller that names itself needs `force`.
    """
    item = transact(item_changes.update, str(item_id), body)
    is_taken = "status" in body or "assigned_to" in body
    if is_taken and item["status"] == "in_progress" and item["assigned_to"] is not None:
        _hand_over(item, item["assigned_to"])
    return item
