"""What the tests of workflows and work items build from."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Agent

Make = Callable[..., dict[str, Any]]

WORKFLOW_KEYS = [
    "id",
    "project_key",
    "name",
    "description",
    "status",
    "created_by",
    "created_at",
    "updated_at",
    "observed_at",
    "progress",
    "stuck_items",
]
ITEM_KEYS = [
    "id", "workflow_id", "project_key", "title", "description", "status", "priority", "depends_on",
    "ready", "blocked_by", "assigned_to",
    "claimed_at", "created_by", "created_at", "updated_at", "observed_at", "completed_at",
]  # fmt: skip


@pytest.fixture
def workflow(client: Agent) -> Make:
    """Creates a workflow and answers it."""

    def make(**more: Any) -> dict[str, Any]:
        answer = client.post(
            "/workflows",
            **{"project_key": "shop", "name": "Checkout", "created_by": "host/a", **more},
        )
        assert answer.status_code == 201, answer.json
        created: dict[str, Any] = answer.json
        return created

    return make


@pytest.fixture
def item(client: Agent, workflow: Make) -> Make:
    """Creates a work item, in a workflow of the test's own unless `workflow_id` names one, and
    answers it.
    """
    own: list[str] = []

    def make(title: str = "Task", **more: Any) -> dict[str, Any]:
        if "workflow_id" not in more and not own:
            own.append(workflow()["id"])
        body = {"workflow_id": own[0] if own else None, "title": title, **more}
        answer = client.post("/work-items", **body)
        assert answer.status_code == 201, answer.json
        created: dict[str, Any] = answer.json
        return created

    return make


@pytest.fixture
def patch(client: Agent) -> Make:
    """Changes a work item and answers it."""

    def change(item_id: str, **fields: Any) -> dict[str, Any]:
        answer = client.patch(f"/work-items/{item_id}", **fields)
        assert answer.status_code == 200, answer.json
        changed: dict[str, Any] = answer.json
        return changed

    return change


@pytest.fixture
def shown(client: Agent) -> Make:
    """A work item as it is now."""

    def get(item_id: str) -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/work-items/{item_id}").json
        return found

    return get
