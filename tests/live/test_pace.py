"""A call that has computed for long rests while a younger one is under way, and not for ever."""

import pytest

from coord.live.pace import BREATH_S, LONG_S, MAX_REST, PIECE_S, REST_S, Pace


class Clock:
    """In the place of `time`; who sleeps is told to the list `rests`."""

    def __init__(self) -> None:
        self.now = self.computed = 0.0
        self.rests: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.computed

    def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds

    def compute(self, seconds: float) -> None:
        self.now += seconds
        self.computed += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("coord.live.pace.time", clock)
    return clock


def test_a_short_call_never_rests(clock: Clock) -> None:
    pace = Pace(lambda began: True)
    pace.begin()
    clock.compute(0.9 * LONG_S)
    pace.give_way()
    assert clock.rests == []


def test_a_call_that_waited_for_long_and_computed_little_never_rests(clock: Clock) -> None:
    pace = Pace(lambda began: True)
    pace.begin()
    clock.now += 60
    pace.give_way()
    assert clock.rests == []


def test_what_is_no_call_never_rests(clock: Clock) -> None:
    clock.compute(60)
    Pace(lambda began: True).give_way()
    assert clock.rests == []


def test_a_long_call_lets_others_in_after_each_part(clock: Clock) -> None:
    pace = Pace(lambda began: False)
    pace.begin()
    clock.compute(LONG_S)
    for part in range(1, 4):
        pace.give_way()
        pace.give_way()
        assert clock.rests == part * [BREATH_S]
        clock.compute(PIECE_S)


def test_a_long_call_rests_until_the_younger_one_is_over(clock: Clock) -> None:
    answers = iter([True, True, True, False])
    pace = Pace(lambda began: next(answers))
    pace.begin()
    clock.compute(LONG_S)
    pace.give_way()
    assert clock.rests == [BREATH_S, REST_S, REST_S, REST_S]


def test_a_long_call_comes_to_its_end_however_many_are_younger(clock: Clock) -> None:
    pace = Pace(lambda began: True)
    pace.begin()
    for part in range(1, 100):
        clock.compute(LONG_S)
        pace.give_way()
        assert sum(clock.rests) <= MAX_REST * part * LONG_S + part * (BREATH_S + REST_S)
