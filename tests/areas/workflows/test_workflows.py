"""GET /workflows, GET and PATCH /workflows/<id>."""

import uuid
from typing import Any

import pytest

from tests.areas.workflows.conftest import ITEM_KEYS, WORKFLOW_KEYS, Make
from tests.conftest import Agent, Clock


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [item["name"] for item in answer.json["items"]]


def test_the_list_is_newest_first_and_by_project(client: Agent, workflow: Make) -> None:
    for name, project in (("1", "shop"), ("2", "bank"), ("3", "shop")):
        workflow(name=name, project_key=project)
    assert names(client.get("/workflows")) == ["3", "2", "1"]
    assert names(client.get("/workflows", project_key="shop")) == ["3", "1"]
    assert names(client.get("/workflows", project_key="Shop")) == []
    assert list(client.get("/workflows").json["items"][0]) == WORKFLOW_KEYS


def test_status_may_be_repeated(client: Agent, workflow: Make) -> None:
    for status in ("planning", "active", "blocked", "completed", "cancelled"):
        workflow(name=status, status=status)
    assert names(client.get("/workflows", status="active")) == ["active"]
    assert names(client.get("/workflows", status=["planning", "completed", "planning"])) == [
        "completed",
        "planning",
    ]
    assert names(client.get("/workflows", status=["cancelled", "active"], project_key="shop")) == [
        "cancelled",
        "active",
    ]
    assert names(client.get("/workflows", status="active", project_key="bank")) == []


def test_pages_follow_one_another_without_gap_or_overlap(client: Agent, workflow: Make) -> None:
    made = [
        workflow(name=str(n), status=("planning", "active", "completed")[n % 3])["name"]
        for n in range(7)
    ]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get("/workflows", limit=2, **cursor)
        assert len(answer.json["items"]) <= 2
        seen += names(answer)
        workflow(name="later")
        if answer.json["next_cursor"] is None:
            break
        cursor = {"cursor": answer.json["next_cursor"]}
    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "done"}, "status"),
        ({"status": ["active", "done"]}, "status"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WyJsb2NrcyIsM10"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"projectkey": "shop"}, "projectkey"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(client: Agent, query: dict[str, Any], field: str) -> None:
    answer = client.get("/workflows", **query)
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_one_carries_its_items_highest_priority_first_then_oldest(
    client: Agent, workflow: Make, item: Make
) -> None:
    mine, other = workflow()["id"], workflow()["id"]
    for title, priority in (("low", -1), ("first", 0), ("high", 7), ("second", 0)):
        item(title, workflow_id=mine, priority=priority)
    item("elsewhere", workflow_id=other)
    answer = client.get(f"/workflows/{mine}")
    assert answer.status_code == 200
    assert list(answer.json) == [*WORKFLOW_KEYS, "work_items"]
    assert [each["title"] for each in answer.json["work_items"]] == [
        "high",
        "first",
        "second",
        "low",
    ]
    assert all(list(each) == ITEM_KEYS for each in answer.json["work_items"])


def test_progress_counts_items_by_status(
    client: Agent, workflow: Make, item: Make, patch: Make
) -> None:
    mine = workflow()["id"]
    for status in ("pending", "in_progress", "blocked", "completed", "cancelled", "pending"):
        item(status, workflow_id=mine, status=status)
    moving = item("moving", workflow_id=mine)["id"]
    expected = {"pending": 2, "in_progress": 1, "blocked": 1, "completed": 1, "cancelled": 1}
    for status in ("pending", "in_progress", "blocked", "completed", "cancelled", "pending"):
        patch(moving, status=status)
        now = {**expected, status: expected[status] + 1, "total": 7}
        assert client.get(f"/workflows/{mine}").json["progress"] == now
        assert client.get("/workflows").json["items"][0]["progress"] == now


def test_an_unknown_workflow_is_not_found(client: Agent) -> None:
    for answer in (
        client.get(f"/workflows/{uuid.uuid4()}"),
        client.patch(f"/workflows/{uuid.uuid4()}", name="x"),
        client.get("/workflows/x"),
    ):
        assert (answer.status_code, answer.json["error"]) == (404, "not_found")


def test_what_is_given_changes_and_the_rest_stays(
    client: Agent, workflow: Make, clock: Clock
) -> None:
    was = workflow(description="why")
    clock.move(minutes=5)
    answer = client.patch(f"/workflows/{was['id']}", status="active", session_id="host/b")
    assert answer.status_code == 200
    at = answer.json["updated_at"]
    assert answer.json == {**was, "status": "active", "updated_at": at, "observed_at": at}
    assert answer.json["updated_at"] > was["updated_at"]
    assert (
        client.patch(f"/workflows/{was['id']}", description=None, name="Till").json["description"]
        is None
    )
    stored = client.get(f"/workflows/{was['id']}").json
    assert (stored["name"], stored["status"], stored["description"]) == ("Till", "active", None)


def test_a_repeated_change_is_fine_and_changes_nothing(
    client: Agent, workflow: Make, clock: Clock, journal_rows: Any
) -> None:
    mine = workflow()["id"]
    first = client.patch(f"/workflows/{mine}", status="active", name="Till")
    clock.move(minutes=5)
    again = client.patch(f"/workflows/{mine}", status="active", name="Till")
    assert (again.status_code, again.json) == (200, first.json)
    assert client.patch(f"/workflows/{mine}").json == first.json
    assert [row["type"] for row in journal_rows()] == ["workflow.created", "workflow.updated"]


def test_changes_are_recorded_by_what_happened(
    client: Agent, workflow: Make, journal_rows: Any
) -> None:
    mine = workflow()["id"]
    for status in ("active", "completed", "blocked", "cancelled"):
        client.patch(f"/workflows/{mine}", status=status, session_id="host/b")
    rows = journal_rows()[1:]
    assert [row["type"] for row in rows] == [
        "workflow.updated",
        "workflow.completed",
        "workflow.updated",
        "workflow.cancelled",
    ]
    assert rows[0]["data"] == {"name": "Checkout", "status": "active", "changed": ["status"]}
    assert {(row["subject_id"], row["session_id"], row["project_key"]) for row in rows} == {
        (mine, "host/b", "shop")
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "done"}, "status"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"project_key": "x"}, "project_key"),
        ({"nam": "x"}, "nam"),
    ],
    ids=str,
)
def test_a_bad_change_is_named_and_changes_nothing(
    client: Agent, workflow: Make, change: dict[str, Any], field: str
) -> None:
    was = workflow()
    answer = client.patch(f"/workflows/{was['id']}", **change)
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert client.get("/workflows").json["items"] == [was]


@pytest.mark.parametrize("over", ["completed", "cancelled"])
def test_items_of_a_workflow_that_is_over_are_not_handed_out(
    client: Agent, workflow: Make, item: Make, patch: Make, over: str
) -> None:
    mine = workflow()["id"]
    first, second = item("first", workflow_id=mine), item("second", workflow_id=mine)
    waiting = item("waiting", workflow_id=mine, depends_on=[first["id"]])
    client.patch(f"/workflows/{mine}", status=over)
    late = item("late", workflow_id=mine)
    assert client.post("/work-items/claim", session_id="host/a").status_code == 204
    patch(first["id"], status="completed")
    patch(second["id"], status="blocked")
    patch(second["id"], status="pending")
    assert (
        client.post("/work-items/claim", session_id="host/a", workflow_id=mine).status_code == 204
    )
    ready = client.get("/work-items", ready="true").json["items"]
    assert [each["id"] for each in ready] == [second["id"], waiting["id"], late["id"]], (
        "ready says nothing of the workflow"
    )
    client.patch(f"/workflows/{mine}", status="active")
    claimed = [client.post("/work-items/claim", session_id="host/a").json["id"] for _ in range(3)]
    assert claimed == [second["id"], waiting["id"], late["id"]]


@pytest.mark.parametrize("status", ["planning", "active", "blocked"])
def test_items_of_a_workflow_that_goes_on_are_handed_out(
    client: Agent, workflow: Make, item: Make, status: str
) -> None:
    made = item(workflow_id=workflow(status=status)["id"])
    assert client.post("/work-items/claim", session_id="host/a").json["id"] == made["id"]
