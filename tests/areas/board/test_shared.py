"""Answers that several pages ask for at once are made once, and what the stream of a page tells."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from coord.areas.board import repository, shared
from coord.areas.board.news import follow
from coord.areas.board.shared import BoardAnswer, SharedAnswers
from coord.errors import Stopping
from coord.live import Subscription
from coord.store import deadline, faults
from coord.store.reader import Reader, Row
from tests.conftest import Agent
from tests.service import BASE, Service, running, until

Make = Callable[[int, int | None], BoardAnswer]


def made(cursor: int, began: float = 0.0) -> BoardAnswer:
    text = json.dumps({"cursor": cursor}).encode()
    return BoardAnswer(cursor, datetime(2026, 1, 12, tzinfo=UTC), began, began, text)


def recording(asked: list[tuple[int, int | None]], newest: int) -> Make:
    def make(after: int, upto: int | None) -> BoardAnswer:
        asked.append((after, upto))
        return made(newest if upto is None else upto)

    return make


def test_pages_that_are_not_equally_far_are_told_up_to_the_same_revision() -> None:
    answers = SharedAnswers()
    asked: list[tuple[int, int | None]] = []
    told = [answers.changes(after, 60, recording(asked, 50)) for after in (10, 20, 10, 20)]
    assert asked == [(10, None), (20, 50)]
    assert [each.cursor for each in told if each] == [50, 50, 50, 50]


def test_who_knows_what_the_others_are_told_gets_what_came_since() -> None:
    answers = SharedAnswers()
    answers.changes(10, 60, recording([], 50))
    asked: list[tuple[int, int | None]] = []
    newer = answers.changes(50, 60, recording(asked, 70))
    assert (asked, newer and newer.cursor) == ([(50, None)], 70)


def test_the_time_of_an_answer_is_never_ahead_of_the_clock(
    client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what happens next would seem to have been before. The database was slow to begin."""
    read_all = repository.read_all

    def slow_to_begin(db: Reader, lists: Sequence[repository.ListOfArea]) -> Row:
        time.sleep(0.3)
        return read_all(db, lists)

    monkeypatch.setattr(repository, "read_all", slow_to_begin)
    answer = client.get("/board").json
    assert datetime.fromisoformat(answer["generated_at"]) < datetime.now(UTC)


def test_an_answer_that_is_too_old_is_made_anew() -> None:
    answers = SharedAnswers()
    assert answers.all(60, lambda: made(1, began=-1e9)).cursor == 1
    assert answers.all(60, lambda: made(2)).cursor == 2


def test_who_waited_while_the_database_failed_does_not_ask_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = SharedAnswers()
    entered, waits = threading.Event(), threading.Event()
    asked: list[str] = []
    errors: list[OSError] = []

    def fails() -> BoardAnswer:
        asked.append("first")
        entered.set()
        waits.wait(10)
        raise OSError("away")

    def never() -> BoardAnswer:
        asked.append("second")
        return made(1)

    def call(make: Callable[[], BoardAnswer]) -> None:
        try:
            answers.all(60, make)
        except OSError as error:
            errors.append(error)

    first = threading.Thread(target=call, args=(fails,))
    second = threading.Thread(target=call, args=(never,))

    def noting_the_second() -> float:
        moment = time.monotonic()
        if threading.current_thread() is second:
            waits.set()
        return moment

    monkeypatch.setattr(shared, "time", SimpleNamespace(monotonic=noting_the_second))
    first.start()
    assert entered.wait(10)
    second.start()
    first.join(10)
    second.join(10)
    assert (asked, len(errors)) == (["first"], 2)


def test_what_began_to_be_read_after_they_asked_serves_all_that_waited_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A database that takes longer than an answer may be old would else be asked by one after the
    other.
    """
    answers = SharedAnswers()
    asked: set[int] = set()
    read_by: list[int] = []
    may_read = threading.Event()

    def noting_who_asks() -> float:
        asked.add(threading.get_ident())
        return time.monotonic()

    def read() -> BoardAnswer:
        read_by.append(threading.get_ident())
        began = time.monotonic()
        assert may_read.wait(10)
        time.sleep(0.02)
        return made(len(read_by), began)

    monkeypatch.setattr(shared, "time", SimpleNamespace(monotonic=noting_who_asks))
    pages = [threading.Thread(target=answers.all, args=(0.01, read)) for _ in range(8)]
    for page in pages:
        page.start()
    until(lambda: len(asked) == len(pages), 10, "all to ask")
    may_read.set()
    for page in pages:
        page.join(10)
    assert len(read_by) == 2  # the first, and one for those that asked while it read


def test_a_page_waits_for_others_no_longer_than_its_call_may_take() -> None:
    answers = SharedAnswers()
    may_end = threading.Event()

    def read() -> BoardAnswer:
        assert may_end.wait(10)
        return made(1)

    first = threading.Thread(target=answers.all, args=(60, read))
    first.start()
    until(answers._all_turns._lock.locked, 10, "the first to read")
    with deadline.at_most(0.6), pytest.raises(faults.TooSlow):
        answers.all(60, read)
    may_end.set()
    first.join(10)


def test_without_an_age_the_answer_is_of_now(client: Agent) -> None:
    body = {"project_key": "shop", "session_id": "host/a"}
    client.post("/locks", **body, resource="first")
    first = client.get("/board", max_age=60).json
    client.post("/locks", **body, resource="second")
    assert client.get("/board", max_age=60).json["lists"] == first["lists"]
    assert len(client.get("/board").json["lists"]["locks"]["items"]) == 2
    since = client.get("/board", after=first["cursor"], max_age=0).json
    assert [lock["resource"] for lock in since["lists"]["locks"]["items"]] == ["second"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db") as started:
        yield started


def events(port: int) -> Iterator[dict[str, str]]:
    """What the stream of a page tells, comments left out; begins when it has been opened."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"GET {BASE}/board/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        event: dict[str, str] = {}
        for line in connection.makefile("r", encoding="utf-8", newline="\n"):
            name, colon, value = line.rstrip("\n").partition(": ")
            if line == ": from now on\n":
                yield {}
            elif colon and name in ("id", "data"):
                event[name] = value
            elif line == "\n" and event:
                yield event
                event = {}


def test_the_stream_tells_what_the_board_would_answer(service: Service) -> None:
    body = {"project_key": "shop", "session_id": "host/a"}
    service.call("POST", "/locks", {**body, "resource": "before"})
    stream = events(service.port)
    assert next(stream) == {}
    for name in ("one", "two"):
        service.call("POST", "/locks", {**body, "resource": name})
        event = next(stream)
        answer = json.loads(event["data"])
        read = service.call("GET", f"/board?after={answer['after']}").json
        assert answer["answer"] | {"generated_at": None} == read | {"generated_at": None}
        assert int(event["id"]) == read["cursor"]
        assert [lock["resource"] for lock in read["lists"]["locks"]["items"]] == [name]


class OneChange:
    """A subscription that is woken once, and then told that the worker stops."""

    begins_at = latest = 6

    def wait(self, until: float) -> bool:
        if self.latest == 7:
            raise Stopping
        self.latest = 7
        return True


def test_of_too_much_at_once_the_stream_tells_only_that_it_is_to_be_read() -> None:
    asked: list[int] = []

    def too_much(after: int) -> None:
        asked.append(after)

    told = b"".join(follow(cast(Subscription, OneChange()), too_much))
    assert asked == [6]
    assert told.split(b"\n\n")[1] == b"id: 7"
    assert b"data" not in told
