"""PUT /messages/<id>/read."""

import uuid
from typing import Any

import pytest

from tests.areas.messages import A, B, C, send, unread
from tests.conftest import Agent, Clock


@pytest.mark.parametrize("where", ["body", "query", "header", "nowhere", "null body"])
def test_a_direct_message_is_marked_however_the_recipient_is_named(
    client: Agent, where: str
) -> None:
    message = send(client, A, B)
    path = f"/messages/{message['id']}/read"
    calls: dict[str, Any] = {
        "body": lambda: client.put(path, session_id=B),
        "query": lambda: client.call("PUT", path, query_string={"session_id": B}),
        "header": lambda: client.call("PUT", path, headers={"X-Coord-Session": B}),
        "nowhere": lambda: client.call("PUT", path),
        "null body": lambda: client.call("PUT", path, data="null", content_type="application/json"),
    }
    answer = calls[where]()
    assert answer.status_code == 200
    assert answer.json["read_at"] is not None
    assert answer.json["acked_at"] is None
    assert unread(client, B) == []
    assert client.get(f"/messages/{message['id']}").json == answer.json


@pytest.mark.parametrize("where", ["body", "query", "header"])
def test_a_broadcast_is_marked_however_the_reader_is_named(client: Agent, where: str) -> None:
    message = send(client, A, None)
    path = f"/messages/{message['id']}/read"
    calls: dict[str, Any] = {
        "body": lambda: client.put(path, session_id=B),
        "query": lambda: client.call("PUT", path, query_string={"session_id": B}),
        "header": lambda: client.call("PUT", path, headers={"X-Coord-Session": B}),
    }
    answer = calls[where]()
    assert answer.status_code == 200
    assert answer.json["read_by"] == [
        {"session_id": B, "read_at": answer.json["read_at"], "acked_at": None}
    ]
    assert unread(client, B) == []


def test_a_broadcast_needs_a_session(client: Agent) -> None:
    message = send(client, A, None)
    answer = client.call("PUT", f"/messages/{message['id']}/read")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["session_id"])
    assert client.get(f"/messages/{message['id']}").json["read_by"] == []


@pytest.mark.parametrize("to", [B, None], ids=["direct", "broadcast"])
def test_marking_again_changes_nothing(
    client: Agent, clock: Clock, journal_rows: Any, to: str | None
) -> None:
    message = send(client, A, to)
    first = client.put(f"/messages/{message['id']}/read", session_id=B)
    clock.move(hours=1)
    again = client.put(f"/messages/{message['id']}/read", session_id=B)
    assert (again.status_code, again.json) == (200, first.json)
    assert [row["type"] for row in journal_rows()] == ["message.sent", "message.read"]


@pytest.mark.parametrize(
    "reader",
    [A, C, "host/B", "host/b "],
    ids=["sender", "stranger", "other case", "trailing space"],
)
def test_only_the_recipient_marks_a_direct_message(client: Agent, reader: str) -> None:
    message = send(client, A, B)
    answer = client.put(f"/messages/{message['id']}/read", session_id=reader)
    assert (answer.status_code, answer.json["error"], answer.json["to_session"]) == (
        403,
        "not_recipient",
        B,
    )
    assert B in answer.json["detail"]
    assert reader in answer.json["detail"]
    assert unread(client, B) == ["s"]


@pytest.mark.parametrize("to", [B, None], ids=["direct", "broadcast"])
def test_reading_alone_does_not_acknowledge(client: Agent, clock: Clock, to: str | None) -> None:
    message = send(client, A, to, requires_ack=True)
    read = client.put(f"/messages/{message['id']}/read", session_id=B).json
    assert read["acked_at"] is None
    clock.move(minutes=1)
    acked = client.put(f"/messages/{message['id']}/read", session_id=B, ack=True).json
    assert acked["read_at"] == read["read_at"] < acked["acked_at"]
    assert client.put(f"/messages/{message['id']}/read", session_id=B).json == acked
    assert client.put(f"/messages/{message['id']}/read", session_id=B, ack=True).json == acked


@pytest.mark.parametrize("to", [B, None], ids=["direct", "broadcast"])
@pytest.mark.parametrize("requires", [True, False])
def test_reading_and_acknowledging_is_one_step(
    client: Agent, journal_rows: Any, to: str | None, requires: bool
) -> None:
    message = send(client, A, to, requires_ack=requires)
    answer = client.call(
        "PUT", f"/messages/{message['id']}/read", query_string={"session_id": B, "ack": "true"}
    ).json
    assert answer["acked_at"] == answer["read_at"] is not None
    assert [row["type"] for row in journal_rows()] == [
        "message.sent",
        "message.read",
        "message.acked",
    ]


def test_an_ack_of_one_reader_is_not_that_of_another(client: Agent) -> None:
    message = send(client, A, None, requires_ack=True)
    for reader in (B, C):
        client.put(f"/messages/{message['id']}/read", session_id=reader)
    client.put(f"/messages/{message['id']}/read", session_id=C, ack=True)
    acked = {
        reader["session_id"]: reader["acked_at"]
        for reader in client.get(f"/messages/{message['id']}").json["read_by"]
    }
    assert acked[B] is None
    assert acked[C] is not None


def test_an_unknown_message_is_not_found(client: Agent) -> None:
    answer = client.put(f"/messages/{uuid.uuid4()}/read", session_id=B)
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"session_id": ""}, "session_id"),
        ({"session_id": 7}, "session_id"),
        ({"session_id": "s" * 201}, "session_id"),
        ({"ack": "maybe"}, "ack"),
        ({"acked": True}, "acked"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_named_and_marks_nothing(
    client: Agent, body: dict[str, Any], field: str
) -> None:
    message = send(client, A, B)
    answer = client.put(f"/messages/{message['id']}/read", **body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert unread(client, B) == ["s"]
