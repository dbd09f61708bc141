"""POST /messages."""

import uuid
from typing import Any

import pytest

from tests.areas.messages import A, B, listed, send
from tests.conftest import Agent

FIELDS = [
    "id",
    "thread_id",
    "reply_to",
    "project_key",
    "from_session",
    "to_session",
    "broadcast",
    "subject",
    "body",
    "importance",
    "requires_ack",
    "created_at",
    "read_at",
    "read_by",
    "read_count",
    "acked_at",
    "recipient_last_seen_at",
]


def test_a_direct_message_is_answered_whole(client: Agent) -> None:
    answer = client.post(
        "/messages",
        from_session=A,
        to_session=B,
        project_key="shop",
        subject="Build",
        body="It is broken.",
    )
    assert answer.status_code == 201
    message = answer.json
    assert list(message) == FIELDS
    assert message["created_at"].endswith("Z")
    assert {
        name: message[name] for name in FIELDS if name not in ("id", "thread_id", "created_at")
    } == {
        "reply_to": None,
        "project_key": "shop",
        "from_session": A,
        "to_session": B,
        "broadcast": False,
        "subject": "Build",
        "body": "It is broken.",
        "importance": "normal",
        "requires_ack": False,
        "read_at": None,
        "read_by": [],
        "read_count": 0,
        "acked_at": None,
        "recipient_last_seen_at": None,
    }
    assert message["thread_id"] == message["id"]


@pytest.mark.parametrize("to", [{}, {"to_session": None}], ids=["left out", "null"])
def test_without_to_session_it_is_a_broadcast(client: Agent, to: dict[str, Any]) -> None:
    answer = client.post("/messages", from_session=A, subject="s", body="b", **to)
    assert answer.status_code == 201
    assert answer.json["broadcast"] is True
    assert answer.json["to_session"] is None


@pytest.mark.parametrize("importance", ["low", "normal", "high", "urgent"])
def test_importance_and_the_wish_for_an_ack_are_kept(client: Agent, importance: str) -> None:
    message = send(client, importance=importance, requires_ack=True)
    stored = client.get(f"/messages/{message['id']}").json
    assert (stored["importance"], stored["requires_ack"]) == (importance, True)


EVERY_CHARACTER = "".join(
    chr(code) for code in (*range(1, 0xD800), *range(0xE000, 0x10400), 0x10FFFF)
)


@pytest.mark.parametrize(
    "body",
    ["", " ", "ümläut 🎉\n\t'\"\\ %s :x \\", EVERY_CHARACTER, "😀" * 87_000, "x" * 262_144],
    ids=["empty", "blank", "odd", "every character", "four bytes each", "longest"],
)
def test_a_body_is_kept_exactly(client: Agent, body: str) -> None:
    message = send(client, body=body)
    assert message["body"] == body
    assert client.get(f"/messages/{message['id']}").json["body"] == body


@pytest.mark.parametrize("where", ["body", "query", "header"])
def test_session_id_stands_in_for_from_session(client: Agent, where: str) -> None:
    body = {"to_session": B, "subject": "s", "body": "b"}
    if where == "body":
        answer = client.post("/messages", session_id=A, **body)
    elif where == "query":
        answer = client.call("POST", "/messages", body, query_string={"session_id": A})
    else:
        answer = client.call("POST", "/messages", body, headers={"X-Coord-Session": A})
    assert answer.status_code == 201
    assert answer.json["from_session"] == A


def test_session_id_beside_from_session_is_no_error(client: Agent) -> None:
    assert send(client, session_id="host/other")["from_session"] == A


def test_a_repeated_id_sends_nothing_twice(client: Agent, journal_rows: Any) -> None:
    chosen = str(uuid.uuid4())
    first = send(client, id=chosen)
    assert first["id"] == chosen
    again = client.post(
        "/messages",
        id=chosen.upper(),
        session_id=A,
        to_session=B,
        subject="s",
        body="text",
        importance="normal",
    )
    assert (again.status_code, again.json) == (200, first)
    assert listed(client) == ["s"]
    assert [row["type"] for row in journal_rows()] == ["message.sent"]


def test_a_repeated_id_answers_what_became_of_the_message(client: Agent) -> None:
    chosen = str(uuid.uuid4())
    send(client, to=None, id=chosen)
    client.put(f"/messages/{chosen}/read", session_id=B)
    again = client.post("/messages", id=chosen, from_session=A, subject="s", body="text")
    assert again.status_code == 200
    assert [reader["session_id"] for reader in again.json["read_by"]] == [B]


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "other"},
        {"body": "other"},
        {"body": "text "},
        {"to_session": "host/B"},
        {"to_session": None},
        {"from_session": "host/c"},
        {"project_key": "shop"},
        {"importance": "high"},
        {"requires_ack": True},
    ],
    ids=str,
)
def test_an_id_with_other_content_is_a_conflict(client: Agent, change: dict[str, Any]) -> None:
    chosen = str(uuid.uuid4())
    first = send(client, id=chosen)
    answer = client.post(
        "/messages",
        **{
            "id": chosen,
            "from_session": A,
            "to_session": B,
            "subject": "s",
            "body": "text",
            **change,
        },
    )
    assert (answer.status_code, answer.json["error"]) == (409, "id_conflict")
    assert chosen in answer.json["detail"]
    assert client.get("/messages").json["items"] == [first]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from_session": None}, "from_session"),
        ({"from_session": ""}, "from_session"),
        ({"from_session": "s" * 201}, "from_session"),
        ({"from_session": 7}, "from_session"),
        ({"to_session": ""}, "to_session"),
        ({"to_session": "s" * 201}, "to_session"),
        ({"to_session": ["host/b"]}, "to_session"),
        ({"project_key": ""}, "project_key"),
        ({"project_key": "p" * 101}, "project_key"),
        ({"subject": ""}, "subject"),
        ({"subject": None}, "subject"),
        ({"subject": "x" * 501}, "subject"),
        ({"subject": "a\x00b"}, "subject"),
        ({"subject": "\ud800"}, "subject"),
        ({"body": None}, "body"),
        ({"body": {"text": "x"}}, "body"),
        ({"body": "x" * 262_145}, "body"),
        ({"body": "a\x00b"}, "body"),
        ({"importance": "High"}, "importance"),
        ({"importance": None}, "importance"),
        ({"requires_ack": "true"}, "requires_ack"),
        ({"requires_ack": 1}, "requires_ack"),
        ({"reply_to": "no"}, "reply_to"),
        ({"reply_to": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11"}, "reply_to"),
        ({"id": "no"}, "id"),
        ({"session_id": "s" * 201}, "session_id"),
        ({"thread_id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11"}, "thread_id"),
        ({"to": "host/b"}, "to"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_named_and_sends_nothing(
    client: Agent, change: dict[str, Any], field: str
) -> None:
    answer = client.post(
        "/messages", **{"from_session": A, "to_session": B, "subject": "s", "body": "b", **change}
    )
    assert answer.status_code == 422
    assert answer.json["error"] == "invalid"
    assert list(answer.json["errors"]) == [field]
    assert listed(client) == []


@pytest.mark.parametrize("missing", ["from_session", "subject", "body"])
def test_what_is_missing_is_named(client: Agent, missing: str) -> None:
    body = {"from_session": A, "subject": "s", "body": "b"}
    del body[missing]
    answer = client.post("/messages", **body)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [missing]


def test_a_typo_is_answered_with_the_nearest_name(client: Agent) -> None:
    answer = client.post("/messages", from_session=A, to_sesion=B, subject="s", body="b")
    assert answer.json["errors"] == {"to_sesion": ["Unknown field. Did you mean 'to_session'?"]}
