"""What the tests of sessions build from."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from tests.conftest import Agent

A, B, C = "host/a", "host/b", "host/c"
Make = Callable[..., Any]

SESSION_KEYS = [
    "session_id",
    "project_key",
    "agent",
    "task",
    "ttl_minutes",
    "started_at",
    "last_seen_at",
    "expires_at",
    "state",
    "state_since",
    "waiting_for",
    "waiting_since",
    "handover",
    "handover_at",
    "ended_at",
]


@pytest.fixture
def beat(client: Agent) -> Make:
    """A heartbeat, and the session that it answers."""

    def make(session_id: str = A, **more: Any) -> Any:
        answer = client.post("/sessions/heartbeat", session_id=session_id, **more)
        assert answer.status_code in (200, 201), answer.json
        return answer.json

    return make


@pytest.fixture
def keep_up(app: Flask) -> Callable[[], None]:
    """One round of upkeep, which must not fail."""

    def run() -> None:
        upkeep.run_once(app)
        assert not upkeep.of(app)._failing

    return run


@pytest.fixture
def shown(client: Agent) -> Make:
    """The session as it is listed now, in whatever state; None when it never announced itself."""

    def find(session_id: str = A) -> Any:
        found = client.get("/sessions", state=["alive", "silent", "gone", "ended"]).json["items"]
        return next((each for each in found if each["session_id"] == session_id), None)

    return find


@pytest.fixture
def claimed(client: Agent) -> Make:
    """A work item that the session has claimed, in a workflow that `creator` made."""

    def make(session_id: str = A, title: str = "Task", creator: str = B) -> Any:
        flow = client.post(
            "/workflows", project_key="shop", name="Checkout", created_by=creator
        ).json["id"]
        client.post("/work-items", workflow_id=flow, title=title, created_by=creator)
        answer = client.post("/work-items/claim", session_id=session_id, workflow_id=flow)
        assert answer.status_code == 200
        return answer.json

    return make


def types(rows: list[dict[str, Any]]) -> list[str]:
    return [row["type"] for row in rows]
