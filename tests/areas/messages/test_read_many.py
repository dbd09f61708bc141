"""PUT /messages/read."""

import uuid
from typing import Any

import pytest

from tests.areas.messages import A, B, C, send, unread
from tests.conftest import Agent


def subjects(answer: Any) -> list[str]:
    return [message["subject"] for message in answer.json["items"]]


def test_the_whole_inbox_is_marked(client: Agent) -> None:
    for to, subject in ((B, "1"), (None, "2"), (C, "of c"), (B, "3")):
        send(client, A, to, subject)
    send(client, B, None, "own")
    answer = client.put("/messages/read", session_id=B)
    assert answer.status_code == 200
    assert list(answer.json) == ["read", "items", "unread_message_count"]
    assert (answer.json["read"], answer.json["unread_message_count"]) == (3, 0)
    assert subjects(answer) == ["1", "2", "3"]
    assert all(
        message["read_at"] and message["acked_at"] is None for message in answer.json["items"]
    )
    assert unread(client, B) == []
    assert unread(client, C) == ["2", "of c", "own"]


def test_marking_again_marks_nothing(client: Agent, journal_rows: Any) -> None:
    send(client, A, B)
    client.put("/messages/read", session_id=B)
    again = client.put("/messages/read", session_id=B)
    assert (again.status_code, again.json) == (
        200,
        {"read": 0, "items": [], "unread_message_count": 0},
    )
    assert [row["type"] for row in journal_rows()] == ["message.sent", "message.read"]


def test_only_the_messages_named_are_marked(client: Agent) -> None:
    ids = {
        subject: send(client, A, to, subject)["id"]
        for to, subject in ((B, "1"), (None, "2"), (B, "3"), (None, "4"))
    }
    answer = client.put("/messages/read", session_id=B, ids=[ids["4"], ids["1"], ids["1"].upper()])
    assert subjects(answer) == ["1", "4"]
    assert (answer.json["read"], answer.json["unread_message_count"]) == (2, 2)
    assert unread(client, B) == ["2", "3"]


def test_no_ids_marks_nothing(client: Agent) -> None:
    send(client, A, B)
    assert client.put("/messages/read", session_id=B, ids=[]).json == {
        "read": 0,
        "items": [],
        "unread_message_count": 1,
    }


def test_what_was_read_before_is_not_counted_again(client: Agent) -> None:
    first, second = send(client, A, B, "1"), send(client, A, None, "2")
    client.put(f"/messages/{first['id']}/read")
    answer = client.put("/messages/read", session_id=B, ids=[first["id"], second["id"]])
    assert answer.json["read"] == 1
    assert subjects(answer) == ["2"]


def test_several_are_acknowledged_at_once(client: Agent, journal_rows: Any) -> None:
    direct, broadcast, read = (
        send(client, A, B, "1"),
        send(client, A, None, "2"),
        send(client, A, B, "3"),
    )
    client.put(f"/messages/{read['id']}/read")
    answer = client.put(
        "/messages/read", session_id=B, ids=[direct["id"], broadcast["id"], read["id"]], ack=True
    )
    assert answer.json["read"] == 2
    assert subjects(answer) == ["1", "2", "3"]
    assert all(message["acked_at"] for message in answer.json["items"])
    types = [row["type"] for row in journal_rows()[4:]]
    assert types == ["message.read"] * 2 + ["message.acked"] * 3


def test_a_project_filter_marks_what_the_inbox_shows_with_it(client: Agent) -> None:
    for to in (B, None):
        for project in ("shop", "forum", None):
            send(client, A, to, f"{to} {project}", project_key=project)
    answer = client.put("/messages/read", session_id=B, project_key="shop")
    assert (answer.json["read"], answer.json["unread_message_count"]) == (5, 0)
    assert unread(client, B) == ["None forum"]


def test_another_sessions_message_among_them_marks_none(client: Agent) -> None:
    own, other = send(client, A, B, "own"), send(client, A, C, "other")
    answer = client.put("/messages/read", session_id=B, ids=[own["id"], other["id"]])
    assert (answer.status_code, answer.json["error"]) == (403, "not_recipient")
    assert (unread(client, B), unread(client, C)) == (["own"], ["other"])


def test_an_unknown_message_among_them_marks_none(client: Agent) -> None:
    own, unknown = send(client, A, B, "own"), str(uuid.uuid4())
    answer = client.put("/messages/read", session_id=B, ids=[own["id"], unknown])
    assert answer.status_code == 422
    assert unknown in answer.json["errors"]["ids"][0]
    assert unread(client, B) == ["own"]


def test_more_than_one_change_holds_is_marked_in_several(
    client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.areas.messages.repository.marking.BATCH", 3)
    monkeypatch.setattr("coord.areas.messages.repository.marking.MAX_ANSWERED", 4)
    for n in range(8):
        send(client, A, (B, None)[n % 2], str(n))
    answer = client.put("/messages/read", session_id=B)
    assert answer.json["read"] == 8
    assert subjects(answer) == ["0", "1", "2", "3"]
    assert unread(client, B) == []


def test_a_call_that_cannot_mark_all_says_what_is_left(
    client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.areas.messages.repository.marking.MAX_MARKED", 3)
    for n in range(5):
        send(client, A, (B, None)[n % 2], str(n))
    first = client.put("/messages/read", session_id=B).json
    assert (first["read"], first["unread_message_count"]) == (3, 2)
    assert client.put("/messages/read", session_id=B).json["unread_message_count"] == 0


@pytest.mark.parametrize("where", ["query", "header"])
def test_the_reader_may_be_named_outside_the_body(client: Agent, where: str) -> None:
    send(client, A, B)
    named: dict[str, Any] = (
        {"query_string": {"session_id": B}}
        if where == "query"
        else {"headers": {"X-Coord-Session": B}}
    )
    assert client.call("PUT", "/messages/read", **named).json["read"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"session_id": None}, "session_id"),
        ({"session_id": "s" * 201}, "session_id"),
        ({"ids": "all"}, "ids"),
        ({"ids": ["no"]}, "ids"),
        ({"ids": [None]}, "ids"),
        ({"ids": [str(uuid.UUID(int=n)) for n in range(501)]}, "ids"),
        ({"ids": [], "project_key": "shop"}, "project_key"),
        ({"project_key": ""}, "project_key"),
        ({"ack": "true"}, "ack"),
        ({"id": "x"}, "id"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_named_and_marks_nothing(
    client: Agent, change: dict[str, Any], field: str
) -> None:
    send(client, A, B)
    answer = client.put("/messages/read", **{"session_id": B, **change})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert unread(client, B) == ["s"]
