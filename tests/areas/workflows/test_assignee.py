"""Who may change an item that another session has in progress."""

from typing import Any

import pytest

from tests.areas.workflows.conftest import Make
from tests.conftest import Agent

A, B = {"session_id": "host/a"}, {"session_id": "host/b"}


@pytest.fixture
def held(client: Agent, item: Make) -> dict[str, Any]:
    """An item that host/a has claimed."""
    item("Totals")
    claimed: dict[str, Any] = client.post("/work-items/claim", **A).json
    return claimed


@pytest.mark.parametrize(
    "change",
    [
        {"status": "completed"},
        {"status": "pending"},
        {"title": "Tax"},
        {"assigned_to": "host/b"},
        {"depends_on": []},
    ],
    ids=str,
)
def test_another_session_does_not_change_it(
    client: Agent, held: dict[str, Any], shown: Make, change: Any
) -> None:
    answer = client.patch(f"/work-items/{held['id']}", **B, **change)
    if change == {"depends_on": []}:
        assert answer.status_code == 200  # it is so already
    else:
        assert (answer.status_code, answer.json["error"]) == (409, "not_assignee")
        assert answer.json["work_item"] == held
        assert "'host/a'" in answer.json["detail"]
    assert shown(held["id"]) == held


def test_a_caller_that_names_itself_in_the_header_is_another_session_too(
    client: Agent, held: dict[str, Any]
) -> None:
    path = f"/work-items/{held['id']}"
    answer = client.call(
        "PATCH", path, {"status": "completed"}, headers={"X-Coord-Session": "host/b"}
    )
    assert (answer.status_code, answer.json["error"]) == (409, "not_assignee")


@pytest.mark.parametrize("caller", [A, {}], ids=["assignee", "nobody in particular"])
def test_its_session_and_a_call_without_one_change_it(
    client: Agent, held: dict[str, Any], patch: Make, journal_rows: Any, caller: dict[str, str]
) -> None:
    assert patch(held["id"], status="completed", **caller)["status"] == "completed"
    assert "forced" not in journal_rows()[-1]["data"]
    assert client.get("/messages", to_session="host/a").json["items"] == []


def test_force_changes_it_is_journaled_and_tells_the_assignee(
    client: Agent, held: dict[str, Any], patch: Make, journal_rows: Any
) -> None:
    assert patch(held["id"], status="completed", force=True, **B)["status"] == "completed"
    event = next(row for row in reversed(journal_rows()) if row["type"] == "work_item.completed")
    assert event["session_id"] == "host/b"
    assert (event["data"]["forced"], event["data"]["was_assigned_to"]) == (True, "host/a")
    (message,) = client.get("/messages", to_session="host/a", unread_only="true").json["items"]
    assert message["from_session"] == "coord"
    assert all(
        part in message["body"] for part in ("host/b", "'Totals'", held["id"], "'completed'")
    )


def test_force_where_none_is_needed_is_a_plain_change(
    client: Agent, item: Make, patch: Make, journal_rows: Any
) -> None:
    patch(item(assigned_to="host/a")["id"], title="VAT", force=True, **B)
    assert "forced" not in journal_rows()[-1]["data"]
    assert client.get("/messages", to_session="host/a").json["items"] == []


def test_an_item_that_is_not_in_progress_is_anybodys_to_change(item: Make, patch: Make) -> None:
    assert patch(item(assigned_to="host/a")["id"], title="VAT", **B)["title"] == "VAT"


def test_a_session_that_lost_its_item_does_not_complete_it_for_the_next(
    client: Agent, held: dict[str, Any]
) -> None:
    client.delete("/sessions", **A)
    assert client.post("/work-items/claim", **B).json["id"] == held["id"]
    answer = client.patch(f"/work-items/{held['id']}", status="completed", **A)
    assert (answer.status_code, answer.json["work_item"]["assigned_to"]) == (409, "host/b")
