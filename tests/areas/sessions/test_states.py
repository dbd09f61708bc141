"""What sessions say of themselves, and what the service finds of them."""

from typing import Any

import pytest

from coord.areas.sessions.repository import listing
from tests.areas.locks import test_wait
from tests.areas.locks.test_wait import Wait
from tests.areas.sessions.conftest import A, B, Make, types
from tests.conftest import Agent, Clock

wait = test_wait.wait


def named(client: Agent, **query: Any) -> list[str]:
    answer = client.get("/sessions", **query)
    assert answer.status_code == 200, answer.json
    return [item["session_id"] for item in answer.json["items"]]


@pytest.mark.parametrize("state", ["working", "idle", "rate_limited"])
def test_what_it_says_is_seen_since_when_found_and_counted(
    client: Agent, beat: Make, clock: Clock, state: str
) -> None:
    beat(A, project_key="shop")
    beat(B, project_key="shop")
    told = beat(A, state=state)
    assert (told["state"], told["state_since"]) == (state, told["last_seen_at"])
    clock.move(minutes=1)
    assert beat(A, state=state)["state_since"] == told["state_since"]
    assert beat(A)["state"] == state
    assert named(client, state=state) == named(client, state=state, project_key="shop") == [A]
    assert named(client, state="alive") == [B]
    counts = client.get("/status", project_key="shop").json["counts"]
    assert (counts["sessions"], counts[f"sessions_{state}"]) == (2, 1)
    lines = client.get("/metrics").text.splitlines()
    assert f'coord_sessions{{state="{state}"}} 1.0' in lines
    assert 'coord_sessions{state="alive"} 1.0' in lines


def test_only_what_is_new_is_recorded_and_null_takes_it_back(
    client: Agent, beat: Make, journal_rows: Make
) -> None:
    beat(A, state="working")
    beat(A, state="working")
    beat(A, state="idle")
    assert beat(A, state=None)["state"] == "alive"
    rows = journal_rows()
    assert types(rows) == [
        "session.announced",
        "session.state_reported",
        "session.heartbeat",
        "session.state_reported",
        "session.state_reported",
    ]
    told = [row["data"] for row in rows if row["type"] == "session.state_reported"]
    assert [(each["was"], each["state"]) for each in told] == [
        (None, "working"),
        ("working", "idle"),
        ("idle", None),
    ]


def test_a_check_in_begins_a_turn(client: Agent, beat: Make) -> None:
    def checked_in(**more: Any) -> str:
        answer = client.post("/sessions/checkin", session_id=A, **more)
        return str(answer.json["session"]["state"])

    assert checked_in() == "alive"
    assert checked_in(state="idle") == "idle"
    assert checked_in() == "working"
    beat(A, state="rate_limited")
    assert checked_in() == "working"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("waiting_for_human", "waiting_for"),
        ("waiting_for_lock", "coord finds out by itself"),
        ("gone", "Say one of: working, idle, rate_limited."),
        ("busy", "Must be one of: working, idle, rate_limited."),
    ],
)
def test_a_state_that_only_coord_can_see_cannot_be_reported(
    client: Agent, state: str, said: str
) -> None:
    answer = client.post("/sessions/heartbeat", session_id=A, state=state)
    assert answer.status_code == 422
    assert said in answer.json["errors"]["state"][0]


def test_what_it_waits_for_goes_before_what_it_says_and_its_end_before_both(
    client: Agent, beat: Make, clock: Clock
) -> None:
    beat(A, state="idle", waiting_for="input")
    assert named(client, state="waiting_for_human") == [A]
    assert named(client, state="idle") == []
    assert beat(A, waiting_for=None)["state"] == "idle"
    clock.move(hours=3)
    assert named(client, state="silent") == [A]
    assert named(client, state="idle") == []
    assert client.get("/status").json["counts"]["sessions_idle"] == 0
    client.delete("/sessions", session_id=A)
    assert named(client, state="ended") == [A]
    assert beat(A)["state"] == "alive"


@pytest.mark.parametrize("few", [True, False], ids=["few wait", "many wait"])
def test_who_waits_in_line_is_found_by_the_service(
    client: Agent, beat: Make, wait: Wait, monkeypatch: pytest.MonkeyPatch, few: bool
) -> None:
    monkeypatch.setattr(listing, "FEW_WAITERS", listing.FEW_WAITERS if few else 0)
    beat(A, project_key="shop", state="working")
    beat(B, project_key="shop", state="working")
    lock = test_wait.claim(client, A).json
    waiting = wait(B, "src/app.py")
    assert named(client, state="waiting_for_lock") == [B]
    assert named(client, state="waiting_for_lock", project_key="shop") == [B]
    assert named(client, state="waiting_for_lock", project_key="bank") == []
    assert named(client, state="working") == [A]
    assert named(client, state=["working", "waiting_for_lock"]) == [B, A]
    assert {item["state"] for item in client.get("/sessions").json["items"]} == {
        "working",
        "waiting_for_lock",
    }
    counts = client.get("/status").json["counts"]
    assert (counts["sessions_working"], counts["sessions_waiting_for_lock"]) == (1, 1)
    assert beat(B)["state"] == "waiting_for_lock"
    test_wait.release(client, lock)
    assert waiting.answer.status_code == 201
    assert beat(B)["state"] == "working"


def test_all_that_have_not_ended_are_one_list(client: Agent, beat: Make) -> None:
    for number, state in enumerate(("working", "idle", "rate_limited", None)):
        beat(f"host/{number}", state=state)
    beat("ended")
    client.delete("/sessions", session_id="ended")
    every = sorted(listing.NOT_ENDED)
    there = [f"host/{number}" for number in (3, 2, 1, 0)]
    assert named(client, state=every) == there
    assert named(client, state=[*every, "ended"]) == ["ended", *there]
    some = [state for state in every if state != "silent"]
    first = client.get("/sessions", state=some, limit=3).json
    rest = client.get("/sessions", state=some, cursor=first["next_cursor"]).json
    assert [item["session_id"] for item in first["items"] + rest["items"]] == there
