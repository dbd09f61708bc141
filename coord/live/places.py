"""How many of the calls that wait in a process may be of one peer or one session, and how often a
peer's streams are told something.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from coord.errors import Stopping, TooMany
from coord.live.hang_up import Caller

SHARE = 0.9  # of the threads may wait; the others keep serving
RETRY_S = 5  # a place comes free when another wait of the caller's ends
# The streams of a peer are told something 500 times a second, all together: a hundred of them would
# else be woken for every change, and cost a core. Nobody notices a quarter of a second.
REST_EACH_S = 0.002
MAX_REST_S = 0.25


@dataclass
class Streams:
    """Of one peer."""

    count: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)


def max_calls(threads: int) -> int:
    """How many of all may wait."""
    return math.floor(threads * SHARE)


class Places:
    """Counts the calls that wait. Under the watcher's lock, but for `rest_of` and `turn`."""

    def __init__(self, threads: int, peer_percent: int, max_of_session: int) -> None:
        self._max_of_peer = math.ceil(threads * peer_percent / 100)
        self._max_of_session = max_of_session or math.inf
        self._of_peer: Counter[str] = Counter()
        self._of_session: Counter[str] = Counter()
        self._streams: dict[str, Streams] = {}

    def check(self, caller: Caller) -> None:
        """Raises TooMany when as many of its peer or session wait as may."""
        of_peer, of_session = self._of_peer[caller.peer], self._of_session[caller.session]
        if caller.peer and of_peer >= self._max_of_peer:
            raise _too_many("this address", of_peer, "COORD_PEER_WAITING")
        if caller.session and of_session >= self._max_of_session:
            raise _too_many("this session", of_session, "COORD_SESSION_WAITING")

    def take(self, caller: Caller) -> None:
        self._count(caller, 1)

    def give_back(self, caller: Caller) -> None:
        self._count(caller, -1)

    def rest_of(self, caller: Caller) -> float:
        """Seconds between two times that a stream is told something; in any thread."""
        return min(MAX_REST_S, REST_EACH_S * self._streams_of(caller).count)

    @contextmanager
    def turn(self, caller: Caller, stopping: threading.Event) -> Iterator[None]:
        """One at a time of the peer's streams, and where it has several, half of the time: all of
        them that begin with an old revision would else take the worker for as long as they read.
        Raises Stopping: those in line must not outlast their worker.
        """
        streams = self._streams_of(caller)
        with streams.turn:
            if stopping.is_set():
                raise Stopping
            began = time.monotonic()
            yield
            if streams.count > 1:
                time.sleep(min(MAX_REST_S, time.monotonic() - began))

    def _streams_of(self, caller: Caller) -> Streams:
        return self._streams.get(caller.peer) or Streams()

    def _count(self, caller: Caller, one: int) -> None:
        """Names are made up, and must not pile up: of those that have nothing, nothing is kept."""
        for counter, name in ((self._of_peer, caller.peer), (self._of_session, caller.session)):
            counter[name] += one
            if not counter[name]:
                del counter[name]
        if caller.streams:
            streams = self._streams.setdefault(caller.peer, Streams())
            streams.count += one
            if not streams.count:
                del self._streams[caller.peer]


def _too_many(owner: str, count: int, setting: str) -> TooMany:
    return TooMany(
        f"{count} calls of {owner} wait here already, as many as may. Call again when one of them"
        f" has ended, or without `wait`; the operator can raise {setting}.",
        headers={"Retry-After": str(RETRY_S)},
    )


def no_thread(threads: int) -> TooMany:
    """For a call that must give its place up."""
    return TooMany(
        f"The system gives coord no more than {threads} threads now, and others need them. Call"
        " again; the operator raises what it may have (`ulimit -u`, TasksMax in systemd).",
        headers={"Retry-After": str(RETRY_S)},
    )
