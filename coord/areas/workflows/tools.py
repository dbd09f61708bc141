"""What agents do with workflows and work items over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER_FIELDS, Tool, ToolCall, pick_fields, without
from coord.areas.workflows.schemas import ChangeWorkflowSchema, ChangeWorkItemSchema, WorkItemsQuery
from coord.areas.workflows.stages import ITEM_STATUSES, WORKFLOW_STATUSES
from coord.errors import Invalid
from coord.web import Choice, Uuid

AT_ONCE = 20  # items of a list: the agent's context takes all of them

_CALLS = {
    "claim": ("POST", "/work-items/claim"),
    "list": ("GET", "/work-items"),
    "add": ("POST", "/work-items"),
    "update": ("PATCH", "/work-items/"),
    "workflows": ("GET", "/workflows"),
    "add_workflow": ("POST", "/workflows"),
    "update_workflow": ("PATCH", "/workflows/"),
}
_STATUSES = tuple(dict.fromkeys((*ITEM_STATUSES, *WORKFLOW_STATUSES)))

Sent = Mapping[str, Any]


def _work(sent: Sent) -> ToolCall:
    action, arguments = sent["action"], without(sent, "action")
    method, path = _CALLS[action]
    if action == "update":
        return _call_by_id(method, path, "item_id", arguments)
    if action == "update_workflow":
        return _call_by_id(method, path, "workflow_id", arguments)
    if action == "workflows" and arguments.get("workflow_id") is not None:
        return _call_by_id(method, f"{path}/", "workflow_id", arguments)
    if method == "GET":
        return ToolCall(method, path, {"limit": AT_ONCE, **arguments})
    return ToolCall(method, path, arguments, if_empty="Nothing is ready for you.")


def _call_by_id(method: str, path: str, name: str, sent: Sent) -> ToolCall:
    """The id says which one is meant, and so its project too."""
    if sent.get(name) is None:
        raise Invalid({name: ["Needed, but not given."]})
    return ToolCall(method, path + sent[name], without(sent, name, "project_key"))


work = Tool(
    "work",
    "Shared work: items in workflows. claim gives you, and nobody else, the next ready item; update"
    " its status when done, or to pending to give it back. workflows lists them, or shows one with"
    " its items.",
    arguments={
        "action": Choice(_CALLS, required=True),
        **CALLER_FIELDS,
        **pick_fields(WorkItemsQuery, project_key="", workflow_id=""),
        "item_id": Uuid(metadata={"description": "Which to update"}),
        **pick_fields(ChangeWorkItemSchema, title="Of an item"),
        **pick_fields(ChangeWorkflowSchema, name="Of a workflow"),
        **pick_fields(ChangeWorkItemSchema, description=""),
        "status": Choice(_STATUSES),
        **pick_fields(
            ChangeWorkItemSchema,
            priority="Higher goes first",
            depends_on="Item ids",
            assigned_to="",
        ),
        **pick_fields(ChangeWorkItemSchema, force="Though another has it"),
        **pick_fields(WorkItemsQuery, ready="", cursor=""),
    },
    call=_work,
)
