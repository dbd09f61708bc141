"""Callers that send or read slowly: a thread is for calls that are there, and nobody holds one for
ever.

A request is collected by the worker's one loop, without a thread, and handed over when it is whole.
What cannot be collected (a body that is too long, or that comes in chunks) is read by the thread,
and every answer is sent by it, within a time for the whole of it.
"""

import errno
import re
import socket
import time
from typing import Any

# for a request to arrive, from its first byte on; and for what is left of it, once a thread reads
REQUEST_S = 10.0
SEND_S = 20.0  # for a part of an answer: 64 KB/s for the longest
MAX_BODY_BYTES = 1024 * 1024  # a longer one is refused without being collected
MAX_HEAD_BYTES = 64 * 1024

_END_OF_HEAD = b"\r\n\r\n"
_BODY = re.compile(
    rb"\r\n(?:content-length:[ \t]*([0-9]{1,10})[ \t]*(?=\r\n)|(transfer-encoding:[ \t]*chunked["
    rb" \t]*(?=\r\n))|(expect:|transfer-encoding:))",
    re.IGNORECASE,
)


class CallerSocket(socket.socket):
    """A connection that a caller has made.

    Reading and sending have an end, however the caller drips.
    """

    _read_until = 0.0

    def allow(self, seconds: float) -> None:
        """What is read by a thread from now on must be there within so many seconds."""
        self._read_until = time.monotonic() + seconds

    def collect(self) -> bytes | None:
        """What is there now, without waiting; empty at the end. None: nothing yet."""
        try:
            return super().recv(64 * 1024, socket.MSG_DONTWAIT)
        except (BlockingIOError, InterruptedError):
            return None

    def recv(self, *size: Any) -> bytes:
        left = self._read_until - time.monotonic()
        if left <= 0:
            raise _given_up("sent too slowly")
        self.settimeout(left)
        try:
            return super().recv(*size)
        except TimeoutError:
            raise _given_up("sent too slowly") from None

    def sendall(self, *data: Any) -> None:
        if self.gettimeout() != SEND_S:  # a system call less for each further part
            self.settimeout(SEND_S)
        try:
            super().sendall(*data)
        except TimeoutError:
            raise _given_up("did not read the answer") from None


def _given_up(why: str) -> OSError:
    """As if the caller had hung up, which is what it amounts to."""
    return ConnectionResetError(errno.ECONNRESET, f"the caller {why}")


class Request:
    """A request as it comes in. `data`: what is there of it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._wanted: int | None = None  # bytes in all, once the head is there
        self._ends_with = b""

    def add(self, chunk: bytes) -> bool:
        """Whether a thread can go on with it: nothing is missing, or what is missing is not to be
        collected.
        """
        begin = max(0, len(self.data) - len(_END_OF_HEAD) + 1)
        self.data += chunk
        if self._wanted is None:
            end = self.data.find(_END_OF_HEAD, begin)
            if end < 0:
                return len(self.data) > MAX_HEAD_BYTES
            self._judge(end)
        return len(self.data) >= (self._wanted or 0) and self.data.endswith(self._ends_with)

    def _judge(self, end: int) -> None:
        """What else is to come, by the head."""
        self._wanted = end + len(_END_OF_HEAD)
        length = 0
        for found in _BODY.finditer(self.data, 0, end + 2):
            if found[3]:
                return  # it waits to be told to go on, or will be refused
            if found[2]:
                self._ends_with, length = (
                    _END_OF_HEAD,
                    len(b"0\r\n\r\n"),
                )  # the last chunk, or what follows it
            else:
                length = int(found[1])
        if length <= MAX_BODY_BYTES:
            self._wanted += length
