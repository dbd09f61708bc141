"""Which calls are under way, and how much of a worker those of a peer may take."""

import time
from typing import cast

from coord.live.peers import Connection, Peer, Peers
from tests.service import until


class Underway:
    """A call that computes for as long as it is short."""

    computes = False
    meter = None

    def __init__(self, peer: Peer) -> None:
        self.peer = peer


def test_a_call_is_younger_when_it_began_later_and_is_under_way() -> None:
    peers = Peers(0, 2, 10)
    call = cast("Connection", Underway(peers.connect("10.0.0.1", is_limited=True)))
    peers.begin(call)
    assert not peers.is_younger_under_way(time.monotonic())
    peers.end(call)
    assert not peers.is_younger_under_way(0.0)


def test_a_call_that_is_no_longer_short_is_not_waited_for() -> None:
    peers = Peers(0, 2, 10)
    call = Underway(peers.connect("10.0.0.1", is_limited=True))
    peers.begin(cast("Connection", call))
    until(lambda: not peers.is_younger_under_way(0.0), 30, "it to be no longer short")
