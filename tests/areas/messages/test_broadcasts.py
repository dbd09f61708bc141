"""Broadcasts: read per session, and unread only while they are recent."""

import pytest
from flask import Flask

from tests.areas.messages import A, B, C, listed, send, unread
from tests.conftest import Agent, Clock


def test_reading_a_broadcast_leaves_it_unread_for_everyone_else(client: Agent) -> None:
    message = send(client, A, None)
    assert client.put(f"/messages/{message['id']}/read", session_id=B).status_code == 200
    assert unread(client, B) == []
    assert unread(client, C) == ["s"]


def test_readers_are_listed_in_the_order_in_which_they_read(client: Agent) -> None:
    message = send(client, A, None)
    for reader in (C, B, "host/d"):
        client.put(f"/messages/{message['id']}/read", session_id=reader)
    stored = client.get(f"/messages/{message['id']}").json
    assert [reader["session_id"] for reader in stored["read_by"]] == [C, B, "host/d"]
    assert stored["read_count"] == 3


def test_a_list_shows_the_first_readers_and_how_many_there_are(
    client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.areas.messages.repository.messages.MAX_READERS_IN_LIST", 2)
    read, other = send(client, A, None, "read"), send(client, A, None, "other")
    for reader in (C, B, "host/d"):
        client.put(f"/messages/{read['id']}/read", session_id=reader)
    client.put(f"/messages/{other['id']}/read", session_id=C)
    of_other, of_read = client.get("/messages").json["items"]
    assert ([reader["session_id"] for reader in of_read["read_by"]], of_read["read_count"]) == (
        [C, B],
        3,
    )
    assert ([reader["session_id"] for reader in of_other["read_by"]], of_other["read_count"]) == (
        [C],
        1,
    )
    assert len(client.get(f"/messages/{read['id']}").json["read_by"]) == 3


def test_a_broadcast_older_than_a_week_no_longer_counts_as_unread(
    client: Agent, clock: Clock
) -> None:
    send(client, A, None, "broadcast")
    send(client, A, B, "direct")
    clock.move(days=6, hours=23, minutes=59)
    assert unread(client, B) == ["broadcast", "direct"]
    clock.move(minutes=2)
    assert unread(client, B) == ["direct"]
    assert listed(client, to_session=B) == ["direct", "broadcast"]
    assert client.get("/status", session_id=B).json["unread_message_count"] == 1
    assert client.put("/messages/read", session_id=B).json["read"] == 1


def test_newer_broadcasts_are_unread_beside_old_ones(client: Agent, clock: Clock) -> None:
    for subject in ("old", "older still unread"):
        send(client, A, None, subject)
    clock.move(days=5)
    send(client, A, None, "new")
    send(client, A, None, "of a project", project_key="shop")
    clock.move(days=3)
    assert unread(client, B) == ["new", "of a project"]
    assert unread(client, B, project_key="forum") == ["new"]


def test_an_old_broadcast_can_still_be_marked_read(client: Agent, clock: Clock) -> None:
    message = send(client, A, None)
    clock.move(days=30)
    assert client.put(f"/messages/{message['id']}/read", session_id=B).json["read_at"] is not None


def test_how_long_broadcasts_count_is_a_setting(
    app: Flask, client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "BROADCAST_DAYS", 30)
    send(client, A, None)
    clock.move(days=10)
    assert unread(client, B) == ["s"]
