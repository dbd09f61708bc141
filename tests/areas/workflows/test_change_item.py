"""PATCH /work-items/<id>."""

from typing import Any

import pytest

from tests.areas.workflows.conftest import Make
from tests.conftest import Agent, Clock


def test_what_is_given_changes_and_the_rest_stays(
    item: Make, patch: Make, shown: Make, clock: Clock
) -> None:
    was = item(description="why", priority=4, assigned_to="host/a")
    clock.move(minutes=5)
    now = patch(was["id"], title="VAT", session_id="host/b")
    assert now == {
        **was,
        "title": "VAT",
        "updated_at": now["updated_at"],
        "observed_at": now["updated_at"],
    }
    assert now["updated_at"] > was["updated_at"]
    now = patch(was["id"], description=None, priority=-4, assigned_to=None)
    assert (now["description"], now["priority"], now["assigned_to"], now["title"]) == (
        None,
        -4,
        None,
        "VAT",
    )
    assert shown(was["id"]) == now


def test_a_repeated_change_is_fine_and_changes_nothing(
    client: Agent, item: Make, patch: Make, clock: Clock, journal_rows: Any
) -> None:
    first, second = item("1")["id"], item("2")["id"]
    made = item(depends_on=[first, second])["id"]
    change = {"status": "in_progress", "title": "VAT", "session_id": "host/a"}
    once = patch(made, **change)
    before = journal_rows()
    clock.move(minutes=5)
    assert patch(made, **change) == once
    assert patch(made, depends_on=[second, first, second]) == once
    assert patch(made) == once
    assert journal_rows() == before


def test_completing_notes_when_and_reopening_forgets(item: Make, patch: Make, clock: Clock) -> None:
    made = item()["id"]
    done = patch(made, status="completed", session_id="host/a")
    assert done["completed_at"] == done["updated_at"]
    assert done["ready"] is False
    clock.move(minutes=5)
    assert patch(made, title="VAT")["completed_at"] == done["completed_at"]
    opened = patch(made, status="pending")
    assert (opened["completed_at"], opened["ready"]) == (None, True)
    assert patch(made, status="completed")["completed_at"] > done["completed_at"]


def test_taking_an_unassigned_item_into_work_assigns_the_caller(item: Make, patch: Make) -> None:
    now = patch(item()["id"], status="in_progress", session_id="host/a")
    assert (now["status"], now["assigned_to"], now["claimed_at"]) == (
        "in_progress",
        "host/a",
        now["updated_at"],
    )


def test_nobody_is_assigned_when_the_caller_gives_no_name(item: Make, patch: Make) -> None:
    made = item()["id"]
    now = patch(made, status="in_progress")
    assert (now["assigned_to"], now["claimed_at"]) == (None, now["updated_at"])
    assert patch(made, status="in_progress", session_id="host/a")["assigned_to"] == "host/a"


def test_an_assigned_item_keeps_its_session(item: Make, patch: Make) -> None:
    made = item(assigned_to="host/a")["id"]
    assert patch(made, status="in_progress", session_id="host/b")["assigned_to"] == "host/a"
    assert patch(made, status="completed", session_id="host/a")["assigned_to"] == "host/a"


def test_whoever_is_named_is_assigned(item: Make, patch: Make) -> None:
    made = item()["id"]
    assert (
        patch(made, status="in_progress", assigned_to="host/b", session_id="host/a")["assigned_to"]
        == "host/b"
    )
    assert (
        patch(made, status="in_progress", assigned_to=None, session_id="host/b")["assigned_to"]
        is None
    )


def test_a_hand_over_counts_as_taking_it(item: Make, patch: Make, clock: Clock) -> None:
    made = item()["id"]
    taken = patch(made, status="in_progress", session_id="host/a")
    clock.move(minutes=5)
    handed = patch(made, assigned_to="host/b")
    assert (handed["assigned_to"], handed["status"]) == ("host/b", "in_progress")
    assert handed["claimed_at"] == handed["updated_at"] > taken["claimed_at"]


def test_a_claimed_item_that_becomes_pending_is_anybodys_again(
    client: Agent, item: Make, patch: Make
) -> None:
    made = item()["id"]
    client.post("/work-items/claim", session_id="host/a")
    back = patch(made, status="pending", session_id="host/a")
    assert (back["assigned_to"], back["claimed_at"], back["ready"]) == (None, None, True)
    assert client.post("/work-items/claim", session_id="host/b").json["id"] == made


def test_one_that_was_only_assigned_stays_so_when_it_becomes_pending(
    item: Make, patch: Make
) -> None:
    made = item(assigned_to="host/a", status="blocked")["id"]
    assert patch(made, status="pending")["assigned_to"] == "host/a"


def test_a_new_priority_moves_it_in_the_list_and_the_queue(
    client: Agent, item: Make, patch: Make
) -> None:
    item("first")
    second = item("second")["id"]
    patch(second, priority=1)
    assert [each["title"] for each in client.get("/work-items").json["items"]] == [
        "second",
        "first",
    ]
    assert client.post("/work-items/claim", session_id="host/a").json["id"] == second


def test_changes_are_recorded_by_what_happened(item: Make, patch: Make, journal_rows: Any) -> None:
    made = item("Tax")["id"]
    for status in ("in_progress", "blocked", "completed", "pending", "cancelled"):
        patch(made, status=status, session_id="host/a")
    patch(made, title="VAT", priority=1)
    rows = journal_rows()[2:]
    assert [row["type"].removeprefix("work_item.") for row in rows] == [
        "claimed",
        "updated",
        "completed",
        "updated",
        "cancelled",
        "updated",
    ]
    assert [row["data"]["status"] for row in rows] == [
        "in_progress",
        "blocked",
        "completed",
        "pending",
        "cancelled",
        "cancelled",
    ]
    assert rows[0]["data"]["changed"] == ["status", "assigned_to"]
    assert rows[-1]["data"]["changed"] == ["title", "priority"]
    assert rows[0]["session_id"] == "host/a"
    assert rows[-1]["session_id"] is None
    assert {(row["subject_kind"], row["subject_id"], row["project_key"]) for row in rows} == {
        ("work_item", made, "shop")
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "done"}, "status"),
        ({"status": "planning"}, "status"),
        ({"status": None}, "status"),
        ({"title": None}, "title"),
        ({"title": "t" * 501}, "title"),
        ({"priority": "high"}, "priority"),
        ({"priority": None}, "priority"),
        ({"depends_on": None}, "depends_on"),
        ({"depends_on": ["x"]}, "depends_on"),
        ({"depends_on": ["01a20ae1-0931-7f2b-8177-5e831b5aa185"]}, "depends_on"),
        ({"assigned_to": ""}, "assigned_to"),
        ({"workflow_id": "01a20ae1-0931-7f2b-8177-5e831b5aa185"}, "workflow_id"),
        ({"completed_at": "2026-01-05T10:00:00Z"}, "completed_at"),
        ({"staus": "completed"}, "staus"),
    ],
    ids=str,
)
def test_bad_input_is_named_and_changes_nothing(
    client: Agent, item: Make, journal_rows: Any, change: dict[str, Any], field: str
) -> None:
    was = item()
    answer = client.patch(f"/work-items/{was['id']}", **{"title": "VAT", **change})
    assert answer.status_code == 422
    assert answer.json["error"] == "invalid"
    assert field in answer.json["errors"]
    assert client.get(f"/work-items/{was['id']}").json == was
    assert len(journal_rows()) == 2
