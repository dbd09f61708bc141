"""GET /events."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from coord.areas.events import repository, routes
from coord.store import database, journal
from tests.conftest import Agent

KEYS = ["revision", "type", "project_key", "session_id", "token", "at", "subject", "data"]


def claim(client: Agent, resource: str = "src/app.py", project: str = "shop") -> Any:
    return client.post("/locks", project_key=project, session_id="host/a", resource=resource).json


def seen(answer: Any) -> list[tuple[int, str]]:
    return [(event["revision"], event["type"]) for event in answer.json["items"]]


def test_every_change_is_an_event_oldest_first(client: Agent) -> None:
    lock = claim(client)
    client.patch(f"/locks/{lock['id']}", session_id="host/a")
    client.delete(f"/locks/{lock['id']}", session_id="host/a")
    answer = client.get("/events", after=0)
    assert answer.status_code == 200
    assert seen(answer) == [(1, "lock.claimed"), (2, "lock.renewed"), (3, "lock.released")]
    first = answer.json["items"][0]
    assert list(first) == KEYS
    assert first["subject"] == {"kind": "lock", "id": lock["id"]}
    assert (first["project_key"], first["session_id"], first["at"]) == (
        "shop",
        "host/a",
        lock["acquired_at"],
    )
    assert first["data"]["resource"] == "src/app.py"


def test_the_next_cursor_is_always_given_and_goes_on_where_the_page_ended(client: Agent) -> None:
    assert client.get("/events").json == {"items": [], "next_cursor": "0"}
    for at in range(5):
        claim(client, f"r{at}")
    revisions: list[int] = []
    cursor = "0"
    for _ in range(3):
        answer = client.get("/events", after=cursor, limit=2)
        revisions += [revision for revision, _ in seen(answer)]
        cursor = answer.json["next_cursor"]
    assert revisions == [1, 2, 3, 4, 5]
    assert cursor == "5"
    assert client.get("/events", after=cursor).json == {"items": [], "next_cursor": "5"}


def test_a_filter_leaves_out_the_rest_and_its_cursor_passes_over_it(client: Agent) -> None:
    lock = claim(client)
    claim(client, project="other")
    client.post(
        "/messages",
        from_session="host/a",
        to_session="host/b",
        subject="s",
        body="b",
        project_key="shop",
    )
    client.delete(f"/locks/{lock['id']}", session_id="host/a")
    assert seen(client.get("/events", project_key="shop")) == [
        (1, "lock.claimed"),
        (3, "message.sent"),
        (4, "lock.released"),
    ]
    assert seen(client.get("/events", type="lock.claimed")) == [
        (1, "lock.claimed"),
        (2, "lock.claimed"),
    ]
    assert seen(client.get("/events", type="lock.*", project_key="shop")) == [
        (1, "lock.claimed"),
        (4, "lock.released"),
    ]
    assert seen(client.get("/events", type="message")) == [(3, "message.sent")]
    assert seen(client.get("/events", type=["message.sent", "lock.released"])) == [
        (3, "message.sent"),
        (4, "lock.released"),
    ]
    assert client.get("/events", type="component.*").json == {"items": [], "next_cursor": "4"}


@pytest.mark.parametrize("near", [0, 1_000], ids=["far behind", "near the end"])
def test_what_is_rare_is_found_wherever_it_is(
    client: Agent, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    monkeypatch.setattr(repository, "NEAR", near)
    for at in range(7):
        claim(client, f"r{at}")
    client.post("/messages", from_session="host/a", subject="s", body="b")
    claim(client, project="rare")

    def found(**filters: Any) -> list[int]:
        answer = client.get("/events", after=0, **filters)
        assert answer.json["next_cursor"] == "9"
        return [revision for revision, _ in seen(answer)]

    assert found(project_key="rare") == [9]
    assert found(type="message.sent") == [8]
    assert found(type="message.*") == [8]
    assert found(type=["message", "lock.released"]) == [8]
    assert found(type=["message.sent", "lock.claimed"]) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert found(type=["lock.*", "lock.claimed"], project_key="rare") == [9]
    assert found(type="message.read") == found(type="lock.*", project_key="none") == []
    assert found(type="message.*", project_key="rare") == []


def test_a_cursor_that_the_journal_no_longer_reaches_is_told_so(app: Flask, client: Agent) -> None:
    for at in range(5):
        claim(client, f"r{at}")
    with app.app_context(), database.engine.begin() as connection:
        connection.execute(
            sa.delete(journal.JournalEntry.__table__).where(journal.JournalEntry.revision <= 3)
        )
        connection.execute(sa.update(journal.JournalHead.__table__).values(trimmed=3))
    for gone in (0, 2):
        answer = client.get("/events", after=gone)
        assert (answer.status_code, answer.json["error"], answer.json["oldest"]) == (
            410,
            "cursor_gone",
            "3",
        )
        assert "after=3" in answer.json["detail"]
        assert client.get("/events/stream", after=gone).status_code == 410
    assert (
        seen(client.get("/events", after=3))
        == seen(client.get("/events"))
        == [(4, "lock.claimed"), (5, "lock.claimed")]
    )


def test_a_cursor_that_stays_ahead_of_the_journal_is_told_so(
    client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "CATCHES_UP_S", 0.2)
    answer = client.get("/events", after=99)
    assert (answer.status_code, answer.json["error"]) == (410, "cursor_gone")
    assert "backup" in answer.json["detail"]


@pytest.mark.parametrize("waits", [{}, {"wait": 5}], ids=["at once", "with wait"])
def test_a_cursor_ahead_of_a_replica_that_catches_up_is_read_on_from(
    app: Flask, client: Agent, waits: dict[str, Any]
) -> None:
    """A server was promoted that had not come as far as the one before it."""
    claim(client, "r1")
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(Agent(app.test_client()).get, "/events", after=2, **waits)
        while waiting_calls(app) == 0:
            assert not ahead.done(), ahead.result().json
            time.sleep(0.01)
        claim(client, "r2")
        claim(client, "r3")
        answer = ahead.result(10)
    assert answer.status_code == 200
    assert answer.json["items"] == [] or seen(answer) == [(3, "lock.claimed")]
    assert int(answer.json["next_cursor"]) in (2, 3)


def waiting_calls(app: Flask) -> int:
    return len(app.extensions["coord.watcher"]._subscriptions)


@pytest.mark.parametrize(
    "query",
    [
        {"after": "x"},
        {"after": -1},
        {"after": 2**60},
        {"limit": 0},
        {"limit": 501},
        {"wait": 61},
        {"wait": "soon"},
        {"type": "Lock"},
        {"type": "a.b.c"},
    ],
    ids=str,
)
def test_a_query_that_cannot_be_is_refused(client: Agent, query: dict[str, Any]) -> None:
    answer = client.get("/events", **query)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == list(query)


def test_a_wait_ends_with_the_first_event_that_fits(app: Flask, client: Agent) -> None:
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(
            Agent(app.test_client()).get(
                "/events", after=0, project_key="shop", type="lock.*", wait=20
            )
        )
    )
    waiting.start()
    claim(client, project="other")
    client.post(
        "/messages", from_session="host/a", subject="s", body=str(uuid.uuid4()), project_key="shop"
    )
    claim(client)
    waiting.join(15)
    assert not waiting.is_alive()
    assert seen(answers[0]) == [(3, "lock.claimed")]


def test_a_wait_in_vain_answers_nothing_and_where_to_go_on(client: Agent) -> None:
    claim(client)
    answer = client.get("/events", after=1, wait=0.1)
    assert answer.json == {"items": [], "next_cursor": "1"}
