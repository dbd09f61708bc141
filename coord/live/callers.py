"""Callers that send or read slowly: a thread is for calls that are there, and nobody holds one for
ever.

A request is collected by the worker's one loop, without a thread, and handed over when it is whole.
A thread never waits for a caller's bytes: what a request lacks when the app asks for it is
collected first, and the call begins anew. So what can be refused by its head alone is refused
before its body is there. Every part of an answer has a time in which the caller must take it.
"""

import enum
import errno
import re
import select
import socket
import time
from collections.abc import Mapping
from typing import Any

REQUEST_S = 10.0  # for a request to arrive, from its first byte on
JUDGED_AFTER_S = 0.25  # a body that takes longer is worth asking first whether it is wanted
REFUSED_PAUSE_S = 1.0  # nothing is read from a caller for so long after a 429
REFUSED_PACE_S = 0.02  # between two new connections of its peer that are read meanwhile
SEND_S = 20.0  # for a part of an answer: 64 KB/s for the longest
MAX_BODY_BYTES = 1024 * 1024  # as coord.web has it: a longer one is refused uncollected
MAX_CHUNKED_BYTES = 2 * MAX_BODY_BYTES  # with what announces the chunks
MAX_HEAD_BYTES = 64 * 1024

_STATUS_FROM = len(b"HTTP/1.1 ")
_TLS = b"\x16"  # the first byte of its first record
_END_OF_HEAD = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_BODY = re.compile(
    rb"\r\n(?:content-length:[ \t]*([0-9]{1,10})[ \t]*(?=\r\n)|(transfer-encoding:[ \t]*chunked["
    rb" \t]*(?=\r\n))|(expect:)|(transfer-encoding:))",
    re.IGNORECASE,
)


class BodyAwaited(BaseException):
    """The app asks for a part of the request that is not there yet.

    Not an Exception: nothing on the way to the worker may answer it.
    """


class CallerSocket(socket.socket):
    """A connection that a caller has made, from which only the worker's loop reads.

    To the system it is never blocking, whatever gunicorn wants of it: each change of that, and
    each wait for room that is there, is one more system call, at which other threads take over.
    """

    ended = False  # the caller sends no more
    sends = False  # an answer, at the moment
    is_refused = False  # for now: the last answer was 429
    has_begun = False  # to answer
    waits = False  # its call, by its caller's wish
    queued_at: float | None = None  # its call, for a thread
    was_asked = False  # whether it is still there, in the call under way
    _head = b""  # of the answer, which goes with the first part of its body

    def __init__(self, descriptor: int) -> None:
        super().__init__(fileno=descriptor)
        super().setblocking(False)

    def setblocking(self, flag: bool) -> None:
        pass

    def settimeout(self, value: float | None) -> None:
        pass

    def gettimeout(self) -> float:
        return SEND_S

    def collect(self) -> bytes | None:
        """What is there now, without waiting; empty at the end. None: nothing yet."""
        try:
            return super().recv(64 * 1024)
        except (BlockingIOError, InterruptedError):
            return None

    def recv(self, *size: Any) -> bytes:
        if self.ended:
            return b""
        raise BodyAwaited

    def begin(self) -> None:
        """What is sent from now on answers the next request."""
        self.is_refused = self.has_begun = self.was_asked = False
        self._head = b""

    def sendall(self, data: Any, *flags: int) -> None:
        """A part of the answer; the first, its head, goes with the next."""
        if not self.has_begun:
            self.is_refused = data[_STATUS_FROM:].startswith(b"429")
            self.has_begun, self._head = True, data
            return
        if self._head:
            data, self._head = self._head + data, b""
        self._send(data)

    def flush(self) -> None:
        """Sends a head that nothing followed."""
        if self._head:
            head, self._head = self._head, b""
            self._send(head)

    def sendfile(self, *file: Any, **part: Any) -> int:
        self.flush()
        return super().sendfile(*file, **part)

    def _send(self, data: bytes) -> None:
        self.sends = True
        try:
            sent = self._send_now(data)
            if sent < len(data):
                self._send_in_time(memoryview(data)[sent:])
        finally:
            self.sends = False

    def _send_now(self, data: Any) -> int:
        """How much of it had room."""
        try:
            return self.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    def _send_in_time(self, unsent: memoryview) -> None:
        until = time.monotonic() + SEND_S
        poll = select.poll()
        poll.register(self, select.POLLOUT)
        while unsent:
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                # as if the caller had hung up, which is what it amounts to
                raise ConnectionResetError(errno.ECONNRESET, "the caller did not read the answer")
            unsent = unsent[self._send_now(unsent) :]


def seconds_in_line(environ: Mapping[str, Any]) -> float:
    """What the call that begins has waited for a thread."""
    queued_at = getattr(environ.get("gunicorn.socket"), "queued_at", None)
    return 0.0 if queued_at is None else time.monotonic() - float(queued_at)


class Progress(enum.Enum):
    """How far a request has come."""

    HEAD = enum.auto()  # its head is not complete
    BODY = enum.auto()  # its head is there, and tells what else is to come
    # the same, and it is to be judged first: the caller waits for that, or would send more than is
    # taken
    ASKS = enum.auto()
    COMPLETE = enum.auto()
    TLS = enum.auto()  # no HTTP, but the beginning of https
    HEAD_TOO_LONG = enum.auto()
    BODY_TOO_LONG = enum.auto()


class Request:
    """A request as it comes in. `data`: what is there of it.

    `accepted`: by its head it is to be answered, once it is whole. `asks_to_go_on`: its caller
    waits for `100 Continue`.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.progress = Progress.HEAD
        self.accepted = False
        self.asks_to_go_on = False
        self._to_be_judged = False
        self._head_bytes = 0
        self._wanted = 0  # bytes in all, once the head is there
        self._max_bytes = 0
        self._ends_with = b""

    def add(self, chunk: bytes) -> Progress:
        begin = max(0, len(self.data) - len(_END_OF_HEAD) + 1)
        self.data += chunk
        if not self._wanted:
            end = self.data.find(_END_OF_HEAD, begin)
            if end >= 0:
                self._read_head(end)
        self.progress = self._progress()
        return self.progress

    def to_hand_over(self, *, ended: bool) -> bytes:
        """All of it, or of one that is only to be judged, its head."""
        is_all = ended or self.progress is Progress.COMPLETE
        return bytes(self.data if is_all else self.data[: self._head_bytes])

    def _progress(self) -> Progress:
        size = len(self.data)
        if self.data[:1] == _TLS:
            return Progress.TLS
        if not self._wanted:
            return Progress.HEAD_TOO_LONG if size > MAX_HEAD_BYTES else Progress.HEAD
        is_announced_too_long = self._wanted > self._max_bytes
        is_there = size >= self._wanted and self.data.endswith(self._ends_with)
        if is_there and not is_announced_too_long:
            return Progress.COMPLETE
        if self._to_be_judged and not self.accepted:
            return Progress.ASKS
        if is_announced_too_long:
            return Progress.BODY_TOO_LONG
        is_too_long = self._ends_with and size > self._max_bytes
        return Progress.BODY_TOO_LONG if is_too_long else Progress.BODY

    def _read_head(self, end: int) -> None:
        """What else is to come."""
        head = self._head_bytes = end + len(_END_OF_HEAD)
        length, max_length = 0, MAX_BODY_BYTES
        for length_sent, chunked, expect, coding in (
            match.groups() for match in _BODY.finditer(self.data, 0, end + 2)
        ):
            if length_sent:
                length = int(length_sent)
            elif chunked:  # what follows the last chunk ends like it
                self._ends_with, length = _END_OF_HEAD, len(_LAST_CHUNK)
                max_length = MAX_CHUNKED_BYTES
            elif expect:
                self.asks_to_go_on = self._to_be_judged = True
            elif coding:
                self._to_be_judged = True
        self._wanted, self._max_bytes = head + length, head + max_length
        self._to_be_judged |= self._wanted > self._max_bytes
