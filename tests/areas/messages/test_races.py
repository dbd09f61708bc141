"""Many sessions at the same moment."""

import uuid
from typing import Any

import pytest
from flask import Flask

from tests.areas.messages import A, B, send, unread
from tests.conftest import Agent, by_many

THREADS = 20


@pytest.mark.parametrize("to", [B, None], ids=["direct", "broadcast"])
def test_one_session_marking_a_message_many_times_reads_it_once(
    app: Flask, client: Agent, journal_rows: Any, to: str | None
) -> None:
    message = send(client, A, to)
    answers = by_many(
        app,
        THREADS,
        lambda agent, _: agent.put(f"/messages/{message['id']}/read", session_id=B, ack=True),
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({(answer.json["read_at"], answer.json["acked_at"]) for answer in answers}) == 1
    stored = client.get(f"/messages/{message['id']}").json
    assert [reader["session_id"] for reader in stored["read_by"]] == [B]
    assert stored["read_count"] == 1
    assert [row["type"] for row in journal_rows()] == [
        "message.sent",
        "message.read",
        "message.acked",
    ]


def test_many_sessions_marking_a_broadcast_are_all_its_readers(app: Flask, client: Agent) -> None:
    message = send(client, A, None)
    answers = by_many(
        app,
        THREADS,
        lambda agent, n: agent.put(f"/messages/{message['id']}/read", session_id=f"host/{n}"),
    )
    assert {answer.status_code for answer in answers} == {200}
    stored = client.get(f"/messages/{message['id']}").json
    assert sorted(reader["session_id"] for reader in stored["read_by"]) == sorted(
        f"host/{n}" for n in range(THREADS)
    )
    assert stored["read_count"] == THREADS


def test_marking_the_whole_inbox_at_once_counts_each_message_once(
    app: Flask, client: Agent, journal_rows: Any
) -> None:
    for n in range(12):
        send(client, A, (B, None)[n % 2], str(n))
    answers = by_many(app, THREADS, lambda agent, _: agent.put("/messages/read", session_id=B))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json["read"] for answer in answers) == 12
    assert unread(client, B) == []
    assert [row["type"] for row in journal_rows()].count("message.read") == 12


def test_one_id_sent_many_times_is_one_message(app: Flask, client: Agent) -> None:
    chosen = str(uuid.uuid4())
    call = {"id": chosen, "from_session": A, "to_session": B, "subject": "s", "body": "b"}
    answers = by_many(app, THREADS, lambda agent, _: agent.post("/messages", **call))
    assert sorted(answer.status_code for answer in answers) == [200] * (THREADS - 1) + [201]
    assert unread(client, B) == ["s"]


def test_one_id_with_different_content_is_one_message_and_conflicts(
    app: Flask, client: Agent
) -> None:
    chosen = str(uuid.uuid4())
    answers = by_many(
        app,
        THREADS,
        lambda agent, n: agent.post(
            "/messages", id=chosen, from_session=A, to_session=B, subject=str(n), body="b"
        ),
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (THREADS - 1)
    assert len(unread(client, B)) == 1


def test_a_reader_that_follows_the_inbox_misses_nothing_that_is_sent_meanwhile(
    app: Flask, client: Agent
) -> None:
    seen: list[str] = []

    def call(agent: Agent, n: int) -> None:
        if n:
            for turn in range(3):
                send(agent, f"host/{n}", (B, None)[turn % 2], f"{n} {turn}")
            return
        while len(seen) < 3 * (THREADS - 1):
            for item in agent.get("/messages", to_session=B, unread_only="true", limit="5").json[
                "items"
            ]:
                seen.append(item["subject"])
                agent.put(f"/messages/{item['id']}/read", session_id=B)

    by_many(app, THREADS, call)
    assert sorted(seen) == sorted(f"{n} {turn}" for n in range(1, THREADS) for turn in range(3))
    assert unread(client, B) == []
