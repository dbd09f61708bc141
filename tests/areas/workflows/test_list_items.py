"""GET /work-items and GET /work-items/<id>."""

import uuid
from typing import Any

import pytest

from tests.areas.workflows.conftest import ITEM_KEYS, Make
from tests.conftest import Agent


def titles(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [item["title"] for item in answer.json["items"]]


def test_the_order_is_highest_priority_first_then_oldest(client: Agent, item: Make) -> None:
    for title, priority in (("a", 0), ("b", 5), ("c", -5), ("d", 5), ("e", 0)):
        item(title, priority=priority, status="blocked" if title == "d" else "pending")
    answer = client.get("/work-items")
    assert titles(answer) == ["b", "d", "a", "e", "c"]
    assert all(list(each) == ITEM_KEYS for each in answer.json["items"])


@pytest.fixture
def varied(workflow: Make, item: Make) -> dict[str, str]:
    """Items in two projects, in every status, assigned or not, ready or not; the ids of the
    workflows by project.
    """
    shop, bank = workflow()["id"], workflow(project_key="bank")["id"]
    base = item("base", workflow_id=shop)["id"]
    item("waits", workflow_id=shop, depends_on=[base])
    for status in ("in_progress", "blocked", "completed", "cancelled"):
        item(status, workflow_id=shop, status=status, assigned_to="host/a")
    item("theirs", workflow_id=shop, assigned_to="host/b")
    item("bank", workflow_id=bank)
    return {"shop": shop, "bank": bank}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "base waits in_progress blocked completed cancelled theirs bank"),
        ({"project_key": "bank"}, "bank"),
        ({"project_key": "none"}, ""),
        ({"status": "pending"}, "base waits theirs bank"),
        ({"status": ["cancelled", "in_progress"]}, "in_progress cancelled"),
        ({"ready": "true"}, "base theirs bank"),
        ({"ready": "false"}, "waits in_progress blocked completed cancelled"),
        ({"ready": "true", "status": "completed"}, ""),
        ({"ready": "false", "status": "pending"}, "waits"),
        ({"ready": "true", "project_key": "shop"}, "base theirs"),
        ({"assigned_to": "host/a"}, "in_progress blocked completed cancelled"),
        ({"assigned_to": "host/a", "status": "completed"}, "completed"),
        ({"assigned_to": "host/b", "project_key": "bank"}, ""),
        ({"assigned_to": "host/A"}, ""),
        ({"session_id": "host/a", "status": "blocked"}, "blocked"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("varied")
def test_filters_are_joined_by_and(client: Agent, query: dict[str, Any], expected: str) -> None:
    assert titles(client.get("/work-items", **query)) == expected.split()


def test_items_are_listed_by_workflow(client: Agent, varied: dict[str, str]) -> None:
    assert titles(client.get("/work-items", workflow_id=varied["bank"])) == ["bank"]
    assert titles(client.get("/work-items", workflow_id=varied["shop"], status="pending")) == [
        "base",
        "waits",
        "theirs",
    ]
    assert titles(client.get("/work-items", workflow_id=varied["shop"], project_key="bank")) == []
    assert titles(client.get("/work-items", workflow_id=str(uuid.uuid4()))) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "query", [{}, {"status": ["pending", "blocked"]}, {"project_key": "shop"}], ids=str
)
def test_pages_follow_one_another_without_gap_or_overlap(
    client: Agent, item: Make, limit: int, query: dict[str, Any]
) -> None:
    for n in range(11):
        item(str(n), priority=(3, -2, 0, 0)[n % 4], status=("pending", "blocked")[n % 2])
    whole = titles(client.get("/work-items", **query))
    assert len(whole) == 11
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get("/work-items", limit=limit, **query, **cursor)
        assert len(answer.json["items"]) <= limit
        seen += titles(answer)
        if answer.json["next_cursor"] is None:
            break
        cursor = {"cursor": answer.json["next_cursor"]}
    assert seen == whole


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "planning"}, "status"),
        ({"ready": "yes"}, "ready"),
        ({"ready": ["true", "false"]}, "ready"),
        ({"workflow_id": "x"}, "workflow_id"),
        ({"cursor": "WyJ3b3JrX2l0ZW1zIiwzXQ"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"limit": "many"}, "limit"),
        ({"priority": 1}, "priority"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(client: Agent, query: dict[str, Any], field: str) -> None:
    answer = client.get("/work-items", **query)
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_an_unknown_item_is_not_found(client: Agent) -> None:
    for answer in (
        client.get(f"/work-items/{uuid.uuid4()}"),
        client.patch(f"/work-items/{uuid.uuid4()}", title="x"),
    ):
        assert (answer.status_code, answer.json["error"]) == (404, "not_found")
