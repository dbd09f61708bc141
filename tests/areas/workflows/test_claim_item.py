"""POST /work-items/claim."""

import uuid
from typing import Any

import pytest

from tests.areas.workflows.conftest import ITEM_KEYS, Make
from tests.conftest import Agent, Clock


def claim(client: Agent, session: str = "host/a", **more: Any) -> Any:
    return client.post("/work-items/claim", session_id=session, **more)


def test_the_next_ready_item_is_the_callers(
    client: Agent, item: Make, shown: Make, clock: Clock
) -> None:
    was = item("Tax", priority=2)
    clock.move(minutes=5)
    answer = claim(client)
    assert answer.status_code == 200
    now = answer.json
    assert list(now) == ITEM_KEYS
    assert now["claimed_at"] == now["updated_at"] > was["updated_at"]
    changes = {"status": "in_progress", "assigned_to": "host/a", "ready": False}
    assert now == {
        **was,
        **changes,
        "claimed_at": now["claimed_at"],
        "updated_at": now["updated_at"],
        "observed_at": now["updated_at"],
    }
    assert shown(was["id"]) == now


def test_highest_priority_goes_first_then_oldest(client: Agent, item: Make) -> None:
    for title, priority in (("a", 0), ("b", 5), ("c", -5), ("d", 5), ("e", 0)):
        item(title, priority=priority)
    assert [claim(client).json["title"] for _ in range(5)] == ["b", "d", "a", "e", "c"]


def test_nothing_ready_is_204_without_a_body(client: Agent, item: Make, journal_rows: Any) -> None:
    first = item(status="in_progress")["id"]
    item(depends_on=[first])
    for status in ("blocked", "completed", "cancelled"):
        item(status=status)
    before = journal_rows()
    answer = claim(client)
    assert (answer.status_code, answer.data) == (204, b"")
    assert journal_rows() == before


def test_the_project_and_the_workflow_narrow_the_choice(
    client: Agent, workflow: Make, item: Make
) -> None:
    shop, other, bank = workflow()["id"], workflow()["id"], workflow(project_key="bank")["id"]
    for title, where, priority in (("shop", shop, 1), ("other", other, 2), ("bank", bank, 3)):
        item(title, workflow_id=where, priority=priority)
    assert claim(client, project_key="none").status_code == 204
    assert claim(client, workflow_id=shop).json["title"] == "shop"
    assert claim(client, workflow_id=shop, project_key="shop").status_code == 204
    assert claim(client, project_key="shop").json["title"] == "other"
    assert claim(client).json["title"] == "bank"


def test_a_workflow_that_does_not_exist_is_refused(client: Agent, workflow: Make) -> None:
    answer = claim(client, workflow_id=str(uuid.uuid4()))
    assert answer.status_code == 422
    assert "workflow_id" in answer.json["errors"]
    answer = claim(client, workflow_id=workflow()["id"], project_key="bank")
    assert answer.status_code == 422
    assert "project_key" in answer.json["errors"]


def test_items_assigned_to_others_are_passed_over(client: Agent, item: Make) -> None:
    item("theirs", assigned_to="host/b", priority=9)
    item("anybody's")
    assert claim(client).json["title"] == "anybody's"
    assert claim(client).status_code == 204
    assert claim(client, "host/b").json["title"] == "theirs"


def test_the_workflow_counts_it(client: Agent, item: Make) -> None:
    made = item()
    claim(client)
    progress = client.get(f"/workflows/{made['workflow_id']}").json["progress"]
    assert (progress["pending"], progress["in_progress"], progress["total"]) == (0, 1, 1)


def test_a_repeated_claim_id_gives_the_same_item(
    client: Agent, item: Make, journal_rows: Any
) -> None:
    item("first")
    item("second")
    chosen = str(uuid.uuid4())
    first = claim(client, claim_id=chosen)
    before = journal_rows()
    again = claim(client, claim_id=chosen.upper())
    assert (again.status_code, again.json) == (200, first.json)
    assert journal_rows() == before
    assert claim(client).json["title"] == "second"


def test_a_repeated_claim_id_gives_it_whatever_became_of_it(
    client: Agent, workflow: Make, item: Make, patch: Make
) -> None:
    made = item("first")
    item("second")
    chosen = str(uuid.uuid4())
    claim(client, claim_id=chosen)
    done = patch(made["id"], status="completed")
    client.patch(f"/workflows/{made['workflow_id']}", status="cancelled")
    assert claim(client, claim_id=chosen).json == done
    patch(made["id"], status="pending")
    client.patch(f"/workflows/{made['workflow_id']}", status="active")
    other = claim(client, "host/b").json
    assert other["id"] == made["id"]
    assert claim(client, claim_id=chosen).json == other


def test_it_is_recorded(client: Agent, item: Make, journal_rows: Any) -> None:
    made = item('Zoë\'s "tax" \\ 🛒', priority=2)
    claim(client, "host/ä", claim_id=str(uuid.uuid4()))
    row = journal_rows()[-1]
    assert (row["type"], row["subject_kind"], row["subject_id"]) == (
        "work_item.claimed",
        "work_item",
        made["id"],
    )
    assert (row["project_key"], row["session_id"], row["revision"]) == ("shop", "host/ä", 3)
    told = {
        "title": made["title"],
        "status": "in_progress",
        "workflow_id": made["workflow_id"],
        "priority": 2,
        "assigned_to": "host/ä",
    }
    assert row["data"] == told


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"session_id": None}, "session_id"),
        ({"session_id": ""}, "session_id"),
        ({"claim_id": "x"}, "claim_id"),
        ({"workflow_id": 3}, "workflow_id"),
        ({"project_key": ""}, "project_key"),
        ({"id": "x"}, "id"),
        ({"workflow": "x"}, "workflow"),
    ],
    ids=str,
)
def test_bad_input_is_named_and_claims_nothing(
    client: Agent, item: Make, change: dict[str, Any], field: str
) -> None:
    made = item()
    answer = client.post("/work-items/claim", **{"session_id": "host/a", **change})
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert client.get("/work-items", ready="true").json["items"] == [made]


def test_a_claim_that_found_nothing_takes_nothing_when_it_is_delivered_again(
    client: Agent, item: Make, shown: Make, clock: Clock
) -> None:
    claim_id = str(uuid.uuid4())
    assert claim(client, claim_id=claim_id).status_code == 204
    made = item()["id"]
    assert claim(client, claim_id=claim_id).status_code == 204
    assert shown(made)["status"] == "pending"
    assert claim(client, session="host/b", claim_id=claim_id).json["error"] == "id_conflict"
    clock.move(minutes=11)
    assert claim(client, claim_id=claim_id).json["id"] == made
    assert claim(client, claim_id=claim_id).json["id"] == made


def test_a_claim_without_an_id_is_not_remembered(
    client: Agent, item: Make, journal_rows: Any
) -> None:
    assert claim(client).status_code == 204
    assert journal_rows() == []
    item()
    assert claim(client).status_code == 200


@pytest.mark.parametrize(
    "other", [{"session_id": "host/b"}, {"project_key": "shop"}, {"project_key": "bank"}], ids=str
)
def test_a_claim_id_of_another_claim_is_a_conflict(
    client: Agent, item: Make, other: dict[str, str]
) -> None:
    item("first")
    item("second")
    body = {"session_id": "host/a", "claim_id": str(uuid.uuid4())}
    client.post("/work-items/claim", **body)
    answer = client.post("/work-items/claim", **{**body, **other})
    assert (answer.status_code, answer.json["error"]) == (409, "id_conflict")
    assert len(client.get("/work-items", status="pending").json["items"]) == 1
