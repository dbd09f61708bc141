"""Sessions that wait for a human: they say so, and it ends when a turn begins."""

from typing import Any

import pytest

from tests.areas.sessions.conftest import A, B, Make, types
from tests.conftest import Agent, Clock


@pytest.fixture
def waits(client: Agent) -> Make:
    def say(what: str | None = "permission", session_id: str = A) -> Any:
        answer = client.post("/sessions/heartbeat", session_id=session_id, waiting_for=what)
        assert answer.status_code in (200, 201), answer.json
        return answer.json

    return say


def test_it_is_seen_with_what_it_waits_for_and_since_when(
    client: Agent, beat: Make, waits: Make
) -> None:
    beat(A, project_key="shop")
    beat(B, project_key="shop")
    told = waits("permission: Bash")
    assert (told["state"], told["waiting_for"]) == ("waiting_for_human", "permission: Bash")
    assert told["waiting_since"] == told["last_seen_at"]
    assert client.get("/sessions", state="waiting_for_human").json["items"] == [told]
    counts = client.get("/status", project_key="shop").json["counts"]
    assert (counts["sessions"], counts["sessions_waiting_for_human"]) == (2, 1)
    (alive,) = client.get("/sessions", state="alive").json["items"]
    assert (alive["session_id"], alive["waiting_for"], alive["waiting_since"]) == (B, None, None)


def test_saying_it_again_does_not_make_it_newer(waits: Make, clock: Clock) -> None:
    first = waits("input")
    clock.move(minutes=1)
    assert waits("input")["waiting_since"] == first["waiting_since"]
    assert waits("permission")["waiting_since"] > first["waiting_since"]


def test_a_heartbeat_leaves_it_and_a_check_in_ends_it(
    client: Agent, beat: Make, waits: Make, journal_rows: Make
) -> None:
    waits()
    assert beat(A)["state"] == "waiting_for_human"
    session = client.post("/sessions/checkin", session_id=A).json["session"]
    assert (session["state"], session["waiting_for"], session["waiting_since"]) == (
        "alive",
        None,
        None,
    )
    assert types(journal_rows()) == [
        "session.announced",
        "session.waiting",
        "session.heartbeat",
        "session.wait_ended",
    ]
    assert [row["data"].get("waiting_for") for row in journal_rows()[1::2]] == ["permission"] * 2


def test_a_check_in_can_say_it_too(client: Agent) -> None:
    answer = client.post("/sessions/checkin", session_id=A, waiting_for="answer: which database?")
    assert answer.json["session"]["waiting_for"] == "answer: which database?"


def test_null_ends_it(waits: Make) -> None:
    waits()
    assert waits(None)["state"] == "alive"


def test_it_stands_for_a_day_without_a_sign_of_life(
    client: Agent, waits: Make, clock: Clock
) -> None:
    waits()
    clock.move(hours=23)
    assert client.get("/sessions").json["items"][0]["state"] == "waiting_for_human"
    clock.move(hours=2)
    assert client.get("/sessions").json["items"][0]["state"] == "silent"
    assert client.get("/sessions", state="silent").json["items"]
    assert not client.get("/sessions", state="waiting_for_human").json["items"]


def test_who_broke_its_promise_or_ended_waits_for_nobody(
    client: Agent, beat: Make, waits: Make, clock: Clock
) -> None:
    beat(A, ttl_minutes=1)
    beat(B)
    waits(session_id=A)
    waits(session_id=B)
    clock.move(minutes=2)
    client.delete("/sessions", session_id=B)
    for state in ("gone", "ended"):
        (session,) = client.get("/sessions", state=state).json["items"]
        assert (session["waiting_for"], session["waiting_since"]) == (None, None)
    assert client.get("/status").json["counts"]["sessions_waiting_for_human"] == 0
    assert waits(None, session_id=B)["state"] == "alive"
