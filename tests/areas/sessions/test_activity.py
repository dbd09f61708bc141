"""Any call of a session is a sign of life: written in the background, at most once a minute, and
never by the call itself.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from coord.live import activity
from tests.areas.sessions.conftest import A, B, Make, types
from tests.conftest import Agent, Clock

NAMELESS = str(uuid.UUID(int=7))


class Stopwatch:
    """time.monotonic() of this process, as far ahead as a test moved it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.thread_time() + self.ahead


@pytest.fixture
def passing(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass, for the database and for this process."""
    stopwatch = Stopwatch()
    monkeypatch.setattr(time, "monotonic", stopwatch)

    def passing(seconds: float) -> None:
        clock.move(seconds=seconds)
        stopwatch.ahead += seconds

    return passing


CALLS: dict[str, Callable[[Agent], Any]] = {
    "a read that names it in the query": lambda agent: agent.get("/status", session_id=A),
    "a read that names it in the header": lambda agent: agent.call(
        "GET", "/messages", headers={"X-Coord-Session": A}
    ),
    "a write": lambda agent: agent.post("/locks", session_id=A, project_key="shop", resource="r"),
    "a write that names it in the query": lambda agent: agent.call(
        "DELETE", f"/locks/{NAMELESS}?session_id={A}"
    ),
    "a sender": lambda agent: agent.post("/messages", from_session=A, subject="s", body="b"),
    "a reporter": lambda agent: agent.put("/components/shop/api", state="built", updated_by=A),
    "a creator": lambda agent: agent.post("/workflows", project_key="shop", name="w", created_by=A),
    "a call that is refused for what it wants": lambda agent: agent.patch(
        f"/work-items/{NAMELESS}", session_id=A, status="blocked"
    ),
}

OTHERS: dict[str, Callable[[Agent], Any]] = {
    "being written to": lambda agent: agent.post(
        "/messages", from_session=B, to_session=A, subject="s", body="b"
    ),
    "being asked after": lambda agent: agent.get("/messages", to_session=A, unread_only="true"),
    "a filter for its messages": lambda agent: agent.get("/messages", from_session=A),
    "a filter for its locks": lambda agent: agent.get("/locks", session_id=A),
    "work that is given to it": lambda agent: agent.get("/work-items", assigned_to=A),
    "a call that is not understood": lambda agent: agent.get("/status", session_id=A, colour="red"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_it_keeps_the_promise(
    client: Agent,
    beat: Make,
    passing: Make,
    keep_up: Make,
    shown: Make,
    call: Callable[[Agent], Any],
) -> None:
    before = beat(ttl_minutes=5)
    passing(240)
    call(client)
    assert shown() == before  # nothing is written by the call
    keep_up()
    after = shown()
    assert after["last_seen_at"] > before["last_seen_at"]
    assert after["started_at"] == before["started_at"]
    passing(240)
    keep_up()
    assert shown() == after


@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS)
def test_what_others_do_with_its_name_is_none(
    client: Agent,
    beat: Make,
    passing: Make,
    keep_up: Make,
    shown: Make,
    call: Callable[[Agent], Any],
) -> None:
    before = beat(ttl_minutes=5)
    passing(240)
    call(client)
    keep_up()
    assert shown() == before


def test_it_is_written_at_most_once_a_minute(
    client: Agent, beat: Make, passing: Make, keep_up: Make, journal_rows: Any
) -> None:
    beat(ttl_minutes=5)
    for _ in range(120):
        passing(1)
        client.get("/status", session_id=A)
        keep_up()
    assert types(journal_rows()) == ["session.announced", "session.active", "session.active"]


def test_the_last_call_of_the_minute_counts_from_when_it_was_made(
    client: Agent, beat: Make, passing: Make, keep_up: Make, shown: Make
) -> None:
    beat(ttl_minutes=5)
    passing(50)
    client.get("/status", session_id=A)
    keep_up()
    passing(15)
    keep_up()
    session = shown()
    passing(50 + 5 * 60 - 65 - 1)
    assert shown() == session
    assert session["state"] == "alive"
    passing(2)
    assert shown()["state"] == "gone"


def test_a_short_promise_is_kept_by_calls_too(
    client: Agent, beat: Make, passing: Make, keep_up: Make, journal_rows: Any
) -> None:
    beat(ttl_minutes=0.1)
    for _ in range(24):
        passing(4)
        client.get("/status", session_id=A)
        passing(1)
        keep_up()
    assert "session.gone" not in types(journal_rows())


def test_a_call_that_kept_the_promise_brings_back_one_that_was_noted_gone(
    app: Flask,
    client: Agent,
    beat: Make,
    passing: Make,
    keep_up: Make,
    shown: Make,
    journal_rows: Any,
) -> None:
    """As when another worker noted it in the second between the call and its being written."""
    first = beat(project_key="shop", ttl_minutes=5, task="Totals")
    passing(299)
    client.get("/status", session_id=A)
    noted = app.extensions["coord.activity"].take()
    passing(2)
    keep_up()
    assert shown()["state"] == "gone"
    app.extensions["coord.activity"].put_back(noted)
    keep_up()
    again = shown()
    assert (again["state"], again["project_key"], again["ttl_minutes"], again["task"]) == (
        "alive",
        "shop",
        5,
        "Totals",
    )
    assert again["started_at"] > first["started_at"]
    assert types(journal_rows()) == ["session.announced", "session.gone", "session.announced"]
    passing(298)
    assert shown()["state"] == "gone"  # the promise counts from the call


def test_a_session_that_calls_again_after_it_was_gone_is_back(
    client: Agent, beat: Make, passing: Make, keep_up: Make, shown: Make
) -> None:
    beat(ttl_minutes=5)
    passing(6 * 60)
    keep_up()
    client.get("/status", session_id=A)
    keep_up()
    assert shown()["state"] == "alive"


def test_a_call_written_so_late_that_its_promise_is_over_brings_nobody_back(
    app: Flask, client: Agent, beat: Make, passing: Make, keep_up: Make, shown: Make
) -> None:
    beat(ttl_minutes=5)
    client.get("/status", session_id=A)
    noted = app.extensions["coord.activity"].take()
    passing(6 * 60)
    keep_up()
    app.extensions["coord.activity"].put_back(noted)
    keep_up()
    assert shown()["state"] == "gone"


def test_one_that_ended_stays_so(
    client: Agent, beat: Make, keep_up: Make, shown: Make, journal_rows: Any
) -> None:
    beat(ttl_minutes=5)
    client.get("/status", session_id=A)
    client.delete("/sessions", session_id=A)
    keep_up()
    client.get("/status", session_id=A)
    assert shown()["state"] == "ended"
    assert types(journal_rows()) == ["session.announced", "session.ended"]


def test_a_session_that_merely_reads_leaves_no_trace(
    client: Agent, passing: Make, keep_up: Make, journal_rows: Any
) -> None:
    for _ in range(3):
        client.get("/status", session_id=A)
        keep_up()
        passing(61)
    assert journal_rows() == []
    assert client.get("/sessions").json["items"] == []


def test_one_that_never_announced_itself_counts_once_it_has_changed_something(
    client: Agent, passing: Make, keep_up: Make, journal_rows: Any
) -> None:
    client.post("/messages", from_session=A, subject="s", body="b")
    for _ in range(100):
        keep_up()
        passing(1)
        client.get("/status", session_id=A)
    rows = [(row["type"], row["session_id"]) for row in journal_rows()]
    assert rows == [("message.sent", A), ("session.active", A), ("session.active", A)]


def test_many_are_written_in_few_changes(
    client: Agent, beat: Make, passing: Make, keep_up: Make, shown: Make, journal_rows: Any
) -> None:
    names = [f"host/{number}" for number in range(120)]
    for name in names:
        beat(name, ttl_minutes=5)
    passing(200)
    for name in names:
        client.get("/status", session_id=name)
    keep_up()
    rows = [row for row in journal_rows() if row["type"] == "session.active"]
    assert sorted(row["subject_id"] for row in rows) == sorted(names)
    assert len({row["at"] for row in rows}) == 3
    passing(200)
    keep_up()
    assert {item["state"] for item in client.get("/sessions").json["items"]} == {"alive"}


def test_what_is_kept_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "MAX_NAMES", 3)
    noted = activity.Activity()
    for name in ("a", "b", "c", "d", "a"):
        noted.note(name)
    calls = noted.take()
    assert list(calls) == ["a", "b", "c"]
    assert noted.take() == {}
    noted.note("b")
    noted.put_back(calls)
    assert noted.take()["b"] > calls["b"]


def test_noting_takes_microseconds() -> None:
    noted = activity.Activity()
    began = time.thread_time()
    for number in range(20_000):
        noted.note(f"host/{number % 5000}")
    assert (time.thread_time() - began) / 20_000 < 50e-6  # of CPU; 1 us here
