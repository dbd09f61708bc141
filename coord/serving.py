"""gunicorn's threaded worker, with its own refusals in the contract's shape.

What is not even HTTP never reaches the app: gunicorn answers it, with an HTML page of its own. The
likeliest is a path or query that was not percent-encoded, so the answer says how to do that.
"""

import errno
import heapq
import logging
import os
import selectors
import signal
import socket
import time
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.http import errors
from gunicorn.workers import base
from gunicorn.workers.gthread import ThreadWorker

from coord import metric_files, upkeep
from coord.live import (
    Connection,
    Peer,
    Peers,
    Progress,
    Pulse,
    Threads,
    callers,
    spawning,
    tuning,
    waiting,
)
from coord.store import bell
from coord.web import GIVE_WAY, access, refusals

access_log = logging.getLogger("coord.access")

NO_ROOM_PAUSE_S = 0.05
MAX_IDLE = 4000  # connections without a call under way; for one more the quietest is closed
CLOSING_S = 5.0
MAX_REFUSED = 64  # connections past its share from which a peer is told so; others just end
SWEEP_S = 0.5
QUEUE_S = 0.01  # a third of the time after which a call is seen to wait
MAX_JUDGED = 20  # late bodies in one sweep: a thousand at once would be a flood of calls
KEPT_DESCRIPTORS = 512  # for calls under way and what they open

# gunicorn makes one for each worker, in the master
base.WorkerTmp = Pulse  # type: ignore[attr-defined]  # imported there, and not exported
# what its master does when the system has nothing left
Arbiter.spawn_worker = spawning.or_later(Arbiter.spawn_worker)  # type: ignore[method-assign]  # no hook
Arbiter.reload = spawning.or_not_at_all(Arbiter.reload)  # type: ignore[method-assign]  # no hook


class Worker(ThreadWorker):
    """Answers JSON where gunicorn would send a page, and ends all waiting when it is told to stop;
    bugs are left to gunicorn.
    """

    poller: Any
    tpool: Any
    _proxies: tuple[Any, ...]
    _peers: Peers
    _is_orphan = _is_stopping = False
    _swept_at = _notified_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._busy = 0
        super().__init__(*args, **kwargs)
        # between two requests or in one, the one that was quiet longest first
        self._idle: dict[Connection, None] = {}
        self._closing: dict[Connection, float] = {}
        self._resting: list[tuple[float, int, Connection]] = []  # a heap, by when they go on
        self._queued: set[Peer] = set()
        self._max_idle = MAX_IDLE

    @property
    def nr_conns(self) -> int:
        """Calls, not quiet connections: what gunicorn limits, and waits for when it stops."""
        return self._busy + (0 if self.alive else len(self._idle))

    @nr_conns.setter
    def nr_conns(self, count: int) -> None:
        """gunicorn sets it to 0 in the beginning."""

    @classmethod
    def setup(cls) -> None:
        """gunicorn calls this in the master: before workers are forked, and at each reload."""
        bell.share_folder()

    def init_process(self) -> None:
        spawning.run_or_leave(super().init_process)

    def run(self) -> None:
        """Serves until it is told to stop.

        What comes due without a call starts here: its thread would not survive the fork.
        """
        self._max_idle = min(MAX_IDLE, tuning.raise_descriptors() - KEPT_DESCRIPTORS)
        tuning.collect_less()
        tuning.return_long_blocks()
        # gunicorn asks some thirty of its settings for each call, and looks each up in three steps
        vars(self.cfg).update({name: each.get() for name, each in self.cfg.settings.items()})
        config = self.wsgi.config
        self._proxies = config["TRUSTED_PROXIES"]
        self._peers = Peers(config["PEER_CONNECTIONS"], config["PEER_CALLS"], config["THREADS"])
        metric_files.add_up_ended()
        self.wsgi.extensions[GIVE_WAY] = self._peers.pace.give_way
        due = upkeep.of(self.wsgi)
        due.start()
        try:
            super().run()
        finally:
            due.stop()
            if self._is_orphan:
                os._exit(0)  # nobody is left to kill it, should a thread never end

    def get_thread_pool(self) -> Threads[Connection]:
        def notify() -> None:
            self.method_queue.defer(self._finish)

        return Threads(self.cfg.threads, self.handle, notify)

    def notify(self) -> None:
        """The loop does so at each turn, of which a call takes two."""
        now = time.monotonic()
        if now - self._notified_at > SWEEP_S:
            self._notified_at = now
            super().notify()

    def is_parent_alive(self) -> bool:
        """Without a master (killed by hand, or when memory is short) nobody would end this process:
        it stops as TERM has it stop.
        """
        if not self._is_orphan and not super().is_parent_alive():
            self._is_orphan = True
            self.handle_exit(signal.SIGTERM, None)
        return not self._is_orphan

    def accept(self, listener: socket.socket) -> None:
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in spawning.NO_ROOM:
                self._make_room(error)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        if len(self._idle) >= self._max_idle:
            self._drop_the_quietest()
        name = address[0] if isinstance(address, tuple) else ""
        is_limited = bool(name) and not access.is_trusted_proxy(name, self._proxies)
        peer = self._peers.connect(name, is_limited=is_limited)
        sock = callers.CallerSocket(accepted.detach())
        conn = Connection(self._peers, peer, self.cfg, sock, address, listener.getsockname())
        if peer.excess > 0 and peer.idle:
            self._drop(next(iter(peer.idle)))
        if peer.excess <= 0:
            if read_at := peer.begin_reading():
                heapq.heappush(self._resting, (read_at, id(conn), conn))
            else:
                self._await_request(conn)
        elif peer.excess <= MAX_REFUSED:
            self._refuse(conn, 429, "too_many", refusals.TOO_MANY_CONNECTIONS)
        else:
            conn.close()

    def _make_room(self, error: OSError) -> None:
        """For the next try, which the loop makes at once."""
        access_log.warning("no connection can be accepted: %s", error)
        if self._idle:
            self._drop_the_quietest()
        else:
            time.sleep(NO_ROOM_PAUSE_S)  # or the loop would spin; calls under way go on

    def _drop_the_quietest(self) -> None:
        self._drop(next(iter(self._idle)))

    def _await_request(self, conn: Connection) -> None:
        """Without a thread, until all of it is there."""
        seconds = callers.REQUEST_S if conn.request.data else self.cfg.keepalive
        conn.timeout = time.monotonic() + seconds
        if conn.request.progress is Progress.BODY:
            conn.judged_at = time.monotonic() + callers.JUDGED_AFTER_S
        self._listen(conn)

    def _listen(self, conn: Connection) -> None:
        self._idle[conn] = conn.peer.idle[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda _: self._collect(conn))

    def _collect(self, conn: Connection) -> None:
        if conn not in self._idle:  # another event of the same turn has closed it, to make room
            return
        try:
            chunk = conn.sock.collect()
        except OSError:
            self._drop(conn)
            return
        if chunk is None:
            return
        if chunk == b"" and not conn.request.data:
            self._drop(conn)
            return
        if not conn.request.data:
            conn.timeout = time.monotonic() + callers.REQUEST_S
        progress = conn.add(chunk)
        if not conn.peer.may_send:
            self._forget(conn)
            self._refuse(conn, 429, "too_many", refusals.TOO_MUCH_AT_ONCE)
        elif chunk == b"":  # its caller may only have stopped sending, and gets an answer
            conn.sock.ended = True
            self._forget(conn)
            self._run(conn)
        elif progress not in (Progress.HEAD, Progress.BODY):
            self._forget(conn)
            self._go_on(conn, progress)
        elif progress is Progress.BODY and not conn.request.accepted:
            conn.judged_at = min(conn.judged_at, time.monotonic() + callers.JUDGED_AFTER_S)

    def _go_on(self, conn: Connection, progress: Progress) -> None:
        """With a request that is there, or that is not collected any further."""
        if progress in (Progress.COMPLETE, Progress.ASKS):
            self._run(conn)
        else:
            self._refuse(conn, *refusals.of_unread(progress.name, conn.request.data))

    def _run(self, conn: Connection) -> None:
        """In a thread, at once or when it is the turn of its peer's next call."""
        self._peers.queue(conn)
        self._run_next(conn.peer)

    def enqueue_req(self, conn: Connection) -> None:
        self.tpool.submit(conn, self._busy)
        if self.tpool.is_short:
            self.wsgi.extensions["coord.watcher"].make_room(self.tpool.started)

    def _finish(self) -> None:
        for conn, outcome in self.tpool.finished():
            self.finish_request(conn, outcome)

    def _run_next(self, peer: Peer) -> None:
        while peer.queue and self._peers.may_run(peer):
            conn = peer.queue.popleft()
            self._peers.begin(conn)
            self._busy += 1
            self.enqueue_req(conn)
        if peer.queue:
            self._queued.add(peer)
        else:
            self._queued.discard(peer)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """A call that has begun to wait makes room for the next without a word; those first that
        have used least.
        """
        if self._queued or self._resting:
            timeout = QUEUE_S
        super().wait_for_and_dispatch_events(timeout)
        now = time.monotonic()
        while self._resting and self._resting[0][0] <= now:
            self._begin_anew(heapq.heappop(self._resting)[2])
        for peer in sorted(self._queued, key=lambda peer: peer.used_until):
            self._run_next(peer)

    def _forget(self, conn: Connection) -> None:
        self._idle.pop(conn, None)
        conn.peer.idle.pop(conn, None)
        self.poller.unregister(conn.sock)

    def _drop(self, conn: Connection) -> None:
        self._forget(conn)
        conn.close()

    def handle(self, conn: Connection) -> bool:
        meter = conn.hand_over()
        try:
            may_go_on = bool(super().handle(conn))
            conn.sock.flush()
        except OSError:  # the caller is gone
            return False
        finally:
            meter.stop()
        return may_go_on

    def handle_request(self, req: Any, conn: Connection) -> bool:
        req._expected_100_continue = False  # it is told so once its head has been judged
        if conn.request.progress is not Progress.COMPLETE:
            req.force_close()
        return bool(super().handle_request(req, conn))

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> bool:
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except callers.BodyAwaited:  # nobody wanted the rest
            return False

    def finish_request(self, conn: Connection, outcome: bool | BaseException) -> None:
        self._busy -= 1
        self._peers.end(conn)
        is_refused = conn.sock.is_refused and conn.peer.is_limited
        if is_refused:
            conn.peer.note_refused()
        try:
            if isinstance(outcome, callers.BodyAwaited) and not conn.sock.has_begun:
                self._collect_on(conn)
            elif outcome is not True:
                self._close_soon(conn)
            elif is_refused:
                heapq.heappush(self._resting, (conn.peer.refused_until, id(conn), conn))
            else:
                self._begin_anew(conn)
        except OSError:
            conn.close()

    def _begin_anew(self, conn: Connection) -> None:
        if (progress := conn.begin_anew()) in (Progress.HEAD, Progress.BODY):
            self._await_request(conn)
        else:
            self._go_on(conn, progress)

    def _collect_on(self, conn: Connection) -> None:
        """A request that is wanted, until the rest of it is there."""
        if conn.accept_request():
            conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        progress = conn.add(b"")
        if progress in (Progress.HEAD, Progress.BODY, Progress.COMPLETE):
            self._listen(conn)
        else:
            self._go_on(conn, progress)

    def _close_soon(self, conn: Connection) -> None:
        """A caller that is still sending would lose the answer to a reset. gunicorn would wait here
        for 2 s, and all others with it.
        """
        conn.sock.shutdown(socket.SHUT_WR)
        conn.forget_request()
        self._closing[conn] = time.monotonic() + CLOSING_S
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda _: self._drain(conn))

    def _drain(self, conn: Connection) -> None:
        try:
            ended = conn.sock.collect() == b""
        except OSError:
            ended = True
        if ended:
            self._closing.pop(conn, None)
            self.poller.unregister(conn.sock)
            conn.close()

    def murder_keepalived(self, force: bool = False) -> None:
        now = time.monotonic()
        if now - self._swept_at < SWEEP_S and not force:
            return
        self._swept_at = now
        self._finish()  # what nobody could be notified of
        for conn in [conn for conn in self._idle if force or conn.timeout <= now]:
            self._drop(conn)
        late = [conn for conn in self._idle if conn.judged_at <= now]
        for conn in late[:MAX_JUDGED]:
            self._forget(conn)
            self._run(conn)
        if force:
            for *_, conn in self._resting:
                conn.close()
        self._peers.forget_gone()
        for conn in [conn for conn, until in self._closing.items() if force or until <= now]:
            del self._closing[conn]
            self.poller.unregister(conn.sock)
            conn.close()

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in self._idle:
            conn.timeout = min(conn.timeout, deadline)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        if not self._is_stopping:  # a second signal may meet this where it holds a lock
            self._is_stopping = True
            super().handle_exit(sig, frame)
            waiting.stop()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        if not isinstance(exc, errors.ParseException) or isinstance(
            exc, errors.ConfigurationProblem
        ):
            super().handle_error(req, client, addr, exc)
            return
        status, detail = refusals.of(exc)
        refusals.send(client, addr, status, refusals.code_of(status), detail)

    def _refuse(self, conn: Connection, status: int, code: str, detail: str) -> None:
        """Without the app."""
        if status == 429:
            conn.peer.note_refused()
        refusals.send(conn.sock, conn.client, status, code, detail)
        try:
            self._close_soon(conn)
        except OSError:
            conn.close()
