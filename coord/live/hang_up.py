"""Whether the caller of a call is still there."""

import select
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from coord.live.callers import CallerSocket

# An interim answer, which every client of HTTP/1.1 passes over: whether it arrives tells a caller
# that has closed its side of the connection from one that is gone.
STILL_HERE = b"HTTP/1.1 100 Continue\r\n\r\n"
RESETS_WITHIN_MS = 100  # the system of a caller that is gone, after that was sent
# Linux has it; its first byte is the state (include/net/tcp_states.h)
_TCP_INFO: int | None = getattr(socket, "TCP_INFO", None)
_CLOSED, _CLOSE_WAIT = 7, 8


class ClientHungUp(Exception):
    """The caller is no longer there, so nobody waits for the answer."""


def check_there(environ: Mapping[str, Any]) -> None:
    """Raises ClientHungUp when the caller is gone, so that nothing more is begun for its call: it
    has given up, and may have made the call elsewhere, and others after it. A worker that was
    stopped finds such calls when it goes on. (To ask for an option is the one system call here at
    which Python lets no other thread in.)
    """
    connection = environ.get("gunicorn.socket")
    if not isinstance(connection, CallerSocket) or connection.has_begun:
        return
    state = _state_of(connection)
    if state == _CLOSED or (state == _CLOSE_WAIT and _is_reset(connection, environ)):
        raise ClientHungUp


def _state_of(connection: socket.socket) -> int | None:
    """None where it has none, as a socket file, or where the system does not tell it."""
    if _TCP_INFO is None:
        return None
    try:
        return connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0]
    except OSError:
        return None


def _is_reset(connection: Any, environ: Mapping[str, Any]) -> bool:
    """Whether one that has closed its side is gone, and not only has said all that it had to."""
    if environ.get("SERVER_PROTOCOL") != "HTTP/1.1" or connection.was_asked:
        return False
    connection.was_asked = True
    try:
        connection.send(STILL_HERE, socket.MSG_DONTWAIT)
    except OSError:
        return True
    poll = select.poll()
    poll.register(connection, 0)  # errors are reported whether they are asked for or not
    return bool(poll.poll(RESETS_WITHIN_MS))


class Caller:
    """The other end of a waiting call's connection.

    One that has closed its side may be gone, or have said all that it had to say (`nc -N`): TCP
    tells the two apart only once something is sent to it. `streams`: the answer has begun, so its
    writer does that; `answers_interim`: it may be sent STILL_HERE.
    """

    def __init__(
        self,
        connection: socket.socket | None,
        *,
        streams: bool,
        answers_interim: bool,
        peer: str,
        session: str,
    ) -> None:
        self.connection = connection
        self.peer = peer
        self.session = session
        self.streams = streams
        self._answers_interim = answers_interim
        self._is_gone = False
        self._has_closed = False
        self._was_asked = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """For the worker's loop: meanwhile its call computes nothing."""
        if not isinstance(self.connection, CallerSocket):
            yield
            return
        self.connection.waits = True
        try:
            yield
        finally:
            self.connection.waits = False

    def note_closed(self) -> bool:
        """In the watcher's thread. Whether it has closed its side only, as far as is known yet."""
        self._is_gone |= self._has_closed
        self._has_closed = True
        return not self._is_gone

    def has_closed(self) -> bool:
        """Whether it has closed its side, or is gone: in any thread."""
        try:
            return self._has_closed or self._reports("POLLRDHUP")
        except ValueError:  # its call is over, and its socket closed
            return True

    def check(self) -> bool:
        """Whether the writer of a stream is to write something now. Raises ClientHungUp."""
        must_write = False
        if self.connection is not None and not self._was_asked and self._reports("POLLRDHUP"):
            self._was_asked, must_write = True, self.streams
            if not (self.streams or self._send(self.connection)):
                raise ClientHungUp
        if self._is_gone or self._reports("POLLERR"):
            raise ClientHungUp
        return must_write

    def _send(self, connection: socket.socket) -> bool:
        if isinstance(connection, CallerSocket):
            if connection.was_asked:
                return True
            connection.was_asked = True
        try:
            return self._answers_interim and bool(connection.send(STILL_HERE, socket.MSG_DONTWAIT))
        except OSError:
            return False

    def _reports(self, condition: str) -> bool:
        """POLLERR and POLLHUP are reported whether they are asked for or not."""
        if self.connection is None:
            return False
        poll = select.poll()
        poll.register(self.connection, getattr(select, condition, 0))
        return bool(poll.poll(0))
