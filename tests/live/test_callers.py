"""When a request that comes in pieces is handed to a thread, and in which pieces an answer
goes out."""

import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from coord import web
from coord.live import callers, waiting
from coord.live.callers import (
    MAX_BODY_BYTES,
    MAX_CHUNKED_BYTES,
    MAX_HEAD_BYTES,
    CallerSocket,
    Progress,
    Request,
)
from coord.serving import Worker

POST = b"POST /x HTTP/1.1\r\nHost: h\r\n"


def decided_after(request: bytes) -> tuple[int, Progress] | None:
    """How many bytes of the request are enough, when they come one by one, and for what."""
    collected = Request()
    for at in range(len(request)):
        progress = collected.add(request[at : at + 1])
        if progress not in (Progress.HEAD, Progress.BODY):
            return at + 1, progress
    return None


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        POST + b"Content-Length: 5\r\n\r\n12345",
        POST + b"content-LENGTH:\t5 \r\n\r\n12345",
        POST + b"X: content-length: 9\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip\r\n\r\n",
    ],
    ids=["no body", "a length", "another spelling", "a value like a header", "chunks", "coding"],
)
def test_a_request_is_handed_over_when_it_is_whole(request_: bytes) -> None:
    assert decided_after(request_) == (len(request_), Progress.COMPLETE)


@pytest.mark.parametrize(
    "head",
    [
        POST + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
        POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    ],
    ids=["more than is taken", "asks before it sends", "asks before its chunks"],
)
def test_a_body_that_may_be_refused_is_judged_by_its_head(head: bytes) -> None:
    assert decided_after(head + b"12345") == (len(head), Progress.ASKS)


def test_a_body_that_was_asked_for_is_collected_to_its_end() -> None:
    asked = Request()
    asked.add(POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    asked.accepted = True
    assert asked.add(b"1234") is Progress.BODY
    assert asked.add(b"5") is Progress.COMPLETE


def test_chunks_are_not_whole_before_their_end() -> None:
    assert decided_after(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n") is None


def test_chunks_without_an_end_are_not_collected_for_ever() -> None:
    endless = Request()
    assert endless.add(POST + b"Transfer-Encoding: chunked\r\n\r\n") is Progress.BODY
    assert endless.add(b"x" * (MAX_CHUNKED_BYTES + 1)) is Progress.BODY_TOO_LONG


def test_a_head_without_an_end_is_not_collected_for_ever() -> None:
    endless = Request()
    assert endless.add(b"GET / HTTP/1.1\r\n") is Progress.HEAD
    assert endless.add(b"x" * (MAX_HEAD_BYTES + 1)) is Progress.HEAD_TOO_LONG


def test_no_body_is_collected_that_would_be_refused() -> None:
    assert MAX_BODY_BYTES == web.MAX_BODY_BYTES


HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture
def ends() -> Iterator[tuple[CallerSocket, socket.socket]]:
    """The service's end of a connection, and its caller's."""
    one, other = socket.socketpair()
    with CallerSocket(one.detach()) as own, other:
        own.begin()
        yield own, other


def test_a_head_and_a_body_go_in_one_piece(ends: tuple[CallerSocket, socket.socket]) -> None:
    own, caller = ends
    own.sendall(HEAD)
    with pytest.raises(BlockingIOError):
        caller.recv(100, socket.MSG_DONTWAIT)
    own.sendall(b"body")
    assert caller.recv(100) == HEAD + b"body"
    own.sendall(b"more")
    assert caller.recv(100) == b"more"


def test_a_head_without_a_body_goes_out_at_the_end(
    ends: tuple[CallerSocket, socket.socket],
) -> None:
    own, caller = ends
    own.sendall(HEAD)
    own.flush()
    assert caller.recv(100) == HEAD


def test_a_long_answer_waits_for_its_reader(ends: tuple[CallerSocket, socket.socket]) -> None:
    own, caller = ends
    body = bytes(range(256)) * 16_384
    own.sendall(HEAD)
    sending = threading.Thread(target=own.sendall, args=(body,))
    sending.start()
    received = b""
    while len(received) < len(HEAD) + len(body):
        received += caller.recv(1 << 20)
    sending.join()
    assert received == HEAD + body


def test_who_reads_nothing_of_an_answer_is_given_up(
    ends: tuple[CallerSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _ = ends
    monkeypatch.setattr(callers, "SEND_S", 0.05)
    own.sendall(HEAD)
    with pytest.raises(ConnectionResetError):
        own.sendall(bytes(1 << 24))
    assert not own.sends


def test_what_a_caller_sent_just_before_it_was_dropped_for_another_ends_no_worker() -> None:
    """Both events are of one turn of the loop."""
    worker = Worker.__new__(Worker)
    worker._idle = {}
    ours, theirs = socket.socketpair()
    ours.close()
    theirs.close()
    dropped: Any = Mock(sock=ours)
    worker._collect(dropped)


def test_a_signal_in_the_middle_of_the_same_does_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its handler holds locks, for which a second one would wait for ever."""
    worker = Worker.__new__(Worker)
    worker.alive, worker.method_queue = True, Mock()
    stopped: list[bool] = []

    def stop() -> None:
        stopped.append(worker.alive)
        worker.handle_exit(signal.SIGTERM, None)

    monkeypatch.setattr(waiting, "stop", stop)
    worker.handle_exit(signal.SIGTERM, None)
    assert stopped == [False]
