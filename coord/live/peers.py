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

    def may_run(self, *, is_alone: bool) -> bool:
        """`is_alone`: no other peer has called lately."""
        running = len(self.running)
        is_flooding = self.is_limited and time.monotonic() < self.refused_until + FLOODS_FOR_S
        max_active = 1 if is_flooding else self.max_running if is_alone else self.max_active
        return running < max_active or (running < self.max_running and self._active() < max_active)

    def _active(self) -> int:
        """Whoever reads no answer keeps it in memory, so its call counts for as long as that
        takes.
        """
        begun = time.monotonic() - SHORT_S
        return sum(
            since > begun or conn.sock.sends or conn.computes
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
        self._latest_at = time.monotonic()

    def may_run(self, peer: Peer) -> bool:
        """Whether a thread may take its next call. While no other peer calls it takes nothing from
        anybody.
        """
        other_at = self._other_at if peer.address == self._latest else self._latest_at
        return peer.may_run(is_alone=other_at < time.monotonic() - ALONE_AFTER_S)

    def begin(self, conn: "Connection") -> None:
        """Its call gets a thread."""
        conn.peer.running[conn] = self._running[conn] = time.monotonic()
        conn.meter = None

    def end(self, conn: "Connection") -> None:
        del conn.peer.running[conn], self._running[conn]

    def is_younger_under_way(self, began: float) -> bool:
        """Whether a call that is short, as far as is known, began later; in any thread."""
        since = max(began, time.monotonic() - SHORT_S)
        return any(begun > since for begun in list(self._running.values()))

    def disconnect(self, peer: Peer) -> None:
        peer.connections -= 1
        if not peer.connections and not peer.refused_until:
            del self._by_address[peer.address]

    def forget_refused(self) -> None:
        """Those that were refused some time ago, and are gone."""
        now = time.monotonic()
        for peer in list(self._by_address.values()):
            if peer.refused_until + FLOODS_FOR_S <= now:
                peer.refused_until = 0.0
                if not peer.connections:
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

    def hand_over(self) -> None:
        """To the thread that calls this."""
        self.meter = Meter()
        self._peers.pace.begin()
        self.initialized, self.parser = False, None
        self.sock.begin()
        self.init()
        self.data_ready = True
        self.parser.unreader.unread(self.request.to_hand_over(ended=self.sock.ended))

    def close(self, graceful: bool = False) -> None:
        super().close(graceful)
        if not self._is_closed:
            self._is_closed = True
            self.forget_request()
            self._peers.disconnect(self.peer)
