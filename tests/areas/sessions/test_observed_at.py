"""`observed_at` of DELETE /sessions: an end that is replayed late does nothing to a session that
has come back.
"""

from typing import Any

import pytest
from flask import Flask

from coord.areas.workflows.repository import session_end
from tests.areas.sessions.conftest import A, Make, types
from tests.conftest import Agent, Clock, at_once, moved


def end(client: Agent, at: str | None) -> Any:
    return client.delete("/sessions", session_id=A, **({} if at is None else {"observed_at": at}))


def lock(client: Agent, resource: str) -> Any:
    return client.post("/locks", project_key="shop", session_id=A, resource=resource).json


def held(client: Agent) -> list[str]:
    return sorted(item["resource"] for item in client.get("/locks", session_id=A).json["items"])


def test_one_that_was_not_seen_since_ends(
    client: Agent, beat: Make, claimed: Make, clock: Clock, shown: Make
) -> None:
    session = beat()
    claimed()
    lock(client, "r")
    clock.move(minutes=10)
    answer = end(client, moved(session["last_seen_at"], minutes=5))
    assert (answer.status_code, answer.json["ended"], answer.json["session"]["state"]) == (
        200,
        True,
        "ended",
    )
    assert (answer.json["done"]["locks_released"], answer.json["done"]["work_items_returned"]) == (
        1,
        1,
    )
    assert shown()["state"] == "ended"
    assert held(client) == []


@pytest.mark.parametrize("sign", ["heartbeat", "checkin"])
def test_one_that_was_seen_since_has_come_back_and_keeps_all(
    client: Agent,
    beat: Make,
    claimed: Make,
    clock: Clock,
    shown: Make,
    journal_rows: Any,
    sign: str,
) -> None:
    session = beat()
    item = claimed()
    lock(client, "r")
    clock.move(minutes=10)
    client.post(f"/sessions/{sign}", session_id=A)
    before = journal_rows()
    answer = end(client, moved(session["last_seen_at"], minutes=5))
    assert (answer.status_code, answer.json["error"], answer.json["session"]) == (
        409,
        "superseded",
        shown(),
    )
    assert shown()["state"] == "alive"
    assert held(client) == ["r"]
    assert journal_rows() == before
    assert client.get(f"/work-items/{item['id']}").json == item
    assert end(client, None).json["ended"] is True


def test_a_call_is_a_sign_of_life_too(
    client: Agent, beat: Make, clock: Clock, keep_up: Make
) -> None:
    session = beat()
    clock.move(minutes=10)
    client.get("/locks", session_id=A)
    client.get("/status", session_id=A)
    keep_up()
    assert end(client, moved(session["last_seen_at"], minutes=5)).status_code == 409


def test_what_it_took_since_it_keeps_also_where_its_return_is_not_yet_known(
    client: Agent, beat: Make, claimed: Make, clock: Clock
) -> None:
    session = beat()
    old = claimed()
    lock(client, "old")
    clock.move(minutes=10)
    new = claimed()
    lock(client, "new")
    answer = end(client, moved(session["last_seen_at"], minutes=5))
    assert (answer.status_code, answer.json["ended"]) == (200, True)
    assert (answer.json["done"]["locks_released"], answer.json["done"]["work_items_returned"]) == (
        1,
        1,
    )
    assert held(client) == ["new"]
    assert client.get(f"/work-items/{old['id']}").json["status"] == "pending"
    assert client.get(f"/work-items/{new['id']}").json == new


def test_one_that_never_announced_itself_keeps_what_it_took_since(
    client: Agent, claimed: Make, clock: Clock
) -> None:
    first = lock(client, "old")
    clock.move(minutes=10)
    new = claimed()
    answer = end(client, moved(first["acquired_at"], minutes=5))
    assert (answer.status_code, answer.json["session"], answer.json["done"]["locks_released"]) == (
        200,
        None,
        1,
    )
    assert client.get(f"/work-items/{new['id']}").json == new


def test_repeating_it_is_fine(client: Agent, beat: Make, clock: Clock, journal_rows: Any) -> None:
    at = moved(beat()["last_seen_at"], minutes=5)
    clock.move(minutes=10)
    assert end(client, at).json["ended"] is True
    before = journal_rows()
    again = end(client, at)
    assert (again.status_code, again.json["ended"]) == (200, False)
    assert journal_rows() == before


def test_one_that_came_back_and_ended_again_is_left_as_it_is(
    client: Agent, beat: Make, clock: Clock, journal_rows: Any
) -> None:
    at = moved(beat()["last_seen_at"], minutes=5)
    clock.move(minutes=10)
    beat()
    ended = end(client, None).json["session"]
    before = journal_rows()
    answer = end(client, at)
    assert (answer.status_code, answer.json["ended"], answer.json["session"]) == (200, False, ended)
    assert journal_rows() == before


def test_more_than_one_change_can_hold_is_returned_and_the_newer_kept(
    client: Agent,
    beat: Make,
    claimed: Make,
    clock: Clock,
    journal_rows: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session_end, "MAX_RETURNED", 2)
    session = beat()
    for _ in range(5):
        claimed()
    clock.move(minutes=10)
    for _ in range(3):
        claimed()
    answer = end(client, moved(session["last_seen_at"], minutes=5))
    assert (answer.json["done"]["work_items_returned"], answer.json["session"]["state"]) == (
        5,
        "ended",
    )
    assert types(journal_rows()).count("session.ended") == 1
    assert len(client.get("/work-items", assigned_to=A).json["items"]) == 3


def test_a_time_ahead_by_more_than_five_minutes_names_the_clock_skew(
    client: Agent, beat: Make, shown: Make
) -> None:
    ahead = moved(client.get("/status").json["generated_at"], minutes=6)
    assert end(client, ahead).status_code == 422
    beat()
    answer = end(client, ahead)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["observed_at"])
    assert shown()["state"] == "alive"


def test_a_late_end_and_a_heartbeat_at_once_leave_a_session_that_is_there(
    app: Flask, beat: Make, shown: Make
) -> None:
    def seen_again(agent: Agent) -> Any:
        return agent.post("/sessions/heartbeat", session_id=A)

    for _ in range(15):
        at = beat()["last_seen_at"]

        def end_late(agent: Agent, at: str = at) -> Any:
            return end(agent, at)

        at_once(app, [end_late, seen_again])
        assert shown()["state"] == "alive"
