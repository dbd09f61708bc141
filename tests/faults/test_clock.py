"""The database's clock as the campaign's checks read it: moved while a history is made."""

import math

import pytest

from tests.faults import clock as module
from tests.faults.clock import Clock

AHEAD = 120.0


class Time:
    """The clients' clock."""

    now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Time:
    own = Time()
    monkeypatch.setattr(module, "time", own)
    return own


@pytest.fixture
def clock(own: Time) -> Clock:
    """Right for ten seconds, then ahead for ten, then right again."""
    clock = Clock()
    for ahead in (AHEAD, 0.0):
        own.now += 10
        clock.move(ahead)
    own.now += 5
    return clock


def test_a_time_tells_by_itself_how_far_the_clock_was_ahead(clock: Clock) -> None:
    assert [clock.own(shown) for shown in (1005.0, 1012.0 + AHEAD, 1022.0)] == [1005, 1012, 1022]


@pytest.mark.parametrize(
    ("since", "shown", "at"),
    [
        (1005.0, 1006.0, 1006.0),
        (1005.0, 1030.0, 1010.0),
        (1012.0, 1013.0 + AHEAD, 1013.0),
        (1019.0, 1021.0 + AHEAD, 1021.0 + AHEAD),
        (1019.0, math.inf, math.inf),
    ],
    ids=["before it is moved", "by the jump", "while ahead", "long after it is back", "never"],
)
def test_when_it_gets_to_a_time_is_told_by_the_clients_clock(
    clock: Clock, since: float, shown: float, at: float
) -> None:
    assert clock.gets_to(shown, since) == at


def test_a_new_run_begins_with_the_clock_as_it_is(clock: Clock) -> None:
    clock.begin()
    assert clock.moves == []
    assert clock.own(1022.0) == 1022.0
