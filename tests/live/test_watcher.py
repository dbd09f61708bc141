"""The watcher takes a place, a gauge, a thread and descriptors for each call that waits, and gives
all of them back on every way out.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from coord.errors import TooMany
from coord.live import subscribe, waiting
from coord.live.waiting import Watcher
from coord.store import Row, database, read
from tests.conftest import Agent, make_app

PLACES = 4  # of five threads
SOON_S = 20  # far longer than it takes on a busy machine


@pytest.fixture
def quick_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = make_app(f"sqlite:///{tmp_path_factory.mktemp('db')}/coord.db", THREADS=5)
    yield app
    with app.app_context():
        database.engine.dispose()


def places_left(app: Flask) -> int:
    """How many calls can wait at once now; none of them waits."""
    entered = []
    with app.test_request_context():
        while True:
            context = subscribe(lambda row: False)
            subscription = context.__enter__()
            if subscription is None:
                break
            entered.append(context)
        for each in entered:
            each.__exit__(None, None, None)
    return len(entered)


def refuse(*args: object, **kwargs: object) -> None:
    raise RuntimeError("can't start new thread")


def no_descriptor(*args: object, **kwargs: object) -> None:
    raise OSError(24, "Too many open files")


def test_where_threads_are_short_only_a_share_of_them_goes_on_waiting(quick_app: Flask) -> None:
    with quick_app.test_request_context(), contextlib.ExitStack() as stack:
        entered = [stack.enter_context(subscribe(lambda row: False)) for _ in range(PLACES)]
        quick_app.extensions["coord.watcher"].make_room(3)
        for subscription in entered[:2]:
            assert subscription is not None
            with pytest.raises(TooMany, match="no more than 3 threads"):
                subscription.wait(time.monotonic() + SOON_S)
        for subscription in entered[2:]:
            assert subscription is not None
            assert not subscription.wait(time.monotonic())


def test_a_call_whose_first_read_fails_gives_its_place_back(
    quick_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Agent(quick_app.test_client())
    monkeypatch.setattr(waiting, "read", no_descriptor)
    for _ in range(PLACES + 1):
        assert client.get("/events", wait=1).status_code == 500
    monkeypatch.undo()
    assert places_left(quick_app) == PLACES


@pytest.mark.parametrize(
    ("what", "name", "fails"),
    [(threading.Thread, "start", refuse), (waiting, "Listener", no_descriptor)],
    ids=["no thread is left", "no descriptor is left"],
)
def test_where_nothing_is_left_to_wait_with_a_call_is_answered_at_once_and_later_ones_wait(
    quick_app: Flask, monkeypatch: pytest.MonkeyPatch, what: object, name: str, fails: object
) -> None:
    client = Agent(quick_app.test_client())
    monkeypatch.setattr(what, name, fails)
    assert client.get("/events", wait=20).status_code == 200
    monkeypatch.undo()
    with quick_app.test_request_context(), subscribe(lambda row: True) as subscription:
        assert subscription is not None
        client.call("POST", "/locks", {"project_key": "p", "session_id": "s", "resource": "x"})
        assert subscription.wait(time.monotonic() + SOON_S)


def test_a_predicate_that_fails_fails_its_own_call_and_no_other(quick_app: Flask) -> None:
    def fails(row: Row) -> bool:
        raise ZeroDivisionError

    client = Agent(quick_app.test_client())
    with (
        quick_app.test_request_context(),
        subscribe(fails) as broken,
        subscribe(lambda row: True) as sound,
    ):
        assert broken is not None
        assert sound is not None
        client.call("POST", "/locks", {"project_key": "p", "session_id": "s", "resource": "x"})
        assert sound.wait(time.monotonic() + SOON_S)
        with pytest.raises(ZeroDivisionError):
            broken.wait(time.monotonic() + SOON_S)


def test_a_watcher_that_breaks_off_tells_those_who_wait_and_the_next_call_starts_another(
    quick_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Agent(quick_app.test_client())
    with quick_app.test_request_context(), subscribe(lambda row: True) as subscription:
        assert subscription is not None
        monkeypatch.setattr(Watcher, "_tick", no_descriptor)
        with pytest.raises(OSError, match="Too many open files"):
            subscription.wait(time.monotonic() + SOON_S)
    monkeypatch.undo()
    with quick_app.test_request_context(), subscribe(lambda row: True) as subscription:
        assert subscription is not None
        client.call("POST", "/locks", {"project_key": "p", "session_id": "s", "resource": "x"})
        assert subscription.wait(time.monotonic() + SOON_S)


def test_what_concerns_nobody_here_is_not_read_for_and_what_can_wait_comes_first_with_the_next(
    quick_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    received: list[str] = []

    def counted(query: Any, *asked: Any) -> object:
        reads.append(query)
        return read(query, *asked)

    def matches(row: Row) -> bool:
        received.append(row["type"])
        return bool(row["type"] == "lock.released")

    client = Agent(quick_app.test_client())
    lock = client.post("/locks", project_key="p", session_id="s", resource="x").json
    monkeypatch.setattr(waiting, "POLL_S", 2 * SOON_S)
    with (
        quick_app.test_request_context(),
        subscribe(matches, "lock", in_time=frozenset({"lock.claimed"})) as subscription,
    ):
        assert subscription is not None
        monkeypatch.setattr(waiting, "read", counted)
        client.post("/messages", from_session="s", to_session="t", subject="hello", body="")
        client.post("/locks", project_key="p", session_id="s", resource="y")
        client.delete(f"/locks/{lock['id']}", session_id="s")
        assert subscription.wait(time.monotonic() + SOON_S)
    assert received == ["lock.claimed", "lock.released"]
    assert len(reads) == 1
