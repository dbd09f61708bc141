"""Log lines on standard output, without ever waiting for whoever reads them.

A pipe holds 64 KB. When nobody reads it any more (a stuck log shipper), a write waits for ever,
with the lock of all logging held: after some 250 calls the whole worker would stand still. So what
finds no room is left out, and a later line says how many there were.
"""

import logging
import os
import select
import socket
import stat
from collections.abc import Callable
from typing import Any, TextIO

from gunicorn import glogging

Write = Callable[[bytes], int]


class Output(logging.StreamHandler[TextIO]):
    """Writes to a pipe or a socket only what has room there; to files and terminals as ever."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._write = _never_waiting(stream)
        self._unwritten = b""  # of a line that found room for a part
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        if self._write is None:
            super().emit(record)
            return
        try:
            if self._lost and self._send(self._write, self._loss(record)):
                self._lost = 0
            if self._lost or not self._send(self._write, self._line(record)):
                self._lost += 1
        except Exception:
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> bytes:
        return (self.format(record) + self.terminator).encode(errors="backslashreplace")

    def _loss(self, record: logging.LogRecord) -> bytes:
        text = f"{self._lost} log lines were lost: nobody read them"
        return self._line(
            logging.LogRecord(
                __name__, logging.WARNING, record.pathname, record.lineno, text, None, None
            )
        )

    def _send(self, write: Write, line: bytes) -> bool:
        """Whether the line was begun: what of it found no room goes before the next."""
        begun = len(self._unwritten)
        data = self._unwritten + line
        try:
            written = write(data)
        except BlockingIOError:
            written = 0
        if written > begun:
            self._unwritten = data[written:]
            return True
        self._unwritten = self._unwritten[written:]
        return False


class Logger(glogging.Logger):
    """gunicorn's own log on standard error, which waits for its reader as little as coord's."""

    def _set_handler(self, log: logging.Logger, *output: Any, **stream: Any) -> None:
        super()._set_handler(log, *output, **stream)
        for handler in log.handlers[:]:
            if type(handler) is logging.StreamHandler:
                unwaiting: Any = Output(handler.stream)
                unwaiting.setFormatter(handler.formatter)
                unwaiting._gunicorn = True  # by which gunicorn finds it at a reload
                log.handlers[log.handlers.index(handler)] = unwaiting


def _never_waiting(stream: TextIO) -> Write | None:
    """Writes as much as has room and raises BlockingIOError when there is none; None where a write
    does not wait for a reader.
    """
    try:
        descriptor = stream.fileno()
        kind = os.fstat(descriptor).st_mode
    except (OSError, ValueError):
        return None  # a stream that is none of the system's
    if stat.S_ISSOCK(kind):  # the journal of systemd
        sender = socket.socket(fileno=os.dup(descriptor))
        return lambda data: sender.send(data, socket.MSG_DONTWAIT)
    if not stat.S_ISFIFO(kind):
        return None
    # O_NONBLOCK belongs to who opened it: set on the one that we were given, it would be set for
    # the shell as well
    try:
        own = os.open(f"/dev/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # another user made the pipe, as with Docker
        return lambda data: _write_if_room(descriptor, data)
    return lambda data: os.write(own, data)


def _write_if_room(descriptor: int, data: bytes) -> int:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    if not poll.poll(0):
        raise BlockingIOError
    return os.write(descriptor, data[: select.PIPE_BUF])
