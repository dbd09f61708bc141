"""GET /events/stream: how it begins.

How it goes on, is cut and ends is in tests/faults/test_waiting.py, with the real service.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest
from flask import Flask

from coord.areas.events import routes
from coord.live import tail, waiting
from coord.store import read
from tests.conftest import BASE, Agent


def begin(app: Flask, count: int, query: str = "", **headers: str) -> list[str]:
    """The first pieces of the stream."""
    response = app.test_client().get(
        f"{BASE}/events/stream{query}",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    assert (response.status_code, response.mimetype, response.headers["Cache-Control"]) == (
        200,
        "text/event-stream",
        "no-store",
    )
    try:
        return [piece.decode() for piece in islice(response.iter_encoded(), count)]
    finally:
        response.close()


def claim(client: Agent, count: int) -> None:
    for number in range(count):
        client.post("/locks", project_key="shop", session_id="host/a", resource=f"r{number}")


def test_an_event_has_its_revision_as_id_and_its_type_as_event(app: Flask, client: Agent) -> None:
    claim(client, 1)
    retry, event = begin(app, 2, "?after=0")
    assert retry == "retry: 1000\n\n"
    lines = event.splitlines()
    assert lines[:2] == ["id: 1", "event: lock.claimed"]
    assert lines[2].startswith('data: {"revision":1,"type":"lock.claimed"')
    assert event.endswith("\n\n")


def test_it_resumes_after_the_last_event_id_whatever_the_query_says(
    app: Flask, client: Agent
) -> None:
    claim(client, 3)
    assert begin(app, 2, "?after=0", Last_Event_ID="2")[1].startswith("id: 3\n")


def test_without_either_it_begins_now(
    app: Flask, client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.areas.events.routes.HEARTBEAT_S", 0.01)
    claim(client, 3)
    assert begin(app, 2)[1] == "id: 3\n: nothing new\n\n"


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "9" * 30, "٣"], ids=ascii)
def test_a_last_event_id_that_is_none_is_refused(client: Agent, value: str) -> None:
    answer = client.call("GET", "/events/stream", headers={"Last-Event-ID": value})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["Last-Event-ID"]


def test_past_the_number_that_may_wait_it_is_refused_with_when_to_come_back(
    app: Flask, client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["coord.watcher"], "_max_subscriptions", 0)
    answer: Any = client.get("/events/stream")
    assert (answer.status_code, answer.json["error"], answer.headers["Retry-After"]) == (
        429,
        "too_many",
        "5",
    )
    assert "COORD_THREADS" in answer.json["detail"]


def test_a_stream_that_is_closed_no_longer_waits(app: Flask, client: Agent) -> None:
    claim(client, 1)
    begin(app, 1, "?after=0")
    assert not app.extensions["coord.watcher"]._subscriptions


@contextmanager
def following(app: Flask, query: str = "") -> Iterator[Iterator[str]]:
    """What a stream tells from now on: a piece for all that came together."""
    response = app.test_client().get(f"{BASE}/events/stream{query}")
    pieces = (piece.decode() for piece in response.iter_encoded())
    assert next(pieces) == "retry: 1000\n\n"
    try:
        yield pieces
    finally:
        response.close()


def ids(pieces: Iterator[str], count: int) -> list[int]:
    """Of the next so many events."""
    found: list[int] = []
    while len(found) < count:
        lines = next(pieces).splitlines()
        found += [int(line.removeprefix("id: ")) for line in lines if line.startswith("id: ")]
    return found


def test_what_is_new_is_read_once_for_all_streams_whatever_they_ask_for(
    app: Flask, client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(client, 1)
    with (
        following(app) as everything,
        following(app, "?type=message.*") as messages,
        following(app, "?project_key=other") as of_a_project,
    ):
        monkeypatch.setattr(routes, "read", lambda *asked: pytest.fail("a stream read for itself"))
        claim(client, 2)
        client.post("/messages", from_session="host/a", subject="s", body="b", project_key="other")
        assert ids(everything, 3) == [2, 3, 4]
        assert ids(messages, 1) == ids(of_a_project, 1) == [4]


def test_a_stream_that_is_further_behind_than_memory_goes_reads_on(
    app: Flask, client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "MAX_ENTRIES", 2)
    with following(app) as pieces:
        claim(client, 6)
        assert ids(pieces, 6) == [1, 2, 3, 4, 5, 6]


def test_streams_of_a_peer_that_read_on_do_so_one_at_a_time(
    app: Flask, client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(client, 6)
    monkeypatch.setattr(routes, "PAGE", 2)
    reading: list[int] = []

    def counted(query: Any, wanted: Any, after: int, limit: int) -> Any:
        if not after:  # the first page is before the answer
            return read(query, wanted, after, limit)
        reading.append(after)
        try:
            time.sleep(0.01)  # for another to come in between
            assert len(reading) == 1
            return read(query, wanted, after, limit)
        finally:
            reading.pop()

    def follow() -> list[int]:
        with following(app, "?after=0") as pieces:
            return ids(pieces, 6)

    monkeypatch.setattr(routes, "read", counted)
    with ThreadPoolExecutor(3) as pool:
        for told in [pool.submit(follow) for _ in range(3)]:
            assert told.result(30) == [1, 2, 3, 4, 5, 6]


def test_a_stream_that_reads_on_ends_when_its_worker_stops(
    app: Flask, client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(client, 6)
    monkeypatch.setattr(routes, "PAGE", 2)
    stopping = threading.Event()
    monkeypatch.setattr(waiting, "_stopping", stopping)
    with following(app, "?after=0") as pieces:
        assert ids(pieces, 2) == [1, 2]
        stopping.set()
        assert not any("id: 5" in piece for piece in pieces)


def test_a_stream_ends_when_the_database_was_restored(app: Flask, client: Agent) -> None:
    claim(client, 1)
    with following(app) as pieces:
        assert app.test_cli_runner().invoke(args=["journal", "restored"]).exit_code == 0
        told = next(pieces)
        assert told.startswith("event: cursor_gone\ndata: {")
        assert next(pieces, None) is None
