"""What is old is deleted, some at a time; what is unread, held or open stays."""

from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from coord.areas.components.retention import retention as histories
from coord.areas.messages.retention import retention as messages
from coord.areas.sessions.retention import retention as sessions
from coord.store import transact
from tests.conftest import Agent, Clock

A, B = "host/a", "host/b"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round of upkeep deletes, a few rows in one change."""
    monkeypatch.setattr("coord.store.retention.ROUND_S", 0)
    monkeypatch.setattr("coord.store.retention.BATCH", 2)
    for retention in (messages, sessions, histories):
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


@pytest.mark.parametrize("setting", ["MESSAGE_DAYS", "HISTORY_DAYS", "SESSION_DAYS"])
def test_zero_days_keep_all_for_ever(
    app: Flask, client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setitem(app.config, setting, 0)
    message = send(client, to_session=A)
    client.put(f"/messages/{message}/read", session_id=A)
    for state in ("built", "deployed"):
        client.put("/components", project_key="shop", component="api", state=state, updated_by=A)
    client.post("/sessions/heartbeat", session_id=A)
    client.delete("/sessions", session_id=A)
    clock.move(days=3650)
    upkeep.run_once(app)
    kept = {
        "MESSAGE_DAYS": stored(client, message) == [message],
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
