"""How a call waits for a change: without a transaction, a connection or polling of its own.

One thread per process, the watcher, follows the journal while calls wait there. It wakes those whom
a new entry concerns, sees who hangs up, and ends all waiting when the worker stops or the database
is away. It reads when the bell rings for what somebody here waits for (a commit on this node) and
every POLL_S besides (commits of other nodes). A call subscribes first, then reads, then waits, and
reads again when it is woken.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager

from flask import Flask, current_app, request

from coord.errors import Stopping
from coord.live import processes, tail
from coord.live.hang_up import Caller
from coord.live.interests import Interest, interest_in
from coord.live.places import Places, max_calls, no_thread
from coord.live.tail import Seen, Tail
from coord.metric_files import Gauge
from coord.store import Row, bell, deadline, read
from coord.store.bell import Listener

log = logging.getLogger(__name__)

POLL_S = 0.02  # what another node has committed is seen this much later
# the watcher stays, at rest, when nobody waits for a while: in a busy time the next is about to
LINGER_S = 10.0
# those who wait are told of an outage; of a query that was killed they learn nothing
GIVE_UP_AFTER_S = 1.0
MAX_WAIT_S = 60

WAITING = Gauge("coord_waiting_calls", "Calls that wait for a change.", multiprocess_mode="livesum")

_stopping = threading.Event()


class Subscription:
    """A waiting call. `matches` says which rows of the journal wake it; it is asked in the
    watcher's thread, and must be quick.

    `is_called`: whether what the bell says wakes it, before the journal is read. `begins_at`: the
    last revision that had been read when it began to wait.
    """

    begins_at = 0
    is_called: Callable[[AbstractSet[str]], bool] | None = None

    def __init__(
        self,
        matches: Callable[[Row], bool],
        interest: Interest,
        caller: Caller,
        watcher: "Watcher",
    ) -> None:
        self.matches = matches
        self.interest = interest
        self.caller = caller
        self._watcher = watcher
        self._woken = threading.Event()
        self._failure: BaseException | None = None

    def wake(self) -> None:
        self._woken.set()

    def fail(self, failure: BaseException) -> None:
        self._failure = failure
        self._woken.set()

    def goes_on(self) -> bool:
        """Whether its caller is there and nothing ends the wait, as far as is known; in any
        thread."""
        return not (_stopping.is_set() or self._failure is not None or self.caller.has_closed())

    def wait(self, until: float) -> bool:
        """Whether something that concerns it may have happened before `until` (of
        time.monotonic()).

        Raises ClientHungUp; Stopping when the worker stops; TooMany when others need the thread;
        the database's error when the journal cannot be read.
        """
        began = time.monotonic()
        with self.caller.waiting():
            woken = self._woken.wait(max(0.0, until - began))
        deadline.restart()
        if request:
            request.environ["coord.waited"] = (
                request.environ.get("coord.waited", 0.0) + time.monotonic() - began
            )
        self._woken.clear()
        must_write = self.caller.check()
        if _stopping.is_set():
            raise Stopping
        if self._failure is not None:
            raise self._failure
        return woken and not must_write

    def seen_after(self, revision: int) -> Seen | None:
        """What the watcher has read that follows a revision. None: not all of it is in memory, or
        it is of before the wait, so the journal is to be read.
        """
        return self._watcher.tail.seen.after(revision) if revision >= self.begins_at else None

    @property
    def latest(self) -> int:
        """The last revision that the watcher has read."""
        return self._watcher.tail.seen.upto

    def rest(self) -> None:
        """Of a stream that was told something: what comes in this moment is told together."""
        time.sleep(self._watcher.places.rest_of(self.caller))

    def turn(self) -> AbstractContextManager[None]:
        """In which a stream reads on what is not in memory: one at a time of each peer's."""
        return self._watcher.places.turn(self.caller, _stopping)


class Watcher:
    """The one thread of a process that follows the journal, for as long as calls wait."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        threads = app.config["THREADS"]
        self._max_subscriptions = max_calls(threads)
        self.places = Places(threads, app.config["PEER_WAITING"], app.config["SESSION_WAITING"])
        self._lock = threading.Lock()
        # with the descriptor that is watched
        self._subscriptions: dict[Subscription, int | None] = {}
        self._listener: Listener | None = None
        self._revision: int | None = None  # of the last row that was read
        self.tail = Tail()
        self._failing_since: float | None = None

    def add(self, subscription: Subscription) -> bool:
        """False when as many wait as may, or the system has no descriptor or thread left.

        Raises TooMany when as many of the same peer or session wait as may. When it raises, nothing
        was added.
        """
        with self._lock:
            self.places.check(subscription.caller)
            if len(self._subscriptions) >= self._max_subscriptions:
                return False
            try:
                listener = self._listener or self._start()
                connection = subscription.caller.connection
                descriptor = listener.watch(connection) if connection is not None else None
            except (OSError, RuntimeError) as error:
                log.warning("no call can wait now: %s", error)
                return False
            if not self._subscriptions:
                # what the watcher read last is of some time ago
                self._revision = self._failing_since = None
            self._subscriptions[subscription] = descriptor
            self.places.take(subscription.caller)
            self._count()
            has_revision = self._revision is not None
        if not has_revision:
            try:
                self._begin_at(read(tail.head_revision))
            except BaseException:
                self.remove(subscription)
                raise
        subscription.begins_at = self._revision or 0
        return True

    def remove(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription not in self._subscriptions:
                return
            self.places.give_back(subscription.caller)
            descriptor = self._subscriptions.pop(subscription)
            if descriptor is not None and self._listener is not None:
                self._listener.unwatch(descriptor)
            self._count()

    def make_room(self, threads: int) -> None:
        """Of so many threads only a share may go on waiting, or they would keep all other calls
        waiting too. Those that came first are told to come again.
        """
        with self._lock:
            excess = max(0, len(self._subscriptions) - max_calls(threads))
            first = list(self._subscriptions)[:excess]
        for subscription in first:
            subscription.fail(no_thread(threads))

    def _start(self) -> Listener:
        listener = Listener()
        try:
            threading.Thread(
                target=self._run, args=(listener,), name="coord-watcher", daemon=True
            ).start()
        except BaseException:
            listener.close()
            raise
        self._listener = listener
        return listener

    def _count(self) -> None:
        """Set, not moved up and down: it cannot drift."""
        WAITING.set(len(self._subscriptions))

    def _begin_at(self, revision: int) -> None:
        with self._lock:
            if self._revision is None:
                self.tail.begin_at(revision)
                self._revision = revision

    def _run(self, listener: Listener) -> None:
        try:
            with self._app.app_context():
                self._follow(listener)
        except BaseException as error:
            log.exception("the watcher has ended")
            self._fail(error)
        finally:
            self._end(listener)

    def _follow(self, listener: Listener) -> None:
        busy_at = read_at = time.monotonic()
        while not _stopping.is_set():
            if self._is_idle():
                if self._may_end(busy_at):
                    break
                listener.wait(LINGER_S / 10)
                continue
            busy_at = time.monotonic()
            hung_up, news = listener.wait(read_at + POLL_S - busy_at)
            self._note_hang_ups(hung_up)
            if self._hear(news) or time.monotonic() - read_at >= POLL_S:
                self._tick()
                read_at = time.monotonic()

    def _hear(self, news: AbstractSet[str]) -> bool:
        """Wakes who is called by what the bell says. Whether anybody must know the rest at once."""
        current = self._current() if news else []
        for each in [each for each in current if each.is_called and each.is_called(news)]:
            each.wake()
        interests = {each.interest for each in current}  # few, however many wait
        return any(interest.is_eager(news) for interest in interests)

    def _is_idle(self) -> bool:
        """Whether nobody waits."""
        with self._lock:
            return not self._subscriptions

    def _may_end(self, busy_at: float) -> bool:
        with self._lock:
            if self._subscriptions or time.monotonic() - busy_at < LINGER_S:
                return False
            self._listener = None
            return True

    def _tick(self) -> None:
        began = time.monotonic()
        try:
            self._read_on()
            self._failing_since = None
        except Exception as error:
            self._failing_since = self._failing_since or began
            if self._revision is not None:  # what comes back may be another journal
                self.tail.begin_at(self._revision)
            # One query that was killed or lost is tried again. When the journal stays out of reach,
            # all who wait are told.
            if time.monotonic() - self._failing_since > GIVE_UP_AFTER_S:
                log.warning("waiting calls are given up: %s", error)
                self._fail(error)
        try:
            processes.renew_lease()
        except Exception as error:
            log.warning("the lease of this process could not be renewed: %s", error)

    def _read_on(self) -> None:
        while self._revision is not None:
            rows = read(tail.rows_after, self._revision)
            self.tail.add(rows)
            for row in rows:
                self._wake_those_concerned(row)
                self._revision = row["revision"]
            if len(rows) < tail.MAX_READ:
                return

    def _wake_those_concerned(self, row: Row) -> None:
        """All are asked before any is woken: what it does next may depend on what others know."""
        for subscription in [each for each in self._current() if self._concerns(each, row)]:
            subscription.wake()

    def _concerns(self, subscription: Subscription, row: Row) -> bool:
        kinds = subscription.interest.kinds
        if kinds and row["subject_kind"] not in kinds:
            return False
        try:
            return subscription.matches(row)
        except Exception as error:  # its own bug, and nobody else's
            log.exception("whether an entry concerns a waiting call could not be told")
            subscription.fail(error)
            return False

    def _note_hang_ups(self, descriptors: set[int]) -> None:
        """Each descriptor is reported twice: when its caller has closed its side, and when it
        is gone.
        """
        if not descriptors:
            return
        with self._lock:
            concerned = {
                each: descriptor
                for each, descriptor in self._subscriptions.items()
                if descriptor in descriptors
            }
            # either way no more of the same: else the poll would return at once again and again
            for subscription, descriptor in concerned.items():
                if self._listener is None or descriptor is None:
                    continue
                if subscription.caller.note_closed():
                    self._listener.watch_for_reset(descriptor)
                else:
                    self._listener.unwatch(descriptor)
        for subscription in concerned:
            subscription.wake()

    def _fail(self, error: BaseException) -> None:
        for subscription in self._current():
            subscription.fail(error)

    def _current(self) -> list[Subscription]:
        with self._lock:
            return list(self._subscriptions)

    def _end(self, listener: Listener) -> None:
        with self._lock:
            if self._listener is listener:
                self._listener = None
        for subscription in self._current():
            subscription.wake()
        listener.close()
        if _stopping.is_set():
            try:
                with self._app.app_context():
                    processes.end_lease()
            except Exception as error:
                log.info("the lease of this process runs out by itself: %s", error)


def install(app: Flask) -> None:
    app.extensions["coord.watcher"] = Watcher(app)


@contextmanager
def subscribe(
    matches: Callable[[Row], bool],
    *kinds: str,
    in_time: frozenset[str] = frozenset(),
    streams: bool = False,
    until: float = 0.0,
) -> Iterator[Subscription | None]:
    """Subscribes the current call, to all changes or to those of these kinds of subject; to those
    of the types `in_time` not at once, but before any later one. Raises Stopping.

    None when too many wait already, and the call is to be answered at once. Raises TooMany when too
    many of the caller's own do. `streams`: its answer is under way meanwhile. `until`: as asked.
    """
    if _stopping.is_set():
        raise Stopping
    deadline.wait_until(until)
    watcher: Watcher = current_app.extensions["coord.watcher"]
    environ = request.environ
    caller = Caller(
        environ.get("gunicorn.socket"),
        streams=streams,
        answers_interim=environ.get("SERVER_PROTOCOL") == "HTTP/1.1",
        peer=environ.get("coord.peer", ""),
        session=environ.get("coord.session", ""),
    )
    interest = interest_in(frozenset(kinds), in_time)
    subscription = Subscription(matches, interest, caller, watcher)
    if not watcher.add(subscription):
        yield None
        return
    try:
        yield subscription
    finally:
        watcher.remove(subscription)


def stop() -> None:
    """Ends all waiting in this process, now and from now on. May be called by a signal handler."""
    _stopping.set()
    bell.ring()
