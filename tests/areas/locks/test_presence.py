"""What becomes of a session's locks when it shows itself, checks in, ends, or breaks its
promise.
"""

from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from tests.areas.locks.test_wait import Wait, wait, waiters
from tests.conftest import Agent, Clock
from tests.service import until

__all__ = ["wait"]


def claim(
    client: Agent, session: str = "host/a", resource: str | None = "src/app.py", **more: Any
) -> Any:
    return client.post("/locks", project_key="shop", session_id=session, resource=resource, **more)


def heartbeat(client: Agent, session: str = "host/a", **more: Any) -> Any:
    return client.post("/sessions/heartbeat", session_id=session, **more).json


def lock_of(client: Agent, lock: Any) -> Any:
    return client.get(f"/locks/{lock['id']}").json


def test_a_heartbeat_is_activity_on_all_locks_of_the_session_and_no_renewal(
    client: Agent, clock: Clock
) -> None:
    mine = [claim(client, resource=resource, ttl_hours=5).json for resource in ("a", "b")]
    other = claim(client, "host/b", "c", ttl_hours=5).json
    clock.move(minutes=90)
    seen = heartbeat(client)["last_seen_at"]
    for lock in mine:
        now = lock_of(client, lock)
        assert (now["last_activity_at"], now["expires_at"]) == (seen, lock["expires_at"])
    assert lock_of(client, other)["last_activity_at"] == other["last_activity_at"]
    clock.move(minutes=90)
    assert [lock_of(client, lock)["stale"] for lock in (*mine, other)] == [False, False, True]


def test_a_check_in_starts_the_ttl_of_its_locks_anew(client: Agent, clock: Clock) -> None:
    half, never = claim(client, ttl_hours=0.5).json, claim(client, resource="x", ttl_hours=0).json
    clock.move(minutes=20)
    shown = client.post("/sessions/checkin", session_id="host/a").json["locks"]
    assert [(lock["id"], lock["seconds_left"]) for lock in shown] == [
        (half["id"], 1800),
        (never["id"], None),
    ]
    assert lock_of(client, half)["expires_at"] == shown[0]["expires_at"] > half["expires_at"]
    clock.move(minutes=25)
    assert lock_of(client, half)["released_at"] is None


def test_an_expired_lock_is_not_brought_back_by_a_check_in(client: Agent, clock: Clock) -> None:
    lock = claim(client, ttl_hours=0.5).json
    clock.move(minutes=31)
    assert client.post("/sessions/checkin", session_id="host/a").json["locks"] == []
    assert lock_of(client, lock)["release_reason"] == "expired"


@pytest.mark.parametrize("announced", ["before", "after"])
def test_the_locks_of_a_session_that_breaks_its_promise_are_stale_at_once(
    client: Agent, clock: Clock, announced: str
) -> None:
    if announced == "before":
        heartbeat(client, ttl_minutes=10)
    lock = claim(client, ttl_hours=0).json
    if announced == "after":
        heartbeat(client, ttl_minutes=10)
    clock.move(minutes=9, seconds=50)
    assert claim(client, "host/b", take_over_stale=True).status_code == 409
    clock.move(seconds=20)
    assert lock_of(client, lock)["stale"] is True
    assert claim(client, "host/b", take_over_stale=True).status_code == 201


def test_a_promise_that_is_kept_keeps_the_locks(client: Agent, clock: Clock) -> None:
    heartbeat(client, ttl_minutes=10)
    lock = claim(client, ttl_hours=0).json
    for _ in range(5):
        clock.move(minutes=9)
        heartbeat(client)
        assert lock_of(client, lock)["stale"] is False


def test_a_long_promise_does_not_outlast_the_stale_rule(client: Agent, clock: Clock) -> None:
    heartbeat(client, ttl_minutes=600)
    lock = claim(client, ttl_hours=0).json
    clock.move(hours=2, seconds=1)
    assert lock_of(client, lock)["stale"] is True


def broken_promise(app: Flask, client: Agent) -> Any:
    """A lock of a session that promised to be back within 1.2 s, and has not called since."""
    lock = claim(client, ttl_hours=0).json
    heartbeat(client, ttl_minutes=0.02)
    app.extensions[
        "coord.activity"
    ].take()  # the claim, which upkeep would write down as a sign of life
    return lock


def test_who_waits_gets_the_lock_of_a_session_that_is_gone(
    app: Flask, client: Agent, wait: Wait
) -> None:
    lock = broken_promise(app, client)
    waiting = wait("host/b", "src/app.py")
    assert waiting.answer.status_code == 201
    assert lock_of(client, lock)["release_reason"] == "stale"


def test_who_still_waits_when_it_is_gone_is_told(app: Flask, client: Agent, wait: Wait) -> None:
    broken_promise(app, client)
    waiting = wait("host/b", "src/app.py", take_over_stale=False, wait=4)

    def told() -> Any:
        upkeep.run_once(app)
        return client.get("/messages", to_session="host/b").json["items"]

    (message,) = until(told, 10, "a message to who waits")
    assert message["from_session"] == "coord"
    assert message["subject"] == "host/a is gone"
    assert "You wait for 'src/app.py'" in message["body"]
    refused = waiting.answer
    assert (refused.status_code, refused.json["lock"]["stale"]) == (409, True)


def test_a_session_that_ends_releases_its_locks_and_the_next_in_line_gets_them(
    client: Agent, wait: Wait
) -> None:
    lock = claim(client).json
    heartbeat(client, "host/b", ttl_minutes=10)
    other = claim(client, "host/b", "other").json
    waiting = wait("host/c", "src/app.py")
    ended = client.delete("/sessions", session_id="host/a").json
    assert ended["done"]["locks_released"] == 1
    assert waiting.answer.status_code == 201
    assert waiters(client) == []
    now = lock_of(client, lock)
    assert (now["release_reason"], now["released_by"]) == ("session_ended", "host/a")
    assert lock_of(client, other)["released_at"] is None


def test_more_locks_than_one_change_holds_are_all_released(client: Agent) -> None:
    for part in range(3):
        claim(client, resource=None, resources=[f"r{part}-{number}" for number in range(60)])
    assert client.delete("/sessions", session_id="host/a").json["done"]["locks_released"] == 180
    assert client.get("/locks", project_key="shop").json["items"] == []


def test_upkeep_notes_what_has_expired(
    app: Flask, client: Agent, clock: Clock, journal_rows: Any
) -> None:
    lock = claim(client, ttl_hours=0.5).json
    clock.move(minutes=31)
    upkeep.run_once(app)
    upkeep.run_once(app)
    told = [
        (row["type"], row["session_id"]) for row in journal_rows() if row["subject_kind"] == "lock"
    ]
    assert told == [("lock.claimed", "host/a"), ("lock.expired", None)]
    now = lock_of(client, lock)
    assert (now["released_at"], now["release_reason"]) == (lock["expires_at"], "expired")


def test_the_header_names_who_asks_and_filters_nothing(client: Agent) -> None:
    held = claim(client).json
    for path in ("/locks?project_key=shop&resource=src/", "/locks"):
        assert [
            lock["id"]
            for lock in client.call("GET", path, headers={"X-Coord-Session": "host/asker"}).json[
                "items"
            ]
        ] == [held["id"]]
    assert client.get("/locks", session_id="host/asker").json["items"] == []
