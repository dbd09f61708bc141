"""Which calls are under way; who is past its share of a worker's time takes what others leave."""

import socket
import time
from types import SimpleNamespace
from typing import cast

import pytest

from coord.live.callers import CallerSocket
from coord.live.hang_up import Caller
from coord.live.meters import SHORT_S, Meter
from coord.live.peers import (
    ALONE_AFTER_S,
    AT_DATABASE_S,
    OWES_FOR_S,
    SAVES_FOR_S,
    SHARE_OF_TIME,
    Connection,
    Peer,
    Peers,
)
from tests.service import until

FAR_TOO_MUCH_S = 100.0  # of the interpreter
SAVED_S = SHARE_OF_TIME * SAVES_FOR_S


class Clock:
    """In the place of `time`."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("coord.live.peers.time", clock)
    return clock


class Underway:
    """A call that computes for as long as it is short."""

    computes = False
    meter = None

    def __init__(self, peer: Peer, *, waits: bool = False) -> None:
        self.peer = peer
        self.sock = SimpleNamespace(sends=False, waits=waits)


class Sharers:
    """Two peers that call; one of them has used far more than its share."""

    def __init__(self, max_calls: int = 2) -> None:
        self.peers = Peers(0, max_calls, 10)
        self.greedy, self.other = map(self.connect, ("10.0.0.1", "10.0.0.2"))
        for peer in (self.greedy, self.other):
            self.end(self.begin(peer))
        self.greedy.charge(FAR_TOO_MUCH_S, 0.0)

    def connect(self, address: str) -> Peer:
        return self.peers.connect(address, is_limited=True)

    def begin(self, peer: Peer, *, waits: bool = False) -> Connection:
        call = cast("Connection", Underway(peer, waits=waits))
        self.peers.queue(call)
        self.peers.begin(peer.queue.popleft())
        return call

    def end(self, call: Connection) -> None:
        self.peers.end(call)


def test_who_is_past_its_share_takes_what_others_leave(clock: Clock) -> None:
    sharers = Sharers()
    others = sharers.begin(sharers.other)
    assert not sharers.peers.may_run(sharers.greedy)
    assert sharers.peers.may_run(sharers.other)
    sharers.end(others)
    assert sharers.peers.may_run(sharers.greedy)


@pytest.mark.parametrize("waits", [False, True], ids=["no longer computes", "waits by wish"])
def test_nobody_is_kept_waiting_by_a_call_that_waits(clock: Clock, waits: bool) -> None:
    sharers = Sharers()
    sharers.begin(sharers.other, waits=waits)
    clock.now += 0.0 if waits else SHORT_S
    assert sharers.peers.may_run(sharers.greedy)


def test_of_those_past_their_share_none_waits_for_the_other(clock: Clock) -> None:
    sharers = Sharers()
    sharers.other.charge(FAR_TOO_MUCH_S, 0.0)
    sharers.begin(sharers.other)
    assert sharers.peers.may_run(sharers.greedy)


def test_who_is_past_its_share_calls_one_at_a_time(clock: Clock) -> None:
    sharers = Sharers()
    sharers.begin(sharers.greedy)
    assert not sharers.peers.may_run(sharers.greedy)
    sharers.begin(sharers.other)
    assert sharers.peers.may_run(sharers.other)


@pytest.mark.parametrize("waits", [False, True], ids=["for the database", "by wish"])
def test_past_its_share_what_waits_for_the_database_counts_and_what_waits_by_wish_does_not(
    clock: Clock, waits: bool
) -> None:
    sharers = Sharers()
    sharers.begin(sharers.greedy, waits=waits)
    clock.now += SHORT_S
    assert sharers.peers.may_run(sharers.greedy) is waits
    clock.now += AT_DATABASE_S
    assert sharers.peers.may_run(sharers.greedy)


def test_a_call_is_charged_at_its_end(clock: Clock) -> None:
    sharers = Sharers()
    call = sharers.begin(sharers.other)
    call.meter = cast("Meter", SimpleNamespace(used=FAR_TOO_MUCH_S))
    assert not sharers.other.is_over_its_share
    sharers.end(call)
    assert sharers.other.is_over_its_share


def test_who_calls_within_its_share_waits_for_nobody(clock: Clock) -> None:
    sharers = Sharers()
    sharers.other.charge(0.9 * SAVED_S, 0.0)
    sharers.begin(sharers.greedy)
    assert sharers.peers.may_run(sharers.other)


def test_what_a_peer_owes_is_forgotten_after_a_while(clock: Clock) -> None:
    sharers = Sharers()
    sharers.begin(sharers.other)
    clock.now += OWES_FOR_S
    sharers.begin(sharers.other)
    assert sharers.peers.may_run(sharers.greedy)


def test_a_stream_has_paid_for_what_it_used_within_its_share(clock: Clock) -> None:
    sharers = Sharers()
    sharers.other.charge(1000 * 0.9 * SHARE_OF_TIME, 1000.0)
    assert not sharers.other.is_over_its_share
    sharers.other.charge(1000 * 1.1 * SHARE_OF_TIME, 1000.0)
    assert sharers.other.is_over_its_share


def test_a_new_connection_makes_nobody_forget_what_a_peer_used(clock: Clock) -> None:
    sharers = Sharers()
    sharers.other.charge(0.1 * SAVED_S, 0.0)
    for peer in (sharers.greedy, sharers.other):
        sharers.peers.disconnect(peer)
        assert sharers.connect(peer.address) is peer
        sharers.peers.disconnect(peer)
    clock.now += OWES_FOR_S + SAVES_FOR_S
    sharers.peers.forget_gone()
    assert sharers.connect("10.0.0.1") is not sharers.greedy


def test_a_peer_that_alone_calls_has_no_share(clock: Clock) -> None:
    sharers = Sharers()
    clock.now += ALONE_AFTER_S + 1
    sharers.greedy.charge(FAR_TOO_MUCH_S, 0.0)
    for _ in range(5):
        sharers.begin(sharers.greedy)
    assert sharers.peers.may_run(sharers.greedy)


def test_without_a_limit_of_calls_at_once_there_is_no_share(clock: Clock) -> None:
    sharers = Sharers(max_calls=0)
    sharers.begin(sharers.other)
    for _ in range(5):
        assert sharers.peers.may_run(sharers.greedy)
        sharers.begin(sharers.greedy)


def test_a_call_that_waits_by_wish_says_so_for_as_long() -> None:
    caller_end, own_end = socket.socketpair()
    with caller_end, CallerSocket(own_end.detach()) as own:
        caller = Caller(own, streams=False, answers_interim=True, peer="10.0.0.1", session="")
        with caller.waiting():
            assert own.waits
        assert not own.waits


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
