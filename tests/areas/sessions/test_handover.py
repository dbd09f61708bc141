"""Hand-over notes: who leaves one, where it stands, and who is told of it."""

from typing import Any

import pytest
from flask import Flask

from coord.area import hand_over
from coord.store import Change, Decision, Reader, transact
from tests.areas.locks.test_wait import claim
from tests.areas.sessions.conftest import A, B, C, Make, types
from tests.conftest import Agent, Clock

NOTE = "Totals are done.\nNext: refunds. Trap: rounding in src/tax.py."


def inbox(client: Agent, session: str) -> list[Any]:
    found: list[Any] = client.get("/messages", to_session=session).json["items"]
    return [each for each in found if each["to_session"] == session]


def one(client: Agent, session: str) -> Any:
    (found,) = client.get("/sessions", name=session).json["items"]
    return found


def test_a_note_is_kept_with_its_time_until_another_one_is_left(
    client: Agent, beat: Make, clock: Clock, journal_rows: Make
) -> None:
    left = beat(A, handover=NOTE)
    assert (left["handover"], left["handover_at"]) == (NOTE, left["last_seen_at"])
    clock.move(minutes=1)
    again = beat(A, handover=NOTE)
    assert again["handover_at"] == left["handover_at"]
    checked_in = client.post("/sessions/checkin", session_id=A).json["session"]
    assert checked_in["handover"] == NOTE
    taken_back = beat(A, handover=None)
    assert (taken_back["handover"], taken_back["handover_at"]) == (None, None)
    notes = [row["data"] for row in journal_rows() if row["type"] == "session.handed_over"]
    assert notes == [{"handover": NOTE}, {"handover": None}]


def test_it_can_be_left_with_the_end_and_outlasts_it(
    client: Agent, beat: Make, journal_rows: Make
) -> None:
    beat(A)
    ended = client.delete("/sessions", session_id=A, handover=NOTE).json
    assert (ended["ended"], ended["session"]["handover"]) == (True, NOTE)
    assert types(journal_rows())[-2:] == ["session.handed_over", "session.ended"]
    again = client.delete("/sessions", session_id=A, handover=NOTE).json
    assert again == {**ended, "ended": False}
    assert (one(client, A)["state"], one(client, A)["handover"]) == ("ended", NOTE)


def test_a_note_needs_a_session_and_has_an_end(client: Agent, beat: Make) -> None:
    nowhere = client.delete("/sessions", session_id=A, handover=NOTE)
    assert nowhere.status_code == 422
    assert "never announced itself" in nowhere.json["errors"]["handover"][0]
    beat(A, handover="x" * 4_000)
    long = client.post("/sessions/heartbeat", session_id=A, handover="x" * 4_001)
    assert (long.status_code, list(long.json["errors"])) == (422, ["handover"])


def test_who_takes_over_stale_locks_is_told_once(client: Agent, beat: Make, clock: Clock) -> None:
    beat(A, ttl_minutes=1, handover=NOTE, project_key="shop")
    for resource in ("src/a.py", "src/b.py", "src/c.py"):
        claim(client, A, resource)
    clock.move(minutes=2)
    both = {"resources": ["src/a.py", "src/b.py"], "take_over_stale": True}
    taken = client.post("/locks", project_key="shop", session_id=B, **both)
    assert taken.status_code == 201
    claim(client, B, "src/c.py", take_over_stale=True)
    (told,) = inbox(client, B)
    assert told["subject"] == f"Hand-over note of {A}"
    assert told["body"].endswith(f"you have taken over its lock of 'src/a.py'.\n\n{NOTE}")
    assert NOTE.split("\n", maxsplit=1)[0] in client.post("/sessions/checkin", session_id=B).text


@pytest.mark.parametrize("how", ["ended", "gone", "gave it back"])
def test_who_claims_an_item_of_another_is_told_what_that_left(
    client: Agent, beat: Make, claimed: Make, clock: Clock, keep_up: Make, how: str
) -> None:
    item = claimed(A)
    beat(A, ttl_minutes=1, handover=NOTE)
    if how == "ended":
        client.delete("/sessions", session_id=A)
    elif how == "gone":
        keep_up()  # writes the calls so far
        clock.move(minutes=2)
        keep_up()
    else:
        client.patch(f"/work-items/{item['id']}", session_id=A, status="pending")
    taken = {"session_id": C, "workflow_id": item["workflow_id"]}
    assert client.post("/work-items/claim", **taken).json["id"] == item["id"]
    (told,) = inbox(client, C)
    assert f"you have taken on its item 'Task'.\n\n{NOTE}" in told["body"]
    client.patch(f"/work-items/{item['id']}", session_id=C, status="pending")
    client.post("/work-items/claim", **taken)
    assert len(inbox(client, C)) == 1


@pytest.mark.parametrize("how", ["takes it itself", "is given it"])
def test_who_takes_an_item_by_name_is_told_too(
    client: Agent, beat: Make, claimed: Make, how: str
) -> None:
    path = f"/work-items/{claimed(A)['id']}"
    beat(A, handover=NOTE)
    if how == "takes it itself":
        client.patch(path, session_id=A, status="pending")
        client.patch(path, session_id=C, status="in_progress")
    else:
        client.patch(path, session_id=A, assigned_to=C)
    client.patch(path, session_id=C, priority=3)
    (told,) = inbox(client, C)
    assert f"you have taken on its item 'Task'.\n\n{NOTE}" in told["body"]


def test_who_goes_on_under_the_name_is_told_too(client: Agent, beat: Make) -> None:
    beat(A, handover=NOTE)
    client.delete("/sessions", session_id=A)
    beat(A)
    assert [NOTE in each["body"] for each in inbox(client, A)] == [True]
    beat(A, handover="another")
    assert len(inbox(client, A)) == 1


def test_a_note_that_is_replaced_while_it_is_told_is_told_as_it_is_then(
    app: Flask, client: Agent, beat: Make
) -> None:
    beat(A, handover="old")
    decided: list[None] = []

    def decide(db: Reader) -> Decision[None]:
        change: Change[None] = Change()
        hand_over(db, change, A, B, "you go on")
        if not decided:
            beat(A, handover=NOTE)
        decided.append(None)
        return change

    with app.app_context():
        transact(decide)
    assert len(decided) == 2
    assert [NOTE in each["body"] for each in inbox(client, B)] == [True]


def test_a_session_is_found_by_its_name_in_any_state(client: Agent, beat: Make) -> None:
    beat(A, project_key="shop")
    client.delete("/sessions", session_id=A)
    assert client.get("/sessions", name=A, state="ended").json["items"] == [one(client, A)]
    for other in ({"state": "alive"}, {"project_key": "bank"}):
        assert client.get("/sessions", name=A, **other).json["items"] == []
    assert client.get("/sessions", name="nobody").json["items"] == []
