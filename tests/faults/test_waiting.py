"""Calls that wait in the real service: who hangs up, is killed or is stopped waits no longer; the
stream misses nothing when it is cut.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any

import pytest

from tests.databases import USER, MariaDB
from tests.faults.calls import BODY, Call, assert_back, claim, made, nobody_waits
from tests.faults.conftest import World
from tests.faults.proxy import Proxy
from tests.service import BASE, Answer, Service, migrate, running, until

LONG = 40
WRITERS = 16
EVENTS_EACH = 25


@pytest.fixture(params=["sqlite", "mariadb"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    url = f"sqlite:///{tmp_path}/coord.db"
    if request.param == "mariadb":
        server: MariaDB = request.getfixturevalue("breakable")
        url = server.create_database(f"t{uuid.uuid4().hex}")
    with running(tmp_path / "service", url, THREADS="64") as service:
        yield service


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as started:
        yield started


def waiters(service: Service) -> list[Any]:
    answer = service.call("GET", "/locks/waiters")
    assert answer.status == 200, answer
    found: list[Any] = answer.json["items"]
    return found


Wait = Callable[..., "Future[Answer]"]


@pytest.fixture
def wait(service: Service, pool: ThreadPoolExecutor) -> Wait:
    """Claims with `wait` on a connection of its own, and returns when the claim waits."""

    def start(resource: str, session: str, **more: Any) -> "Future[Answer]":
        before = len(waiters(service))
        call = claim(resource, session, wait=LONG, **more)
        future = pool.submit(service.call, call.method, call.path, call.body)
        until(lambda: future.done() or len(waiters(service)) > before, 10, "the claim to wait")
        return future

    return start


def hold(service: Service, resource: str, session: str = "host/a") -> Any:
    return made(service, claim(resource, session))


def release(service: Service, lock: Any) -> float:
    """Releases it; the moment at which the release was sent."""
    sent = time.monotonic()
    assert (
        service.call("DELETE", f"/locks/{lock['id']}?session_id={lock['session_id']}").status == 200
    )
    return sent


def test_who_hangs_up_leaves_the_line_at_once(service: Service, wait: Wait) -> None:
    held = hold(service, "x")
    body = json.dumps(claim("x", "host/b", wait=LONG).body).encode()
    with socket.create_connection(("127.0.0.1", service.port)) as caller:
        head = (
            f"POST {BASE}/locks HTTP/1.1\r\nHost: localhost\r\nContent-Type:"
            f" application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        caller.sendall(head.encode() + body)
        until(lambda: waiters(service), 10, "the claim to wait")
        behind = wait("x", "host/c")
    until(
        lambda: [waiter["session_id"] for waiter in waiters(service)] == ["host/c"],
        1,
        "the caller that hung up to wait no longer",
    )
    release(service, held)
    assert behind.result(5).status == 201


def half_close(service: Service, request: bytes) -> socket.socket:
    """A caller that says all it has to say, and waits for its answer: `nc -N`."""
    caller = socket.create_connection(("127.0.0.1", service.port), timeout=10)
    caller.sendall(request)
    caller.shutdown(socket.SHUT_WR)
    return caller


def test_a_caller_that_closes_only_its_side_keeps_its_place(service: Service) -> None:
    held = hold(service, "x")
    body = json.dumps(claim("x", "host/b", wait=LONG).body).encode()
    head = (
        f"POST {BASE}/locks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with half_close(service, head.encode() + body) as caller, caller.makefile("rb") as answer:
        until(lambda: waiters(service), 10, "the claim to wait")
        assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
        release(service, held)
        assert answer.readline() == b"\r\n"
        assert answer.readline().startswith(b"HTTP/1.1 201 ")


def test_a_stream_goes_on_for_a_reader_that_closed_only_its_side(service: Service) -> None:
    request = f"GET {BASE}/events/stream?type=component.* HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with half_close(service, request.encode()) as caller, caller.makefile("rb") as lines:
        until(lambda: b": nothing new" in lines.readline(), 10, "the stream to have noticed")
        write(service, 1)
        seen = [line for line in until_read(lines, EVENTS_EACH) if line.startswith(b"data: ")]
        assert len(seen) == EVENTS_EACH


def until_read(lines: "BufferedReader", events: int) -> Iterator[bytes]:
    """The lines of a stream up to so many events."""
    while events:
        line = lines.readline()
        assert line, "the stream has ended"
        events -= line.startswith(b"data: ")
        yield line


def test_a_killed_workers_waiters_hold_nobody_up(service: Service, wait: Wait) -> None:
    """Those who wait in the same worker lose their connection; those in another get their turn
    within a second.
    """
    count = len(service.workers())
    held = hold(service, "x")
    waiting = [wait("x", f"host/{number}", id=str(uuid.uuid4())) for number in range(8)]
    service.kill_worker()
    released = release_surely(service, held)
    until(lambda: len(service.workers()) == count, 10, "a new worker")
    granted = next_granted(waiting)
    if granted is not None:
        assert time.monotonic() - released < 5
        assert granted.status == 201
    until(lambda: not dead_waiters(service, waiting), 5, "the dead waiters to be removed")
    while granted is not None:
        release(service, granted.json)
        granted = next_granted(waiting)
    assert made(service, claim("x", "host/z"))["session_id"] == "host/z"


def release_surely(service: Service, lock: Any) -> float:
    """The worker that answers may be the one that has just been killed."""
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return release(service, lock)


def next_granted(waiting: "list[Future[Answer]]") -> Answer | None:
    """The answer of the first that is granted; None when all have lost their connection."""
    while waiting:
        done = until(
            lambda: [each for each in waiting if each.done()], 10, "one of them to be answered"
        )
        for each in done:
            waiting.remove(each)
            if each.exception() is None:
                answer: Answer = each.result()
                return answer
    return None


def dead_waiters(service: Service, waiting: "list[Future[Answer]]") -> bool:
    return len(waiters(service)) > len([each for each in waiting if not each.done()])


def test_a_worker_that_is_told_to_stop_answers_all_that_wait(
    service: Service, wait: Wait, pool: ThreadPoolExecutor
) -> None:
    hold(service, "x")
    waiting = [wait("x", f"host/{number}") for number in range(10)]
    waiting.append(
        pool.submit(service.call, "GET", "/messages?to_session=host/a&unread_only=true&wait=40")
    )
    waiting.append(pool.submit(service.call, "GET", "/events?after=0&type=component.*&wait=40"))
    until(
        lambda: "coord_waiting_calls 12.0" in service.call("GET", "/metrics").body.decode(),
        10,
        "all to wait",
    )
    workers = service.workers()
    began = time.monotonic()
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    answers = [each.result(10) for each in waiting]
    assert time.monotonic() - began < 8
    assert [(answer.status, answer.headers["Retry-After"]) for answer in answers] == [
        (503, "1")
    ] * 12
    assert answers[0].json == {
        "detail": "coord is restarting. Retry after 1 second.",
        "retry_after": 1,
    }
    until(
        lambda: set(service.workers()).isdisjoint(workers) and service.workers(), 20, "new workers"
    )
    until(lambda: not waiters(service), 5, "nobody to wait")


def test_a_handed_over_lock_comes_soon(service: Service, wait: Wait) -> None:
    """How soon exactly, the bench says."""
    held = hold(service, "x")
    for number in range(6):
        waiting = wait("x", f"host/{number}")
        sent = release(service, held)
        held = waiting.result(5).json
        assert time.monotonic() - sent < 4


class Stream:
    """A follower of /events/stream that can be cut, and goes on where it was."""

    def __init__(self, service: Service, last: int | None = None, query: str = "") -> None:
        self.seen: list[int] = []
        self.comments: list[str] = []
        self.ended = False
        self._socket = socket.create_connection(("127.0.0.1", service.port), timeout=30)
        resume = "" if last is None else f"Last-Event-ID: {last}\r\n"
        self._socket.sendall(
            f"GET {BASE}/events/stream{query} HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n".encode()
        )
        self._lines = self._socket.makefile("rb")
        assert self._lines.readline().startswith(b"HTTP/1.1 200 ")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        """Lines of the events; those of headers and of chunks say nothing here."""
        with contextlib.suppress(OSError, ValueError):
            for line in self._lines:
                name, _, value = line.decode().rstrip().partition(": ")
                if name == "data":
                    self.seen.append(json.loads(value)["revision"])
                elif not name and value:
                    self.comments.append(value)
                elif line == b"0\r\n":
                    break
        self.ended = True

    def cut(self) -> int:
        """Breaks the connection; the last event that was seen."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._lines.close()
        self._socket.close()
        return self.seen[-1] if self.seen else 0


def write(service: Service, number: int) -> None:
    with service.caller() as caller:
        for at in range(EVENTS_EACH):
            call = Call(
                "PUT",
                f"/components/p{number % 3}/c{number}",
                {"state": f"s{at}", "updated_by": f"host/{number}"},
            )
            assert caller.call(call.method, call.path, call.body).status in (200, 201)


def test_readers_of_the_feed_and_of_a_cut_stream_get_every_change_once_in_one_order(
    service: Service,
) -> None:
    writers = [threading.Thread(target=write, args=(service, number)) for number in range(WRITERS)]
    everything = WRITERS * EVENTS_EACH
    by_stream: list[int] = []
    only = "?type=component.*"  # that a session shows activity is an event too
    stream = Stream(service, 0, only)
    for writer in writers:
        writer.start()
    by_page: list[int] = []
    cursor = "0"
    while len(by_page) < everything:
        answer = service.call(
            "GET", f"/events?after={cursor}&type=component.*&limit=37&wait=10"
        ).json
        by_page += [event["revision"] for event in answer["items"]]
        cursor = answer["next_cursor"]
        if len(stream.seen) > 30:
            last = stream.cut()
            by_stream += stream.seen
            stream = Stream(service, last, only)
    for writer in writers:
        writer.join()
    until(
        lambda: len(by_stream) + len(stream.seen) >= everything, 20, "the stream to have everything"
    )
    stream.cut()
    assert by_page == by_stream + stream.seen == sorted(set(by_page))


def test_a_stream_tells_only_what_was_asked_for_and_ends_when_the_worker_stops(
    service: Service,
) -> None:
    stream = Stream(service, query="?project_key=p1&type=component.*")
    hold(service, "x")
    write(service, 1)
    write(service, 2)
    until(lambda: len(stream.seen) == EVENTS_EACH, 10, "the events of one project")
    for pid in service.workers():
        os.kill(pid, signal.SIGTERM)
    until(lambda: stream.ended, 3, "the stream to end")
    stream.cut()
    assert stream.comments[-1] == "coord is restarting, connect again"
    assert len(stream.seen) == EVENTS_EACH


def test_who_follows_a_stream_hangs_up_and_its_thread_is_free(service: Service) -> None:
    streams = [Stream(service) for _ in range(5)]
    until(
        lambda: "coord_waiting_calls 5.0" in service.call("GET", "/metrics").body.decode(),
        5,
        "the streams",
    )
    for stream in streams:
        stream.cut()
    until(
        lambda: "coord_waiting_calls 0.0" in service.call("GET", "/metrics").body.decode(),
        3,
        "the threads to be free",
    )


def test_when_the_database_goes_away_those_who_wait_are_told_in_time(
    world: World, pool: ThreadPoolExecutor
) -> None:
    held = made(world.service, claim(f"x {uuid.uuid4()}"))
    calls = [claim(held["resource"], f"host/w{number}", wait=LONG) for number in range(4)]
    calls.append(Call("GET", "/events?type=nothing.at_all&wait=40"))
    waiting = [pool.submit(world.service.call, call.method, call.path, call.body) for call in calls]
    until(lambda: len(waiters(world.service)) == 4, 10, "them to wait")
    with contextlib.ExitStack() as stack:
        world.proxy.refuse()
        stack.callback(world.proxy.forward)
        began = time.monotonic()
        answers = [each.result(10) for each in waiting]
        assert time.monotonic() - began < 5
    for call, answer in zip(calls, answers, strict=True):
        assert (answer.status, answer.json) == (503, BODY), f"{call}: {answer}"
    assert_back(world.service)
    until(partial(nobody_waits, world.service), 10, "nobody to wait once the database is back")


def test_calls_that_come_in_an_outage_take_no_place_from_those_after_it(
    breakable: MariaDB, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    name = f"t{uuid.uuid4().hex}"
    migrate(breakable.create_database(name))
    settings = {"WORKERS": "1", "THREADS": "10"}
    with (
        Proxy(breakable.port) as proxy,
        running(tmp_path, breakable.url(name, proxy.port), migrated=False, **settings) as service,
    ):
        places = 8
        waits = [
            "/events?after=0&type=nothing.at_all&wait=1",
            "/messages?to_session=host/a&unread_only=true&wait=1",
            "/events/stream",
        ]
        proxy.refuse()
        for path in waits * places:
            assert service.call("GET", path).status == 503, path
        proxy.forward()
        assert_back(service)
        waiting = [
            pool.submit(service.call, "GET", f"/events?type=nothing.at_all&wait={LONG}")
            for _ in range(places)
        ]
        until(
            lambda: (
                f"coord_waiting_calls {places}.0" in service.call("GET", "/metrics").body.decode()
            ),
            10,
            "all places to be taken",
        )
        assert service.call("GET", "/events/stream").status == 429
        (worker,) = service.workers()
        os.kill(worker, signal.SIGTERM)
        assert [each.result(10).status for each in waiting] == [503] * places
        until(
            lambda: "coord_waiting_calls 0.0" in service.call("GET", "/metrics").body.decode(),
            20,
            "the gauge to say so",
        )


def test_one_query_of_the_watcher_that_is_killed_is_not_noticed_by_those_who_wait(
    world: World, pool: ThreadPoolExecutor
) -> None:
    held = made(world.service, claim(f"x {uuid.uuid4()}"))
    call = claim(held["resource"], "host/w", wait=LONG)
    waiting = pool.submit(world.service.call, call.method, call.path, call.body)
    until(lambda: len(waiters(world.service)) == 1, 10, "it to wait")
    with contextlib.closing(world.server.admin("faults")) as admin, admin.cursor() as cursor:
        # so that the query takes long enough to be killed
        cursor.execute("LOCK TABLES journal WRITE")
        assert until(
            lambda: kill_queries(cursor, "FROM journal "), 5, "the watcher to read the journal"
        )
        cursor.execute("UNLOCK TABLES")
    assert (
        world.service.call("DELETE", f"/locks/{held['id']}?session_id={held['session_id']}").status
        == 200
    )
    assert waiting.result(10).status == 201


def kill_queries(cursor: Any, about: str) -> int:
    cursor.execute(
        "SELECT id FROM information_schema.processlist WHERE user = %s AND REPLACE(info, '\n', ' ')"
        " LIKE %s",
        (USER, f"%{about}%"),
    )
    found = [number for (number,) in cursor.fetchall()]
    for number in found:
        cursor.execute(f"KILL QUERY {number}")
    return len(found)


def test_workers_whose_master_was_killed_answer_all_that_wait_and_are_gone(
    service: Service, wait: Wait, pool: ThreadPoolExecutor
) -> None:
    hold(service, "x")
    waiting = [wait("x", f"host/{number}") for number in range(4)]
    waiting.append(pool.submit(service.call, "GET", "/events?after=0&type=nothing.at_all&wait=40"))
    streams = [Stream(service) for _ in range(4)]
    idle = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(4)]
    until(
        lambda: "coord_waiting_calls 9.0" in service.call("GET", "/metrics").body.decode(),
        10,
        "all to wait",
    )
    workers = service.workers()
    service.kill_master()
    answers = [each.result(10) for each in waiting]
    assert [(answer.status, answer.headers["Retry-After"]) for answer in answers] == [
        (503, "1")
    ] * len(waiting)
    until(lambda: all(stream.ended for stream in streams), 5, "the streams to end")
    until(lambda: all(is_gone(pid) for pid in workers), 15, "the workers to be gone")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", service.port))
    for stream in streams:
        stream.cut()
    for connection in idle:
        connection.close()


def is_gone(pid: int) -> bool:
    """Also when nobody has asked yet how it ended."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"
