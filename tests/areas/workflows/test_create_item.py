"""POST /work-items."""

import uuid
from typing import Any

import pytest

from tests.areas.workflows.conftest import ITEM_KEYS, Make
from tests.conftest import Agent


def test_an_item_is_created_with_every_field(client: Agent, workflow: Make) -> None:
    mine = workflow()["id"]
    answer = client.post(
        "/work-items",
        workflow_id=mine,
        project_key="shop",
        title="Tax",
        description="VAT",
        priority=3,
        session_id="host/a",
    )
    assert answer.status_code == 201
    made = answer.json
    assert list(made) == ITEM_KEYS
    assert (made["workflow_id"], made["project_key"], made["title"], made["description"]) == (
        mine,
        "shop",
        "Tax",
        "VAT",
    )
    assert (made["status"], made["priority"], made["depends_on"], made["ready"]) == (
        "pending",
        3,
        [],
        True,
    )
    assert made["created_at"] == made["updated_at"]
    assert made["created_at"].endswith("Z")
    assert (made["created_by"], made["assigned_to"], made["claimed_at"], made["completed_at"]) == (
        "host/a",
        None,
        None,
        None,
    )
    assert client.get(f"/work-items/{made['id']}").json == made


def test_the_least_is_a_workflow_and_a_title(item: Make) -> None:
    made = item()
    assert (made["project_key"], made["status"], made["priority"], made["created_by"]) == (
        "shop",
        "pending",
        0,
        None,
    )


def test_text_is_kept_as_it_was_sent(item: Make, shown: Make) -> None:
    title = ' Zoë\'s "cart" \\ 100% 🛒 %s :x '
    made = item(title, description=title * 3)
    assert (made["title"], shown(made["id"])["description"]) == (title, title * 3)


@pytest.mark.parametrize("priority", [-(2**31), -1, 0, 2**31 - 1])
def test_priority_is_any_32_bit_integer(item: Make, priority: int) -> None:
    assert item(priority=priority)["priority"] == priority


@pytest.mark.parametrize("status", ["pending", "in_progress", "blocked", "completed", "cancelled"])
def test_every_status_may_be_given(item: Make, status: str) -> None:
    made = item(status=status, assigned_to="host/b", session_id="host/a")
    assert (made["status"], made["assigned_to"]) == (status, "host/b")
    assert made["ready"] is (status == "pending")
    assert (made["claimed_at"] is not None) is (status == "in_progress")
    assert (made["completed_at"] is not None) is (status == "completed")


def test_one_created_in_progress_is_its_creators(item: Make) -> None:
    assert item(status="in_progress", session_id="host/a")["assigned_to"] == "host/a"
    assert item(status="pending", session_id="host/a")["assigned_to"] is None


def test_dependencies_are_kept_once_each_in_their_order(item: Make) -> None:
    first, second = item("1")["id"], item("2")["id"]
    made = item(depends_on=[second.upper(), first, second])
    assert (made["depends_on"], made["ready"]) == ([second, first], False)


def test_an_item_whose_dependencies_are_completed_is_ready(item: Make) -> None:
    done, open_ = item(status="completed")["id"], item()["id"]
    assert item(depends_on=[done])["ready"] is True
    assert item(depends_on=[done, open_])["ready"] is False


def test_an_unknown_workflow_is_refused(client: Agent) -> None:
    answer = client.post("/work-items", workflow_id=str(uuid.uuid4()), title="Tax")
    assert answer.status_code == 422
    assert "workflow_id" in answer.json["errors"]


def test_a_project_that_is_not_the_workflows_is_refused(client: Agent, workflow: Make) -> None:
    answer = client.post(
        "/work-items", workflow_id=workflow()["id"], project_key="bank", title="Tax"
    )
    assert answer.status_code == 422
    assert "project_key" in answer.json["errors"]
    assert "'shop'" in answer.json["detail"]


def test_a_dependency_must_exist_in_the_same_project(
    client: Agent, workflow: Make, item: Make
) -> None:
    elsewhere = item(workflow_id=workflow(project_key="bank")["id"])["id"]
    mine = workflow()["id"]
    for unknown in (elsewhere, str(uuid.uuid4())):
        answer = client.post("/work-items", workflow_id=mine, title="Tax", depends_on=[unknown])
        assert answer.status_code == 422
        assert "depends_on" in answer.json["errors"]
        assert unknown in answer.json["detail"]
    sibling = item(workflow_id=workflow()["id"])["id"]
    assert (
        client.post("/work-items", workflow_id=mine, title="Tax", depends_on=[sibling]).status_code
        == 201
    )


def test_a_new_item_that_depends_on_itself_is_a_cycle(client: Agent, workflow: Make) -> None:
    chosen = str(uuid.uuid4())
    answer = client.post(
        "/work-items", workflow_id=workflow()["id"], title="Tax", id=chosen, depends_on=[chosen]
    )
    assert answer.status_code == 422
    assert f"{chosen} -> {chosen}" in answer.json["errors"]["depends_on"][0]


def test_a_repeated_id_makes_nothing_twice(client: Agent, workflow: Make, item: Make) -> None:
    mine, dep = workflow()["id"], item()["id"]
    body = {
        "id": str(uuid.uuid4()),
        "workflow_id": mine,
        "title": "Tax",
        "depends_on": [dep],
        "session_id": "host/a",
    }
    first = client.post("/work-items", **body)
    assert (first.status_code, first.json["id"]) == (201, body["id"])
    again = client.post(
        "/work-items", **{**body, "project_key": "shop", "depends_on": [dep, dep], "priority": 0}
    )
    assert (again.status_code, again.json) == (200, first.json)
    assert client.get(f"/workflows/{mine}").json["progress"]["total"] == 1


def test_a_create_replayed_after_changes_answers_what_is_stored_now(
    client: Agent, workflow: Make, item: Make, patch: Make
) -> None:
    body = {
        "id": str(uuid.uuid4()),
        "workflow_id": workflow()["id"],
        "title": "Tax",
        "depends_on": [item()["id"]],
    }
    client.post("/work-items", **body)
    changed = patch(body["id"], status="completed", title="VAT", depends_on=[], session_id="host/b")
    client.patch(f"/workflows/{body['workflow_id']}", status="completed")
    late = client.post("/work-items", **body)
    assert (late.status_code, late.json) == (200, changed)


@pytest.mark.parametrize(
    "other",
    [
        {"title": "VAT"},
        {"priority": 1},
        {"status": "blocked"},
        {"depends_on": []},
        {"assigned_to": "host/b"},
        {"created_by": "host/b"},
    ],
    ids=str,
)
def test_an_id_with_other_content_is_a_conflict(
    client: Agent, workflow: Make, item: Make, other: dict[str, Any]
) -> None:
    body = {
        "id": str(uuid.uuid4()),
        "workflow_id": workflow()["id"],
        "title": "Tax",
        "depends_on": [item()["id"]],
    }
    client.post("/work-items", **body)
    answer = client.post("/work-items", **{**body, **other})
    assert (answer.status_code, answer.json["error"]) == (409, "id_conflict")


def test_it_is_recorded(item: Make, journal_rows: Any) -> None:
    made = item("Tax", priority=2, session_id="host/a")
    row = journal_rows()[-1]
    assert (row["type"], row["subject_kind"], row["subject_id"]) == (
        "work_item.created",
        "work_item",
        made["id"],
    )
    assert (row["project_key"], row["session_id"]) == ("shop", "host/a")
    expected = {
        "title": "Tax",
        "status": "pending",
        "workflow_id": made["workflow_id"],
        "priority": 2,
        "assigned_to": None,
    }
    assert row["data"] == expected


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": None}, "title"),
        ({"title": ""}, "title"),
        ({"title": "t" * 501}, "title"),
        ({"title": "a\x00"}, "title"),
        ({"description": "\udfff"}, "description"),
        ({"workflow_id": None}, "workflow_id"),
        ({"workflow_id": "7"}, "workflow_id"),
        ({"project_key": 7}, "project_key"),
        ({"status": "active"}, "status"),
        ({"status": "done"}, "status"),
        ({"priority": 2**31}, "priority"),
        ({"priority": -(2**31) - 1}, "priority"),
        ({"priority": "1"}, "priority"),
        ({"priority": 1.5}, "priority"),
        ({"priority": True}, "priority"),
        ({"depends_on": "x"}, "depends_on"),
        ({"depends_on": ["x"]}, "depends_on"),
        ({"depends_on": [None]}, "depends_on"),
        ({"depends_on": [str(uuid.UUID(int=nth)) for nth in range(101)]}, "depends_on"),
        ({"assigned_to": ""}, "assigned_to"),
        ({"assigned_to": "s" * 201}, "assigned_to"),
        ({"id": 5}, "id"),
        ({"ready": True}, "ready"),
        ({"dependson": []}, "dependson"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_named_and_changes_nothing(
    client: Agent, workflow: Make, change: dict[str, Any], field: str
) -> None:
    answer = client.post(
        "/work-items", **{"workflow_id": workflow()["id"], "title": "Tax", **change}
    )
    assert answer.status_code == 422
    assert answer.json["error"] == "invalid"
    assert field in answer.json["errors"]
    assert client.get("/work-items").json["items"] == []


def test_a_typo_is_answered_with_the_nearest_name(client: Agent) -> None:
    answer = client.post("/work-items", workflow="x", title="Tax")
    assert answer.json["errors"]["workflow"] == ["Unknown field. Did you mean 'workflow_id'?"]
