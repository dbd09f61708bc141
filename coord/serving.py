"""gunicorn's threaded worker, with its own refusals in the contract's shape.

What is not even HTTP never reaches the app: gunicorn answers it, with an HTML page of its own. The
likeliest is a path or query that was not percent-encoded, so the answer says how to do that.
"""

import errno
import json
import logging
import os
import resource
import selectors
import signal
import socket
import time
import uuid
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

from coord import upkeep
from coord.live import callers, waiting
from coord.store import bell

log = logging.getLogger("coord.access")

_TOO_LONG = (
    "The request line is over 8190 bytes. Send the parameters in a JSON body with the same names."
)
_ENCODE = (
    "The request line is not HTTP: path and query must be percent-encoded. With curl: -G"
    " --data-urlencode 'name=value'."
)
_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    errors.InvalidRequestLine: (400, _ENCODE),
    errors.InvalidHTTPVersion: (
        400,
        _ENCODE,
    ),  # a blank in the query: what follows it stands where the version should
    errors.LimitRequestLine: (414, _TOO_LONG),
    errors.LimitRequestHeaders: (431, "The headers are too many, or one is over 8190 bytes."),
    errors.UnsupportedTransferCoding: (501, "Of the transfer codings only chunked is known here."),
    errors.ExpectationFailed: (417, "Of the expectations only 100-continue is known here."),
}
_OTHERWISE = (400, "The request is not HTTP/1.1 as it should be: {}.")


NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
NO_ROOM_PAUSE_S = 0.05
MAX_IDLE = 4000  # connections without a call under way; for one more the quietest is closed
CLOSING_S = 2.0
SWEEP_S = 0.5
DESCRIPTORS = 8192  # what a worker may open, where the system lets it: most systems begin with 1024
KEPT_DESCRIPTORS = 512  # for calls under way and what they open


class Connection(TConn):
    """A caller's connection, with what has arrived of its next request."""

    timeout: float
    parser: Any

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)  # type: ignore[no-untyped-call]
        self.request = callers.Request()

    def hand_over(self) -> None:
        """To the thread that calls this, which reads the rest, if any, from the connection."""
        self.sock.allow(callers.REQUEST_S)
        self.init()  # type: ignore[no-untyped-call]
        self.data_ready = True
        self.parser.unreader.unread(bytes(self.request.data))
        self.request = callers.Request()


class Worker(ThreadWorker):
    """Answers JSON where gunicorn would send a page, and ends all waiting when it is told to stop;
    bugs are left to gunicorn.
    """

    poller: Any
    _is_orphan = False
    _swept_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._busy = 0
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._idle: dict[
            Connection, None
        ] = {}  # between two requests or in one, the one that was quiet longest first
        self._closing: dict[Connection, float] = {}
        self._max_idle = MAX_IDLE

    @property
    def nr_conns(self) -> int:
        """What gunicorn compares with `worker_connections`, and waits for when it stops: calls, not
        connections that are quiet.
        """
        return self._busy + (0 if self.alive else len(self._idle))

    @nr_conns.setter
    def nr_conns(self, count: int) -> None:
        """gunicorn sets it to 0 in the beginning."""

    @classmethod
    def setup(cls) -> None:
        """gunicorn calls this in the master: before the workers are forked, and again at each
        reload.
        """
        bell.share_folder()

    def run(self) -> None:
        """Serves until it is told to stop.

        What comes due without a call starts here: its thread would not survive the fork.
        """
        self._max_idle = min(MAX_IDLE, raise_descriptors() - KEPT_DESCRIPTORS)
        due = upkeep.of(self.wsgi)
        due.start()
        try:
            super().run()  # type: ignore[no-untyped-call]
        finally:
            due.stop()
            if self._is_orphan:
                os._exit(0)  # nobody is left to kill it, should a thread never end

    def is_parent_alive(self) -> bool:
        """Without a master (killed by hand, or when memory is short) nobody would end this process:
        it stops as TERM has it stop.
        """
        if not self._is_orphan and not super().is_parent_alive():  # type: ignore[no-untyped-call]
            self._is_orphan = True
            self.handle_exit(signal.SIGTERM, None)
        return not self._is_orphan

    def accept(self, listener: socket.socket) -> None:
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in NO_ROOM:
                self._make_room(error)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        if len(self._idle) >= self._max_idle:
            self._drop_the_quietest()
        sock = callers.CallerSocket(fileno=accepted.detach())
        self._await_request(Connection(self.cfg, sock, address, listener.getsockname()))

    def _make_room(self, error: OSError) -> None:
        """For the next try, which the loop makes at once."""
        log.warning("no connection can be accepted: %s", error)
        if self._idle:
            self._drop_the_quietest()
        else:
            time.sleep(NO_ROOM_PAUSE_S)  # or the loop would spin; calls under way go on

    def _drop_the_quietest(self) -> None:
        self._drop(next(iter(self._idle)))

    def _await_request(self, conn: "Connection") -> None:
        """Without a thread, until all of it is there."""
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self._idle[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda _: self._collect(conn))

    def _collect(self, conn: "Connection") -> None:
        if not conn.request.data:
            conn.timeout = time.monotonic() + callers.REQUEST_S
        try:
            chunk = conn.sock.collect()
        except OSError:
            self._drop(conn)
            return
        if chunk is None:
            return
        if chunk == b"" and not conn.request.data:
            self._drop(conn)
        elif chunk == b"" or conn.request.add(
            chunk
        ):  # one that broke off gets its answer too: its caller may only have stopped sending
            self._forget(conn)
            self._busy += 1
            self.enqueue_req(conn)  # type: ignore[no-untyped-call]

    def _forget(self, conn: "Connection") -> None:
        self._idle.pop(conn, None)
        self.poller.unregister(conn.sock)

    def _drop(self, conn: "Connection") -> None:
        self._forget(conn)
        conn.close()  # type: ignore[no-untyped-call]

    def handle(self, conn: "Connection") -> Any:
        conn.hand_over()
        return super().handle(conn)  # type: ignore[no-untyped-call]

    def finish_request(self, conn: "Connection", fs: "Future[Any]") -> None:
        self._busy -= 1
        try:
            keep = not fs.cancelled() and fs.exception() is None and bool(fs.result())
            if not keep:
                self._close_soon(conn)
            elif conn.parser.unreader.buf.getvalue():  # the next request came with this one
                self._busy += 1
                self.enqueue_req(conn)  # type: ignore[no-untyped-call]
            else:
                self._await_request(conn)
        except OSError:
            conn.close()  # type: ignore[no-untyped-call]

    def _close_soon(self, conn: "Connection") -> None:
        """A caller that is still sending would lose the answer to a reset. gunicorn would wait here
        for 2 s, and all others with it.
        """
        conn.sock.setblocking(False)
        conn.sock.shutdown(socket.SHUT_WR)
        self._closing[conn] = time.monotonic() + CLOSING_S
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda _: self._hear_out(conn))

    def _hear_out(self, conn: "Connection") -> None:
        try:
            ended = conn.sock.collect() == b""
        except OSError:
            ended = True
        if ended:
            self._closing.pop(conn, None)
            self.poller.unregister(conn.sock)
            conn.close()  # type: ignore[no-untyped-call]

    def murder_keepalived(self, force: bool = False) -> None:
        now = time.monotonic()
        if now - self._swept_at < SWEEP_S and not force:
            return
        self._swept_at = now
        for conn in [each for each in self._idle if force or each.timeout <= now]:
            self._drop(conn)
        for conn in [each for each, until in self._closing.items() if force or until <= now]:
            del self._closing[conn]
            self.poller.unregister(conn.sock)
            conn.close()  # type: ignore[no-untyped-call]

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in self._idle:
            conn.timeout = min(conn.timeout, deadline)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        super().handle_exit(sig, frame)  # type: ignore[no-untyped-call]
        waiting.stop()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        if not isinstance(exc, errors.ParseException) or isinstance(
            exc, errors.ConfigurationProblem
        ):
            super().handle_error(req, client, addr, exc)  # type: ignore[no-untyped-call]
            return
        status, detail = next(
            (found for kind, found in _REFUSALS.items() if isinstance(exc, kind)), _OTHERWISE
        )
        request_id = uuid.uuid4().hex
        # The log names the kind only: the text of the error may hold a header, and that the token.
        peer = addr[0] if addr else None
        log.info(
            "refused",
            extra={
                "status": status,
                "reason": type(exc).__name__,
                "peer": peer,
                "request_id": request_id,
            },
        )
        try:
            client.setblocking(False)
            client.send(answer(status, detail.format(type(exc).__name__), request_id))
        except OSError:
            log.debug("nobody was there to hear the refusal", exc_info=True)


def raise_descriptors() -> int:
    """Asks the system for more; how many this process may open now."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(DESCRIPTORS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted


def answer(status: int, detail: str, request_id: str) -> bytes:
    """The whole answer, after which the connection is closed."""
    phrase = HTTPStatus(status).phrase
    body = (
        json.dumps({"detail": detail, "error": phrase.lower().replace(" ", "_").replace("-", "_")})
        + "\n"
    )
    head = [
        f"HTTP/1.1 {status} {phrase}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body.encode())}",
        "X-Content-Type-Options: nosniff",
        f"X-Request-Id: {request_id}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
