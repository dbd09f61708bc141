"""A session that breaks its promise: when it counts as gone, and what follows from it."""

from functools import partial
from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from coord.areas.sessions import repository
from coord.areas.workflows.repository import session_end
from coord.store import transact
from tests.areas.sessions.conftest import A, B, C, Make, types
from tests.conftest import Agent, Clock, at_once


def inbox(client: Agent, session_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(
        "/messages", to_session=session_id, unread_only="true"
    ).json["items"]
    return items


def heartbeat(session_id: str, client: Agent) -> Any:
    return client.post("/sessions/heartbeat", session_id=session_id)


def test_it_is_noted_once_with_what_is_known_of_it(
    beat: Make, clock: Clock, keep_up: Make, shown: Make, journal_rows: Any
) -> None:
    session = beat(project_key="shop", ttl_minutes=5, agent="claude", task="Totals")
    clock.move(minutes=6)
    for _ in range(3):
        keep_up()
    assert shown() == {**session, "state": "gone", "ended_at": session["expires_at"]}
    announced, gone = journal_rows()
    assert (gone["type"], gone["subject_id"], gone["project_key"], gone["session_id"]) == (
        "session.gone",
        A,
        "shop",
        None,
    )
    told = {
        "agent": "claude",
        "task": "Totals",
        "ttl_minutes": 5,
        "last_seen_at": f"{announced['at']:%Y-%m-%dT%H:%M:%SZ}",
    }
    assert gone["data"] == told


def test_a_promise_is_never_broken_early(
    beat: Make, clock: Clock, keep_up: Make, journal_rows: Any
) -> None:
    beat(ttl_minutes=5)
    clock.move(minutes=4.9)
    keep_up()
    assert types(journal_rows()) == ["session.announced"]


def test_a_late_heartbeat_that_comes_before_it_is_noted_keeps_the_session(
    client: Agent, beat: Make, clock: Clock, keep_up: Make, journal_rows: Any
) -> None:
    beat(ttl_minutes=5)
    clock.move(minutes=6)
    assert client.post("/sessions/heartbeat", session_id=A).status_code == 200
    keep_up()
    assert types(journal_rows()) == ["session.announced", "session.heartbeat"]


def test_a_heartbeat_after_that_announces_it_anew_with_what_it_said_before(
    client: Agent, beat: Make, clock: Clock, keep_up: Make, journal_rows: Any
) -> None:
    first = beat(project_key="shop", ttl_minutes=5, task="Totals")
    clock.move(minutes=6)
    keep_up()
    answer = client.post("/sessions/heartbeat", session_id=A, task="Cart")
    assert answer.status_code == 201
    again = answer.json
    assert (again["project_key"], again["ttl_minutes"], again["task"], again["state"]) == (
        "shop",
        5,
        "Cart",
        "alive",
    )
    assert again["started_at"] > first["expires_at"]
    assert again["ended_at"] is None
    assert types(journal_rows()) == ["session.announced", "session.gone", "session.announced"]


def test_its_items_are_pending_again(
    client: Agent, beat: Make, claimed: Make, clock: Clock, keep_up: Make, journal_rows: Any
) -> None:
    beat(ttl_minutes=5)
    item = claimed()
    clock.move(minutes=6)
    client.post("/work-items/claim", session_id=A)  # nothing is ready, but it has called
    keep_up()
    assert client.get(f"/work-items/{item['id']}").json["assigned_to"] == A
    clock.move(minutes=6)
    keep_up()
    now = client.get(f"/work-items/{item['id']}").json
    assert (now["status"], now["assigned_to"], now["claimed_at"], now["ready"]) == (
        "pending",
        None,
        None,
        True,
    )
    progress = client.get(f"/workflows/{item['workflow_id']}").json["progress"]
    assert (progress["pending"], progress["in_progress"]) == (1, 0)
    (row,) = [row for row in journal_rows() if row["type"] == "work_item.returned"]
    assert (row["subject_id"], row["project_key"], row["session_id"]) == (item["id"], "shop", None)
    assert row["data"] == {
        **{
            "title": "Task",
            "status": "pending",
            "workflow_id": item["workflow_id"],
            "priority": 0,
            "assigned_to": None,
        },
        **{"was_assigned_to": A, "reason": "session_gone"},
    }


def test_those_affected_get_one_message_each(
    client: Agent, beat: Make, claimed: Make, clock: Clock, keep_up: Make
) -> None:
    session = beat(ttl_minutes=0.5)
    claimed(title="Totals", creator=B)
    claimed(title="Cart", creator=B)
    claimed(title="Own", creator=A)
    claimed(title="Tax", creator=C)
    clock.move(minutes=6)
    keep_up()  # its calls count first
    clock.move(minutes=6)
    keep_up()
    (told,) = inbox(client, B)
    assert (told["from_session"], told["subject"], told["importance"], told["project_key"]) == (
        "coord",
        f"{A} is gone",
        "high",
        None,
    )
    assert told["thread_id"] == told["id"]
    why, *sentences = told["body"].splitlines()
    assert why.startswith(
        f"{A} promised to call again within 0.5 minutes and did not: it was last seen at "
    )
    assert session["expires_at"]
    assert len(sentences) == 2
    assert "'Totals'" in sentences[0]
    assert "'Cart'" in sentences[1]
    (other,) = inbox(client, C)
    assert "'Tax'" in other["body"]
    assert "'Totals'" not in other["body"]
    assert inbox(client, A) == []


def test_messages_of_one_change_have_revisions_of_their_own(
    client: Agent, beat: Make, claimed: Make, clock: Clock, keep_up: Make, journal_rows: Any
) -> None:
    beat(ttl_minutes=1)
    for creator in (B, C):
        claimed(creator=creator)
    clock.move(minutes=3)
    keep_up()
    clock.move(minutes=3)
    keep_up()
    sent = [row for row in journal_rows() if row["type"] == "message.sent"]
    assert [row["data"]["to_session"] for row in sent] == [B, C]
    for row, session_id in zip(sent, (B, C), strict=True):
        (message,) = inbox(client, session_id)
        assert row["subject_id"] == message["id"]
        assert client.get("/messages", to_session=session_id).json["items"] == [message]


def test_an_item_that_it_was_given_but_has_not_begun_stays_its_own(
    client: Agent, beat: Make, clock: Clock, keep_up: Make
) -> None:
    beat(ttl_minutes=5)
    flow = client.post("/workflows", project_key="shop", name="w", created_by=B).json["id"]
    item = client.post("/work-items", workflow_id=flow, title="t", assigned_to=A).json
    clock.move(minutes=6)
    keep_up()
    assert client.get(f"/work-items/{item['id']}").json == item


def test_items_of_a_workflow_that_is_over_or_that_wait_are_not_handed_out(
    client: Agent, beat: Make, claimed: Make, clock: Clock, keep_up: Make
) -> None:
    over, waits = claimed(), claimed()
    other = client.post("/work-items", workflow_id=waits["workflow_id"], title="first").json["id"]
    client.patch(f"/work-items/{waits['id']}", depends_on=[other])
    client.patch(f"/workflows/{over['workflow_id']}", status="cancelled")
    client.patch(f"/work-items/{other}", status="blocked")
    beat(ttl_minutes=5)
    clock.move(minutes=6)
    keep_up()
    clock.move(minutes=6)
    keep_up()
    assert {client.get(f"/work-items/{each['id']}").json["status"] for each in (over, waits)} == {
        "pending"
    }
    assert client.post("/work-items/claim", session_id=C).status_code == 204


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two items a change."""
    monkeypatch.setattr(session_end, "MAX_RETURNED", 2)


@pytest.mark.usefixtures("few")
def test_more_than_one_change_can_hold_is_returned_all_the_same(
    client: Agent, beat: Make, claimed: Make, clock: Clock, keep_up: Make, journal_rows: Any
) -> None:
    for _ in range(5):
        claimed()
    beat(ttl_minutes=5)
    keep_up()
    clock.move(minutes=6)
    keep_up()
    assert client.get("/work-items", status="in_progress").json["items"] == []
    told = types(journal_rows())
    assert told.count("work_item.returned") == 5
    assert told.count("session.gone") == 1
    assert len(inbox(client, B)) == 3


@pytest.mark.usefixtures("few")
def test_when_the_worker_dies_in_between_the_rest_is_due_again(
    app: Flask, client: Agent, beat: Make, claimed: Make, clock: Clock, keep_up: Make, shown: Make
) -> None:
    for _ in range(3):
        claimed()
    beat(ttl_minutes=5)
    keep_up()
    clock.move(minutes=6)
    with app.app_context():
        assert transact(repository.note_gone, A).incomplete
    assert len(client.get("/work-items", status="in_progress").json["items"]) == 1
    assert shown()["state"] == "gone"
    keep_up()
    assert client.get("/work-items", status="in_progress").json["items"] == []


def test_of_many_that_keep_up_at_once_one_notes_it_and_the_others_say_nothing(
    app: Flask, client: Agent, beat: Make, claimed: Make, clock: Clock, journal_rows: Any
) -> None:
    for number in range(6):
        claimed(f"host/{number}")
        beat(f"host/{number}", ttl_minutes=5)
    upkeep.run_once(app)
    clock.move(minutes=6)
    at_once(app, [lambda _: upkeep.run_once(app)] * 6)
    told = types(journal_rows())
    assert (
        told.count("session.gone")
        == told.count("work_item.returned")
        == told.count("message.sent")
        == 6
    )
    assert not upkeep.of(app)._failing


def test_of_a_heartbeat_and_the_end_of_a_promise_one_comes_first_whole(
    app: Flask, client: Agent, beat: Make, clock: Clock, journal_rows: Any, shown: Make
) -> None:
    for number in range(12):
        name = f"host/{number}"
        beat(name, ttl_minutes=5)
        clock.move(minutes=6)
        answer, _ = at_once(app, [partial(heartbeat, name), lambda _: upkeep.run_once(app)])
        assert shown(name)["state"] == "alive"
        told = [row["type"] for row in journal_rows() if row["subject_id"] == name]
        if answer.status_code == 200:
            assert told == ["session.announced", "session.heartbeat"]
        else:
            assert (answer.status_code, told) == (
                201,
                ["session.announced", "session.gone", "session.announced"],
            )
