"""The service's objects, as the commands read them. docs/PROTOCOL.md and /openapi.json say what the
fields mean; times are ISO 8601 in UTC."""

from __future__ import annotations

from typing import Any, TypedDict


class Lock(TypedDict):
    id: str
    project_key: str
    resource: str
    session_id: str
    description: str | None
    mode: str
    ttl_hours: float
    fencing_token: int
    acquired_at: str
    last_activity_at: str
    expires_at: str | None
    stale: bool
    released_at: str | None
    released_by: str | None
    release_reason: str | None


class Waiter(TypedDict):
    id: str
    resources: list[str]
    session_id: str
    since: str
    mode: str
    description: str | None


class Component(TypedDict):
    project_key: str
    component: str
    state: str
    version: str | None
    notes: str | None
    updated_by: str | None
    updated_at: str
    previous_state: str | None
    state_since: str


class ComponentChange(TypedDict):
    """An entry of a component's history."""

    state: str
    version: str | None
    notes: str | None
    updated_by: str | None
    observed_at: str
    retired: bool
    superseded: bool


class WorkItem(TypedDict):
    id: str
    workflow_id: str
    title: str
    description: str | None
    status: str
    priority: int
    depends_on: list[str]
    blocked_by: list[str]
    assigned_to: str | None
    claimed_at: str | None
    created_at: str
    ready: bool


class Workflow(TypedDict):
    """`work_items` only where one workflow is asked for."""

    id: str
    name: str
    description: str | None
    status: str
    progress: dict[str, int]
    stuck_items: int
    created_by: str
    created_at: str
    work_items: list[WorkItem]


class Message(TypedDict):
    id: str
    from_session: str
    to_session: str | None
    subject: str
    body: str
    broadcast: bool
    read_at: str | None
    read_by: list[dict[str, str]]
    read_count: int
    acked_at: str | None
    recipient_last_seen_at: str | None


class Event(TypedDict):
    """An entry of the journal."""

    revision: int
    type: str
    project_key: str | None
    session_id: str | None
    at: str
    subject: dict[str, str]
    data: dict[str, Any]


class Status(TypedDict):
    """The overview of a project. The lists are bounded, the counts are exact."""

    generated_at: str
    active_locks: list[Lock]
    recent_component_changes: list[Component]
    active_workflows: list[Workflow]
    unread_message_count: int
    counts: dict[str, int]


class Page(TypedDict):
    """A list of objects; `next_cursor`: there are more."""

    items: list[Any]
    next_cursor: str | None
