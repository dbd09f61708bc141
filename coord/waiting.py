"""How a call waits for a change: no transaction, no connection and no polling of its own.

One thread per process, the watcher, follows the journal while calls wait there. It wakes those that a new entry concerns, sees who hangs
up, and ends all waiting when the worker stops or the database is away. It reads when the bell rings (a commit on this node) and every
POLL_S besides (commits of other nodes). Whoever waits looks before and after: subscribe first, then look, then wait.
"""

import logging
import math
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app, request
from prometheus_client import Gauge

from coord import bell, journal, processes
from coord.bell import Ears
from coord.change import Look, read
from coord.errors import Stopping

log = logging.getLogger(__name__)

POLL_S = 0.02  # what another node has committed is seen this much later
LINGER_S = 10.0  # the watcher stays, at rest, when nobody waits for a while: in a busy time the next is about to
SHARE = 0.8  # of the threads may wait; the others keep serving
ENTRIES = 500  # read at once
LONGEST_WAIT_S = 60

WAITING = Gauge("coord_waiting_calls", "Calls that wait for a change.", multiprocess_mode="livesum")

Entry = dict[str, Any]

_stopping = threading.Event()


class HungUp(Exception):
    """The caller is no longer there, so nobody waits for the answer."""


class Waiter:
    """A waiting call. `concerns` says which entries of the journal wake it; it is asked in the watcher's thread, and must be quick.

    `kinds`: the only kinds of subject that it is asked about; empty: all.
    """

    def __init__(self, concerns: Callable[[Entry], bool], kinds: frozenset[str], connection: socket.socket | None) -> None:
        self.concerns = concerns
        self.kinds = kinds
        self.connection = connection
        self.hung_up = False
        self._woken = threading.Event()
        self._failure: Exception | None = None

    def wake(self) -> None:
        self._woken.set()

    def fail(self, failure: Exception) -> None:
        self._failure = failure
        self._woken.set()

    def wait(self, until: float) -> bool:
        """Whether something happened that concerns it before `until` (of time.monotonic()).

        Raises HungUp; Stopping when the worker stops; the database's error when the journal cannot be read.
        """
        began = time.monotonic()
        woken = self._woken.wait(max(0.0, until - began))
        if request:
            request.environ["coord.waited"] = request.environ.get("coord.waited", 0.0) + time.monotonic() - began
        self._woken.clear()
        if self.hung_up or has_hung_up(self.connection):
            raise HungUp
        if _stopping.is_set():
            raise Stopping
        if self._failure is not None:
            raise self._failure
        return woken


def has_hung_up(connection: socket.socket | None) -> bool:
    """Whether the other end has closed the connection, as far as the system can tell."""
    if connection is None:
        return False
    poll = select.poll()
    poll.register(connection, getattr(select, "POLLRDHUP", 0))
    return bool(poll.poll(0))


class Watcher:
    """The one thread of a process that follows the journal, for as long as calls wait."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._most = math.floor(app.config["THREADS"] * SHARE)
        self._lock = threading.Lock()
        self._waiters: dict[Waiter, int | None] = {}  # with the number of the connection that is watched
        self._ears: Ears | None = None
        self._seen: int | None = None

    def add(self, waiter: Waiter) -> bool:
        """False when as many wait as may."""
        with self._lock:
            if len(self._waiters) >= self._most:
                return False
            if self._ears is None:
                self._ears = Ears()
                threading.Thread(target=self._run, args=(self._ears,), name="coord-watcher", daemon=True).start()
            if not self._waiters:
                self._seen = None  # what the watcher saw last it saw some time ago
            connection = waiter.connection
            self._waiters[waiter] = self._ears.watch(connection) if connection is not None else None
            known = self._seen is not None
        if not known:
            self._begin_at(read(_head))
        return True

    def remove(self, waiter: Waiter) -> None:
        with self._lock:
            number = self._waiters.pop(waiter, None)
            if number is not None and self._ears is not None:
                self._ears.unwatch(number)

    def _begin_at(self, revision: int) -> None:
        with self._lock:
            if self._seen is None:
                self._seen = revision

    def _run(self, ears: Ears) -> None:
        busy_at = time.monotonic()
        with self._app.app_context():
            while not _stopping.is_set():
                if self._rests():
                    if self._is_over(busy_at):
                        break
                    ears.listen(LINGER_S / 10)
                    continue
                busy_at = time.monotonic()
                self._hang_up(ears.listen(POLL_S))
                self._tick()
        self._end(ears)

    def _rests(self) -> bool:
        """Whether nobody waits."""
        with self._lock:
            return not self._waiters

    def _is_over(self, busy_at: float) -> bool:
        with self._lock:
            if self._waiters or time.monotonic() - busy_at < LINGER_S:
                return False
            self._ears = None
            return True

    def _tick(self) -> None:
        try:
            self._read_on()
        except Exception as error:
            log.warning("waiting calls are given up: %s", error)
            self._fail(error)
        try:
            processes.stay()
        except Exception as error:
            log.warning("the lease of this process could not be renewed: %s", error)

    def _read_on(self) -> None:
        while self._seen is not None:
            entries = read(_entries_after, self._seen)
            for entry in entries:
                self._tell(entry)
                self._seen = entry["revision"]
            if len(entries) < ENTRIES:
                return

    def _tell(self, entry: Entry) -> None:
        kind = entry["subject_kind"]
        for waiter in self._now_waiting():
            if (not waiter.kinds or kind in waiter.kinds) and waiter.concerns(entry):
                waiter.wake()

    def _hang_up(self, numbers: set[int]) -> None:
        if numbers:
            with self._lock:
                gone = [waiter for waiter, number in self._waiters.items() if number in numbers]
                for number in numbers:  # told once: else the poll would return at once again and again
                    if self._ears is not None:
                        self._ears.unwatch(number)
            for waiter in gone:
                waiter.hung_up = True
                waiter.wake()

    def _fail(self, error: Exception) -> None:
        for waiter in self._now_waiting():
            waiter.fail(error)

    def _now_waiting(self) -> list[Waiter]:
        with self._lock:
            return list(self._waiters)

    def _end(self, ears: Ears) -> None:
        for waiter in self._now_waiting():
            waiter.wake()
        ears.close()
        if _stopping.is_set():
            try:
                with self._app.app_context():
                    processes.resign()
            except Exception as error:
                log.info("the lease of this process runs out by itself: %s", error)


def install(app: Flask) -> None:
    app.extensions["coord.watcher"] = Watcher(app)


@contextmanager
def waiting(concerns: Callable[[Entry], bool], *kinds: str) -> Iterator[Waiter | None]:
    """Subscribes the current call, to all changes or to those of these kinds of subject. Raises Stopping.

    None when too many wait already, and the call is to be answered at once.
    """
    if _stopping.is_set():
        raise Stopping
    watcher: Watcher = current_app.extensions["coord.watcher"]
    waiter = Waiter(concerns, frozenset(kinds), request.environ.get("gunicorn.socket"))
    if not watcher.add(waiter):
        yield None
        return
    WAITING.inc()
    try:
        yield waiter
    finally:
        WAITING.dec()
        watcher.remove(waiter)


def stop() -> None:
    """Ends all waiting in this process, now and from now on. May be called by a signal handler."""
    _stopping.set()
    bell.ring()


def _head(look: Look) -> int:
    last = look.row(journal.LAST)
    return int(last["revision"]) if last else 0


def _entries_after(look: Look, revision: int) -> list[Entry]:
    return look.rows(journal.AFTER, after=revision, most=ENTRIES)
