"""POST /sessions/heartbeat."""

from typing import Any

import pytest

from tests.areas.sessions.conftest import SESSION_KEYS, A, B, Make, types
from tests.conftest import Agent, Clock


def test_the_first_announces_the_session(client: Agent, journal_rows: Any) -> None:
    body = {
        "session_id": A,
        "project_key": "shop",
        "ttl_minutes": 5,
        "agent": "claude",
        "task": "Cart totals",
    }
    answer = client.post("/sessions/heartbeat", **body)
    assert answer.status_code == 201
    session = answer.json
    assert list(session) == SESSION_KEYS
    assert session == {**session, **body, "state": "alive", "ended_at": None}
    assert session["started_at"] == session["last_seen_at"] < session["expires_at"]
    (row,) = journal_rows()
    assert (row["type"], row["subject_kind"], row["subject_id"]) == (
        "session.announced",
        "session",
        A,
    )
    assert (row["project_key"], row["session_id"]) == ("shop", A)
    assert row["data"] == {"agent": "claude", "task": "Cart totals", "ttl_minutes": 5}


def test_the_next_keeps_the_promise(
    client: Agent, beat: Make, clock: Clock, journal_rows: Any
) -> None:
    first = beat(ttl_minutes=5)
    clock.move(minutes=4)
    answer = client.post("/sessions/heartbeat", session_id=A)
    assert answer.status_code == 200
    second = answer.json
    assert second["started_at"] == first["started_at"]
    assert second["last_seen_at"] > first["last_seen_at"]
    assert second["expires_at"] > first["expires_at"]
    assert types(journal_rows()) == ["session.announced", "session.heartbeat"]


def test_a_field_left_out_keeps_its_value_and_null_clears_it(beat: Make) -> None:
    beat(project_key="shop", agent="claude", task="Totals", ttl_minutes=5)
    second = beat(task=None, agent="claude 5")
    assert (second["project_key"], second["agent"], second["task"], second["ttl_minutes"]) == (
        "shop",
        "claude 5",
        None,
        5,
    )
    third = beat(ttl_minutes=None, project_key="bank")
    assert (third["project_key"], third["agent"], third["ttl_minutes"], third["expires_at"]) == (
        "bank",
        "claude 5",
        None,
        None,
    )


@pytest.mark.parametrize("ttl", [0.001, 0.5, 7 * 24 * 60])
def test_a_promise_lasts_as_long_as_was_said(
    beat: Make, clock: Clock, shown: Make, ttl: float
) -> None:
    session = beat(ttl_minutes=ttl)
    assert session["ttl_minutes"] == ttl
    clock.move(minutes=ttl)
    assert shown()["state"] == "gone"


def test_a_promise_may_be_changed(beat: Make, clock: Clock, shown: Make) -> None:
    beat(ttl_minutes=60)
    beat(ttl_minutes=1)
    clock.move(minutes=2)
    assert shown()["state"] == "gone"
    beat(ttl_minutes=60)
    clock.move(minutes=59)
    assert shown()["state"] == "alive"


def test_one_that_promised_nothing_falls_silent_and_is_never_gone(
    beat: Make, clock: Clock, shown: Make, keep_up: Make
) -> None:
    beat()
    clock.move(minutes=119)
    assert shown()["state"] == "alive"
    clock.move(minutes=2)
    keep_up()
    assert shown() == {**shown(), "state": "silent", "ended_at": None, "expires_at": None}
    assert beat()["state"] == "alive"


def test_after_a_clean_end_nothing_of_the_old_session_is_kept(client: Agent, beat: Make) -> None:
    beat(project_key="shop", task="Totals", ttl_minutes=5)
    client.delete("/sessions", session_id=A)
    answer = client.post("/sessions/heartbeat", session_id=A, agent="another")
    assert answer.status_code == 201
    session = answer.json
    assert (session["state"], session["ended_at"], session["expires_at"]) == ("alive", None, None)
    assert (session["project_key"], session["agent"], session["task"], session["ttl_minutes"]) == (
        None,
        "another",
        None,
        None,
    )


def test_the_caller_may_be_named_in_the_header(client: Agent) -> None:
    answer = client.call("POST", "/sessions/heartbeat", {}, headers={"X-Coord-Session": B})
    assert (answer.status_code, answer.json["session_id"]) == (201, B)


def test_names_compare_exactly(client: Agent, beat: Make) -> None:
    for name in ("host/a", "host/A", "host/a ", "host/á"):
        beat(name)
    assert len(client.get("/sessions").json["items"]) == 4


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"session_id": None}, "session_id"),
        ({"session_id": ""}, "session_id"),
        ({"ttl_minutes": 0}, "ttl_minutes"),
        ({"ttl_minutes": -1}, "ttl_minutes"),
        ({"ttl_minutes": 10081}, "ttl_minutes"),
        ({"ttl_minutes": "5"}, "ttl_minutes"),
        ({"task": "x" * 5001}, "task"),
        ({"agent": "x" * 201}, "agent"),
        ({"project_key": ""}, "project_key"),
        ({"ttl_minute": 5}, "ttl_minute"),
    ],
    ids=str,
)
def test_bad_input_is_named_and_announces_nothing(
    client: Agent, journal_rows: Any, change: dict[str, Any], field: str
) -> None:
    answer = client.post("/sessions/heartbeat", **{"session_id": A, **change})
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert journal_rows() == []
