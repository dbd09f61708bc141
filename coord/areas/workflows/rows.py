"""What the workflows area is called with, and its rows: dicts whose keys are checked."""

from datetime import datetime
from typing import NotRequired, TypedDict


class CreateWorkflow(TypedDict):
    """A call that creates a workflow; `id`: chosen by the client, or None."""

    id: str | None
    session_id: str | None
    project_key: str
    name: str
    description: str | None
    status: str
    created_by: str | None


class ChangeWorkflow(TypedDict):
    """A call that changes a workflow: what is left out stays as it is."""

    session_id: str | None
    observed_at: datetime | None
    name: NotRequired[str]
    description: NotRequired[str | None]
    status: NotRequired[str]


class WorkflowRow(TypedDict):
    """A workflow as it is stored, see models.Workflow.

    `stuck_items`: those that depend on a cancelled one.
    """

    revision: int
    id: str
    project_key: str
    name: str
    description: str | None
    status: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    observed_at: datetime | None
    decisions: list[str] | None
    items_pending: int
    items_in_progress: int
    items_blocked: int
    items_completed: int
    items_cancelled: int
    changed: int
    digest: str
    stuck_items: int


class WorkflowToChange(WorkflowRow):
    """A workflow, and the database's time."""

    now: datetime


class WorkflowAnswer(WorkflowRow):
    """A workflow as it is answered.

    `progress`: how many of its items have each status, and the `total`.
    """

    progress: dict[str, int]


class CreateItem(TypedDict):
    """A call that creates a work item; `id`: chosen by the client, or None."""

    id: str | None
    session_id: str | None
    workflow_id: str
    project_key: str | None
    title: str
    description: str | None
    status: str
    priority: int
    depends_on: list[str]
    assigned_to: str | None
    created_by: str | None


class ChangeItem(TypedDict):
    """A call that changes a work item: what is left out stays as it is."""

    session_id: str | None
    observed_at: datetime | None
    force: bool
    title: NotRequired[str]
    description: NotRequired[str | None]
    status: NotRequired[str]
    priority: NotRequired[int]
    depends_on: NotRequired[list[str]]
    assigned_to: NotRequired[str | None]


class ClaimItem(TypedDict):
    """A call that claims the next item; `claim_id`: chosen by the client, or None."""

    session_id: str
    project_key: str | None
    workflow_id: str | None
    claim_id: str | None


class ListItems(TypedDict):
    """A call that lists work items; None: any."""

    workflow_id: str | None
    project_key: str | None
    assigned_to: str | None
    status: list[str] | None
    ready: bool | None
    cursor: str | None
    limit: int


class ListWorkflows(TypedDict):
    """A call that lists workflows; None: any."""

    project_key: str | None
    status: list[str] | None
    cursor: str | None
    limit: int


class ItemContent(TypedDict):
    """What callers say of a work item."""

    title: str
    description: str | None
    status: str
    priority: int
    depends_on: list[str]
    assigned_to: str | None


class NewItem(ItemContent):
    """A work item that is to be stored."""

    id: str
    workflow_id: str
    project_key: str
    created_by: str | None


class ItemPlace(TypedDict):
    """Where an item stands in the lists and the queue; see models.WorkItem."""

    stage: str
    rank: int
    open_dependencies: int


class ItemRow(ItemPlace):
    """A work item as it is stored, see models.WorkItem.

    `cancelled_dependencies`: the ids of those it depends on that are cancelled, with commas; None:
    none are.
    """

    revision: int
    id: str
    workflow_id: str
    project_key: str
    title: str
    description: str | None
    depends_on: list[str]
    assigned_to: str | None
    claimed_at: datetime | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    observed_at: datetime | None
    decisions: list[str] | None
    changed: int
    digest: str
    cancelled_dependencies: str | None


class ItemToChange(ItemRow):
    """A work item, what its workflow is called and how it stands, and the database's time."""

    workflow_name: str
    workflow_status: str
    now: datetime


class ItemToReturn(ItemRow):
    """A work item of a session that ends, with its workflow's name, status and creator."""

    workflow_name: str
    workflow_status: str
    workflow_created_by: str


class ItemAnswer(ItemRow):
    """A work item as it is answered."""

    status: str
    priority: int
    ready: bool
    blocked_by: list[str]


class WorkflowWithItems(WorkflowAnswer):
    """A workflow as it is answered by itself: with the first of its items."""

    work_items: list[ItemAnswer]
