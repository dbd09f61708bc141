"""What an app remembers of recent broadcasts changes no answer, and spares going through them
again.
"""

import random
from collections.abc import Iterator

import pytest
from flask import Flask

from coord.areas.messages.repository import recent
from coord.store import database
from coord.testing import empty_tables
from tests.areas.messages import A, B, C, listed, send, unread
from tests.conftest import Agent
from tests.examined import Counter, counting_rows

SESSIONS = (A, B, C)
PROJECTS = (None, "shop", "bank")
BROADCASTS = 6_000


Broadcast = tuple[str, str | None, str]
"""Who sent it, in which project, and its subject."""


def expected(
    sent: list[Broadcast], read: set[tuple[str, str]], me: str, project: str | None
) -> list[str]:
    return [
        subject
        for sender, of_project, subject in sent
        if sender != me
        and (me, subject) not in read
        and (project is None or of_project in (None, project))
    ]


@pytest.mark.parametrize("seed", range(3))
def test_inboxes_and_their_counts_are_those_of_a_model(
    client: Agent, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(recent, "BLOCK", 4)
    chance = random.Random(seed)
    sent: list[Broadcast] = []
    ids: dict[str, str] = {}
    read: set[tuple[str, str]] = set()
    for number in range(60):
        me, project = chance.choice(SESSIONS), chance.choice(PROJECTS)
        action = chance.choice(("send", "send", "read", "look"))
        if action == "send":
            in_project = {} if project is None else {"project_key": project}
            ids[f"s{number}"] = send(client, me, None, f"s{number}", **in_project)["id"]
            sent.append((me, project, f"s{number}"))
        elif action == "read" and sent:
            subject = chance.choice(sent)[2]
            client.put(f"/messages/{ids[subject]}/read", session_id=me)
            read.add((me, subject))
        filters = {} if project is None else {"project_key": project}
        wanted = expected(sent, read, me, project)
        assert listed(client, to_session=me, unread_only="true", **filters) == wanted
        assert listed(client, to_session=me, unread_only="true", limit=2, **filters) == wanted[:2]
        status = client.get("/status", session_id=me, **filters).json
        assert status["unread_message_count"] == len(wanted)


def test_another_database_under_the_same_name_is_noticed(app: Flask, client: Agent) -> None:
    for number in range(3):
        client.put(f"/messages/{send(client, A, None, f's{number}')['id']}/read", session_id=B)
    assert unread(client, B) == []
    empty_tables(app)
    for number in range(9):
        send(client, A, None, f"new{number}")
    assert unread(client, B) == [f"new{number}" for number in range(9)]
    assert client.get("/status", session_id=B).json["unread_message_count"] == 9


@pytest.fixture
def examined(request: pytest.FixtureRequest, app: Flask, client: Agent) -> Iterator[Counter]:
    """Of an app with many broadcasts, all of which B has read, and C none."""
    first = send(client, A, None, "first")["id"]
    with app.app_context(), database.engine.connect() as connection:
        run = connection.execution_options(no_parameters=True).exec_driver_sql
        is_mariadb = connection.dialect.name == "mariadb"
        digits = f"SUBSTR({10**12} + n, 2)"
        identity = f"'00000000-0000-4000-8000-' || {digits}"
        numbers = (
            "WITH RECURSIVE s(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM s"
            f" WHERE n < {BROADCASTS}) SELECT n FROM s"
        )
        if is_mariadb:
            identity = f"CONCAT('00000000-0000-4000-8000-', {digits})"
            numbers = f"SELECT seq AS n FROM seq_2_to_{BROADCASTS}"
        copied = "project_key, from_session, subject, body, size, importance, requires_ack"
        copied += ", created_at, read_count, digest"
        run(
            f"INSERT INTO messages (revision, id, thread_id, {copied}) SELECT n, {identity},"
            f" thread_id, {copied} FROM messages JOIN ({numbers}) numbers WHERE id = '{first}'"
        )
        run(
            "INSERT INTO message_reads (message, nth, session_id, read_at) SELECT revision, 1,"
            f" '{B}', created_at FROM messages"
        )
        run(f"UPDATE journal_head SET revision = {BROADCASTS}")
    with counting_rows(app, request) as counter:
        yield counter


def test_who_has_read_all_looks_through_it_once(client: Agent, examined: Counter) -> None:
    began = examined()
    assert unread(client, B) == []
    looked = examined()
    assert unread(client, B) == []
    assert examined() - looked < (looked - began) / 20
    send(client, A, None, "news")
    assert unread(client, B) == ["news"]


def test_what_was_counted_is_not_counted_again(
    client: Agent, examined: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "BLOCK", 256)
    assert client.get("/status", session_id=C).json["unread_message_count"] == BROADCASTS
    began = examined()
    send(client, A, None, "news")
    assert client.get("/status", session_id=C).json["unread_message_count"] == BROADCASTS + 1
    assert examined() - began < 3 * recent.BLOCK
