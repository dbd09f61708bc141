"""POST /workflows."""

import uuid
from typing import Any

import pytest

from tests.areas.workflows.conftest import WORKFLOW_KEYS, Make
from tests.conftest import Agent

NEW = {"project_key": "shop", "name": "Checkout", "created_by": "host/a"}


def test_a_workflow_is_created_with_every_field(client: Agent) -> None:
    answer = client.post("/workflows", **NEW, description="New payment page")
    assert answer.status_code == 201
    made = answer.json
    assert list(made) == WORKFLOW_KEYS
    assert (made["project_key"], made["name"], made["description"], made["created_by"]) == (
        "shop",
        "Checkout",
        "New payment page",
        "host/a",
    )
    assert made["status"] == "planning"
    assert made["created_at"] == made["updated_at"]
    assert made["created_at"].endswith("Z")
    assert made["progress"] == {
        "pending": 0,
        "in_progress": 0,
        "blocked": 0,
        "completed": 0,
        "cancelled": 0,
        "total": 0,
    }


@pytest.mark.parametrize("status", ["planning", "active", "blocked", "completed", "cancelled"])
def test_every_status_may_be_given(workflow: Make, status: str) -> None:
    assert workflow(status=status)["status"] == status


def test_session_id_stands_in_for_created_by(client: Agent) -> None:
    in_body = client.post("/workflows", project_key="shop", name="A", session_id="host/b")
    assert (in_body.status_code, in_body.json["created_by"]) == (201, "host/b")
    in_header = client.call(
        "POST",
        "/workflows",
        {"project_key": "shop", "name": "A"},
        headers={"X-Coord-Session": "host/c"},
    )
    assert (in_header.status_code, in_header.json["created_by"]) == (201, "host/c")


def test_created_by_goes_before_session_id(workflow: Make) -> None:
    assert workflow(session_id="host/b")["created_by"] == "host/a"


def test_without_a_name_for_the_creator_it_is_refused(client: Agent) -> None:
    answer = client.post("/workflows", project_key="shop", name="A")
    assert answer.status_code == 422
    assert "created_by" in answer.json["errors"]


def test_a_repeated_id_makes_nothing_twice(client: Agent) -> None:
    chosen = str(uuid.uuid4())
    first = client.post("/workflows", **NEW, id=chosen.upper())
    assert (first.status_code, first.json["id"]) == (201, chosen)
    again = client.post("/workflows", **NEW, id=chosen, status="planning", description=None)
    assert (again.status_code, again.json) == (200, first.json)
    assert len(client.get("/workflows").json["items"]) == 1


def test_a_create_replayed_after_a_change_answers_what_is_stored_now(client: Agent) -> None:
    chosen = str(uuid.uuid4())
    client.post("/workflows", **NEW, id=chosen)
    changed = client.patch(f"/workflows/{chosen}", name="Till", status="active").json
    late = client.post("/workflows", **NEW, id=chosen)
    assert (late.status_code, late.json) == (200, changed)


@pytest.mark.parametrize(
    "other",
    [{"name": "Other"}, {"project_key": "bank"}, {"status": "active"}, {"created_by": "host/b"}],
)
def test_an_id_with_other_content_is_a_conflict(client: Agent, other: dict[str, Any]) -> None:
    chosen = str(uuid.uuid4())
    client.post("/workflows", **NEW, id=chosen)
    answer = client.post("/workflows", **{**NEW, **other}, id=chosen)
    assert (answer.status_code, answer.json["error"]) == (409, "id_conflict")
    assert len(client.get("/workflows").json["items"]) == 1


def test_it_is_recorded(workflow: Make, journal_rows: Any) -> None:
    made = workflow()
    [row] = journal_rows()
    assert (row["type"], row["subject_kind"], row["subject_id"]) == (
        "workflow.created",
        "workflow",
        made["id"],
    )
    assert (row["project_key"], row["session_id"], row["data"]) == (
        "shop",
        "host/a",
        {"name": "Checkout", "status": "planning"},
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "n" * 501}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": 7}, "name"),
        ({"description": "d" * 100_001}, "description"),
        ({"description": ["d"]}, "description"),
        ({"status": "done"}, "status"),
        ({"status": "in_progress"}, "status"),
        ({"status": None}, "status"),
        ({"project_key": ""}, "project_key"),
        ({"project_key": "p" * 101}, "project_key"),
        ({"created_by": "s" * 201}, "created_by"),
        ({"session_id": 1}, "session_id"),
        ({"id": "1"}, "id"),
        ({"progress": {}}, "progress"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_named_and_changes_nothing(
    client: Agent, change: dict[str, Any], field: str
) -> None:
    answer = client.post("/workflows", **{**NEW, **change})
    assert answer.status_code == 422
    assert answer.json["error"] == "invalid"
    assert field in answer.json["errors"]
    assert client.get("/workflows").json["items"] == []


@pytest.mark.parametrize("missing", ["project_key", "name"])
def test_what_is_required_must_be_there(client: Agent, missing: str) -> None:
    answer = client.post(
        "/workflows", **{name: value for name, value in NEW.items() if name != missing}
    )
    assert answer.status_code == 422
    assert missing in answer.json["errors"]
