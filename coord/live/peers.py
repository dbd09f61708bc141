"""Callers' connections, and what one peer takes of a worker: connections, threads, and memory for
what it sends.

A peer is an address. It can slow itself down, and nobody else: past its share its calls wait for
its own, its quietest connection makes room for its next one. A trusted proxy speaks for many, and a
socket file has no address: their connections are not counted.
"""

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from gunicorn.workers.gthread import TConn

from coord.live import callers
from coord.live.meters import SHORT_S, Meter
from coord.live.pace import Pace

SHARE = 0.9  # of the threads; the others serve the other peers
ALONE_AFTER_S = 10.0  # without a call of any other peer, which a peer at work makes more often
FLOODS_FOR_S = 10.0  # after a refusal: a peer's calls come one at a time
SHARE_OF_TIME = 0.25  # of the interpreter; whoever has used more takes what the others leave
SAVES_FOR_S = 1.0  # what it did not use of its share for so long, it may use at once
OWES_FOR_S = 1.0  # at most, whatever it has used: then it has its share again
# that a call of a peer past its share counts while it waits for the database: it reads much there,
# or the database hangs, and then the others must not line up behind it
AT_DATABASE_S = 0.5
MAX_COLLECTED_BYTES = 32 * 1024 * 1024  # of requests that are coming in or under way


@dataclass(eq=False)
class Peer:
    """What an address has of this worker, and how much of it it may have."""

    address: str
    max_connections: float = math.inf
    max_running: float = math.inf
    max_active: float = math.inf
    """Calls that compute, or that send their answer."""
    max_collected: float = math.inf
    connections: int = 0
    collected: int = 0
    """Bytes of requests."""
    refused_until: float = 0.0
    """Until then it is slowed down, after an answer that was 429."""
    used_until: float = -math.inf
    """When the time of the interpreter that it has used is no more than its share."""
    next_read_at: float = 0.0
    """When its next new connection is read while it is slowed down."""
    idle: "dict[Connection, None]" = field(default_factory=dict)
    """Connections between two requests or in one, the one that was quiet longest first."""
    running: "dict[Connection, float]" = field(default_factory=dict)
    """Calls that have a thread, with the moment at which they got it."""
    queue: "deque[Connection]" = field(default_factory=deque)
    """Calls that are complete and have none."""

    @property
    def is_limited(self) -> bool:
        return self.max_running < math.inf

    def note_refused(self) -> None:
        self.refused_until = time.monotonic() + callers.REFUSED_PAUSE_S

    def begin_reading(self) -> float:
        """When a new connection is read, 0 for at once: whoever is refused gains nothing by
        another one.
        """
        now = time.monotonic()
        if now >= self.refused_until:
            return 0.0
        self.next_read_at = max(now, self.next_read_at + callers.REFUSED_PACE_S)
        return self.next_read_at

    @property
    def excess(self) -> float:
        """Connections that it has too many."""
        return self.connections - self.max_connections

    def may_run(self, *, is_alone: bool, owes: bool) -> bool:
        """`is_alone`: no other peer has called lately. `owes`: it is past its share."""
        running = len(self.running)
        max_active = self.max_running if is_alone else self.max_active
        if owes or (self.is_limited and time.monotonic() < self.refused_until + FLOODS_FOR_S):
            max_active = 1
        if running < max_active:
            return True
        return running < self.max_running and self._active(owes=owes) < max_active

    def charge(self, used: float, lasted: float) -> None:
        """For a call that is over, with the seconds of the interpreter that it has used. What one
        that lasted long, like a stream, has used within its share is paid for.
        """
        now = time.monotonic()
        unpaid = max(0.0, used / SHARE_OF_TIME - max(0.0, lasted - SAVES_FOR_S))
        used_until = max(self.used_until, now - SAVES_FOR_S) + unpaid
        self.used_until = min(used_until, now + OWES_FOR_S)

    @property
    def is_over_its_share(self) -> bool:
        """Without a limit of calls at once there is no share either."""
        return self.max_active < math.inf and time.monotonic() < self.used_until

    @property
    def is_remembered(self) -> bool:
        """Whether it could gain by coming again as a stranger."""
        return bool(self.refused_until) or time.monotonic() < self.used_until + SAVES_FOR_S

    def _active(self, *, owes: bool) -> int:
        """Whoever reads no answer keeps it in memory, so its call counts for as long as that
        takes. Those that wait by their callers' wish are many, and are passed over quickly.
        """
        now = time.monotonic()
        short, at_database = now - SHORT_S, now - AT_DATABASE_S
        return sum(
            since > short
            or conn.sock.sends
            or (not conn.sock.waits and (conn.computes or (owes and since > at_database)))
            for conn, since in self.running.items()
        )

    @property
    def may_send(self) -> bool:
        return self.collected <= self.max_collected


class Peers:
    """Those that have a connection."""

    def __init__(self, max_connections: int, max_calls: int, threads: int) -> None:
        self._max_connections = max_connections or math.inf
        self._max_active = max_calls or math.inf
        self._max_running = max(1, math.floor(threads * SHARE))
        self._by_address: dict[str, Peer] = {}
        self._running: dict[Connection, float] = {}
        self.pace = Pace(self.is_younger_under_way)
        self._latest: str | None = None  # the address of who called last
        self._latest_at = self._other_at = -math.inf

    def connect(self, address: str, *, is_limited: bool) -> Peer:
        """The peer, with one connection more."""
        peer = self._by_address.get(address)
        if peer is None:
            peer = Peer(address)
            if is_limited:
                peer.max_connections = self._max_connections
                peer.max_running = self._max_running
                peer.max_active = self._max_active
                peer.max_collected = MAX_COLLECTED_BYTES
            self._by_address[address] = peer
        peer.connections += 1
        return peer

    def queue(self, conn: "Connection") -> None:
        """For its peer's next thread."""
        conn.peer.queue.append(conn)
        if conn.peer.address != self._latest:
            self._latest, self._other_at = conn.peer.address, self._latest_at
        conn.sock.queued_at = self._latest_at = time.monotonic()

    def may_run(self, peer: Peer) -> bool:
        """Whether a thread may take its next call. While no other peer calls it takes nothing from
        anybody.
        """
        other_at = self._other_at if peer.address == self._latest else self._latest_at
        is_alone = other_at < time.monotonic() - ALONE_AFTER_S
        owes = not is_alone and peer.is_over_its_share
        if owes and self._another_computes():
            return False
        return peer.may_run(is_alone=is_alone, owes=owes)

    def _another_computes(self) -> bool:
        """Whether a call of a peer within its share does."""
        begun = time.monotonic() - SHORT_S
        return any(
            (since > begun or conn.computes) and not conn.peer.is_over_its_share
            for conn, since in self._running.items()
            if not conn.sock.waits
        )

    def begin(self, conn: "Connection") -> None:
        """Its call gets a thread."""
        conn.peer.running[conn] = self._running[conn] = time.monotonic()
        conn.meter = None

    def end(self, conn: "Connection") -> None:
        lasted = time.monotonic() - self._running.pop(conn)
        del conn.peer.running[conn]
        if conn.meter is not None:
            conn.peer.charge(conn.meter.used, lasted)

    def is_younger_under_way(self, began: float) -> bool:
        """Whether a call that is short, as far as is known, began later; in any thread."""
        since = max(began, time.monotonic() - SHORT_S)
        return any(begun > since for begun in list(self._running.values()))

    def disconnect(self, peer: Peer) -> None:
        peer.connections -= 1
        if not (peer.connections or peer.is_remembered):
            del self._by_address[peer.address]

    def forget_gone(self) -> None:
        """Those that need not be remembered any more."""
        now = time.monotonic()
        for peer in list(self._by_address.values()):
            if peer.refused_until + FLOODS_FOR_S <= now:
                peer.refused_until = 0.0
            if not (peer.connections or peer.is_remembered):
                del self._by_address[peer.address]


class Connection(TConn):
    """A caller's connection, with what has arrived of its next request."""

    timeout: float
    parser: Any

    def __init__(self, peers: Peers, peer: Peer, *args: Any) -> None:
        super().__init__(*args)
        self.peer = peer
        self.request = callers.Request()
        self.judged_at = math.inf
        self.meter: Meter | None = None  # of the call that has a thread
        self._peers = peers
        self._is_closed = False

    def add(self, chunk: bytes) -> callers.Progress:
        self.peer.collected += len(chunk)
        return self.request.add(chunk)

    def begin_anew(self) -> callers.Progress:
        """With the next request, of which a part may have come with the last."""
        buffered = self.parser.unreader.take_buffered() if self.parser else b""
        self.forget_request()
        return self.add(buffered)

    def accept_request(self) -> bool:
        """It is to be collected to its end. Whether its caller waits to be told so."""
        asks = self.request.asks_to_go_on
        self.request.accepted, self.request.asks_to_go_on = True, False
        self.judged_at = math.inf
        return asks

    def forget_request(self) -> None:
        self.peer.collected -= len(self.request.data)
        self.request = callers.Request()
        self.judged_at = math.inf

    @property
    def computes(self) -> bool:
        """Whether its call makes an answer, of which nothing is sent yet."""
        return self.meter is not None and not self.sock.has_begun and self.meter.computes()

    def hand_over(self) -> Meter:
        """To the thread that calls this."""
        meter = self.meter = Meter()
        self._peers.pace.begin()
        self.initialized, self.parser = False, None
        self.sock.begin()
        self.init()
        self.data_ready = True
        self.parser.unreader.unread(self.request.to_hand_over(ended=self.sock.ended))
        return meter

    def close(self, graceful: bool = False) -> None:
        super().close(graceful)
        if not self._is_closed:
            self._is_closed = True
            self.forget_request()
            self._peers.disconnect(self.peer)
