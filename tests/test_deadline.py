"""The one deadline of a call."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from coord.live import callers
from coord.store import deadline, faults, sqlite


@pytest.fixture(autouse=True)
def call() -> Iterator[None]:
    assert deadline.begin()
    yield
    deadline.end()


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by which the process's clock is ahead; append to it."""
    ahead: list[float] = [0]
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + sum(ahead))
    return ahead


def test_the_clock_starts_with_the_first_question(move: list[float]) -> None:
    move.append(100)  # a body that arrived slowly
    deadline.check()
    move.append(deadline.CALL_S)
    with pytest.raises(faults.TooSlow):
        deadline.check()


def test_no_step_begins_in_the_last_half_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with deadline.at_most(0.5):
        deadline.check()
    with deadline.at_most(0.49), pytest.raises(faults.TooSlow):
        deadline.check()


def test_each_further_step_shares_what_is_left(move: list[float]) -> None:
    with deadline.shared():
        assert deadline.remaining() > deadline.CALL_S - 1
    move.append(3)
    with deadline.shared():
        assert deadline.remaining() < deadline.CALL_S - 3


def test_a_call_inside_of_a_call_shares_its_deadline(move: list[float]) -> None:
    deadline.check()
    assert not deadline.begin()
    move.append(3)
    assert deadline.remaining() < deadline.CALL_S - 3


def test_after_a_wait_by_the_callers_wish_the_time_begins_anew(move: list[float]) -> None:
    deadline.wait_until(time.monotonic() + 60)
    deadline.check()
    move.append(60)
    deadline.restart()
    deadline.check()


@pytest.mark.parametrize("asked_s", [0, 1], ids=["not asked for", "of a second"])
def test_a_wait_is_worth_no_more_time_than_it_was_to_take(move: list[float], asked_s: int) -> None:
    if asked_s:
        deadline.wait_until(time.monotonic() + asked_s)
    deadline.check()
    move.append(3)  # in which a slow database answered
    deadline.restart()
    assert deadline.remaining() < deadline.CALL_S + asked_s - 3 + 0.1
    move.append(deadline.CALL_S + asked_s - 3)
    deadline.restart()
    with pytest.raises(faults.TooSlow):
        deadline.check()


def test_a_step_may_have_less_time_and_never_more(move: list[float]) -> None:
    with deadline.at_most(1):
        assert deadline.remaining() <= 1
    move.append(deadline.CALL_S - 0.5)
    with deadline.at_most(1):
        assert deadline.remaining() <= 0.5


def test_what_runs_outside_of_a_call_has_a_deadline_for_each_step(move: list[float]) -> None:
    deadline.end()
    for _ in range(2):
        with deadline.shared():
            assert deadline.remaining() > deadline.CALL_S - 1
            move.append(3)
            assert deadline.remaining() < deadline.CALL_S - 3


def test_a_sqlite_file_is_opened_in_the_time_of_the_call(tmp_path: Path) -> None:
    """Each step of it may meet a file that another process has for itself."""
    file = tmp_path / "coord.db"
    sqlite.create(str(file))
    with (
        deadline.at_most(0.4),
        contextlib.closing(sqlite.Files(str(file)).connect(str(file))) as opened,
    ):
        (wait_ms,) = opened.execute("PRAGMA busy_timeout").fetchone()
    assert wait_ms <= 400


@pytest.mark.parametrize(("late_s", "counted_s"), [(1, 1), (60, deadline.MAX_LATE_S)])
def test_what_a_call_has_waited_for_a_thread_is_taken_off_its_time(
    move: list[float], late_s: float, counted_s: float
) -> None:
    deadline.end()
    caller = SimpleNamespace(queued_at=time.monotonic())
    move.append(late_s)
    assert deadline.begin(callers.seconds_in_line({"gunicorn.socket": caller}))
    assert deadline.remaining() == pytest.approx(deadline.CALL_S - counted_s, abs=0.5)
