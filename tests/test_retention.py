"""What is old is deleted, some at a time; what is unread, held or open stays."""

from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from coord.areas.components.retention import retention as histories
from coord.areas.locks.retention import retention as locks
from coord.areas.messages.retention import retention as messages
from coord.areas.sessions.retention import retention as sessions
from coord.areas.workflows.retention import retention as claims
from coord.store import transact
from tests.conftest import Agent, Clock

A, B = "host/a", "host/b"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round of upkeep deletes, a few rows in one change."""
    monkeypatch.setattr("coord.store.retention.ROUND_S", 0)
    monkeypatch.setattr("coord.store.retention.BATCH", 2)
    for retention in (messages, locks, sessions, histories, claims):
        monkeypatch.setattr(retention, "next_at", 0.0)


def send(client: Agent, **more: Any) -> str:
    answer = client.post("/messages", **{"from_session": B, "subject": "s", "body": "b", **more})
    return str(answer.json["id"])


def stored(client: Agent, *ids: str) -> list[str]:
    return [
        message_id for message_id in ids if client.get(f"/messages/{message_id}").status_code == 200
    ]


def test_old_messages_go_and_those_that_somebody_still_needs_stay(
    app: Flask, client: Agent, clock: Clock
) -> None:
    read = [send(client, to_session=A) for _ in range(5)]
    broadcast = send(client)
    unread = send(client, to_session=A)
    unacked = send(client, to_session=A, requires_ack=True)
    for message_id in (*read, broadcast, unacked):
        client.put(f"/messages/{message_id}/read", session_id=A)
    clock.move(days=89)
    upkeep.run_once(app)
    assert stored(client, *read, broadcast, unread, unacked) == [*read, broadcast, unread, unacked]
    clock.move(days=2)
    young = send(client, to_session=A)
    upkeep.run_once(app)
    assert stored(client, *read, broadcast, unread, unacked, young) == [unread, unacked, young]
    inbox = client.get("/messages", to_session=A, unread_only="true").json["items"]
    assert [message["id"] for message in inbox] == [unread, young]


def test_old_histories_go_and_what_a_component_is_stays(
    app: Flask, client: Agent, clock: Clock
) -> None:
    report = {"project_key": "shop", "component": "api", "updated_by": A}
    for state in ("building", "built", "deploying", "deployed"):
        client.put("/components", **report, state=state)
    clock.move(days=91)
    upkeep.run_once(app)
    history = client.get("/components/shop/api/history").json["items"]
    assert [entry["state"] for entry in history] == ["deployed"]
    assert client.get("/components/shop/api").json["state"] == "deployed"
    client.put("/components", **report, state="degraded")
    assert [
        entry["state"] for entry in client.get("/components/shop/api/history").json["items"]
    ] == ["degraded", "deployed"]


def test_old_locks_go_with_their_aliases_and_those_that_are_held_stay(
    app: Flask, client: Agent, clock: Clock, journal_rows: Any
) -> None:
    def claim(resource: str, **more: Any) -> str:
        named = {"project_key": "shop", "session_id": A, "ttl_hours": 0, **more}
        return str(client.post("/locks", **named, resource=resource).json["id"])

    released = [claim(f"r{number}") for number in range(5)]
    assert claim("r0", id="0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11") == released[0]
    held, expired = claim("held"), claim("expired", ttl_hours=1)
    assert client.delete("/locks", session_id=A, project_key="shop", resource="r0").json
    for lock_id in released[1:]:
        client.delete(f"/locks/{lock_id}", session_id=A)
    clock.move(hours=2)
    upkeep.run_once(app)
    clock.move(days=89)
    upkeep.run_once(app)
    assert client.get(f"/locks/{released[0]}").status_code == 200
    clock.move(days=2)
    young = claim("young")
    client.delete(f"/locks/{young}", session_id=A)
    token = client.get(f"/locks/{young}").json["fencing_token"]
    upkeep.run_once(app)
    kept = [each for each in (*released, held, expired, young) if is_lock(client, each)]
    assert kept == [held, young]
    assert is_lock(client, "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11") is False
    assert claim("r0") not in released
    newest = client.get("/locks", project_key="shop", resource="r0").json["items"][0]
    assert newest["fencing_token"] > token
    trimmed = [row["data"] for row in journal_rows() if row["type"] == "lock.trimmed"]
    assert sum(data["count"] for data in trimmed) == 6


def is_lock(client: Agent, lock_id: str) -> bool:
    return client.get(f"/locks/{lock_id}").status_code == 200


def test_what_a_claim_was_given_is_forgotten_with_the_journal(
    app: Flask, client: Agent, clock: Clock, journal_rows: Any
) -> None:
    workflow = client.post("/workflows", project_key="shop", name="w", created_by=A).json["id"]
    for number in range(3):
        client.post("/work-items", workflow_id=workflow, title=f"t{number}")
    old, young = (f"0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c{number}" for number in (11, 12))
    first = client.post("/work-items/claim", session_id=A, claim_id=old).json
    clock.move(days=91)
    second = client.post("/work-items/claim", session_id=A, claim_id=young).json
    upkeep.run_once(app)
    assert client.post("/work-items/claim", session_id=A, claim_id=young).json == second
    assert client.post("/work-items/claim", session_id=A, claim_id=old).json != first
    assert "work_item.claims_trimmed" in [row["type"] for row in journal_rows()]


def test_ended_sessions_are_forgotten_and_those_that_are_there_are_not(
    app: Flask, client: Agent, clock: Clock
) -> None:
    for session_id in (A, B):
        client.post("/sessions/heartbeat", session_id=session_id)
    client.delete("/sessions", session_id=A)
    clock.move(days=91)
    upkeep.run_once(app)
    everything = client.get("/sessions", state=["alive", "silent", "gone", "ended"]).json["items"]
    assert [session["session_id"] for session in everything] == [B]


@pytest.mark.parametrize("setting", ["MESSAGE_DAYS", "LOCK_DAYS", "HISTORY_DAYS", "SESSION_DAYS"])
def test_zero_days_keep_all_for_ever(
    app: Flask, client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setitem(app.config, setting, 0)
    message = send(client, to_session=A)
    client.put(f"/messages/{message}/read", session_id=A)
    lock = client.post("/locks", project_key="shop", session_id=B, resource="x").json["id"]
    client.delete(f"/locks/{lock}", session_id=B)
    for state in ("built", "deployed"):
        client.put("/components", project_key="shop", component="api", state=state, updated_by=A)
    client.post("/sessions/heartbeat", session_id=A)
    client.delete("/sessions", session_id=A)
    clock.move(days=400)
    upkeep.run_once(app)
    kept = {
        "MESSAGE_DAYS": stored(client, message) == [message],
        "LOCK_DAYS": is_lock(client, lock),
        "HISTORY_DAYS": len(client.get("/components/shop/api/history").json["items"]) == 2,
        "SESSION_DAYS": len(client.get("/sessions", state="ended").json["items"]) == 1,
    }
    assert kept == {name: name == setting for name in kept}


def test_it_is_an_event_and_of_two_workers_one_does_it(
    app: Flask, client: Agent, clock: Clock, journal_rows: Any
) -> None:
    message = send(client, to_session=A)
    client.put(f"/messages/{message}/read", session_id=A)
    clock.move(days=91)
    with app.app_context():
        assert transact(messages.trim, 90) == 1
        assert transact(messages.trim, 90) == 0
    assert journal_rows()[-1]["type"] == "message.trimmed"
    assert journal_rows()[-1]["data"] == {"count": 1, "days": 90}
