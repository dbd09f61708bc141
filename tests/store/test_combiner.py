"""Changes that come while a commit is on its way go together with the next."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pymysql
import pytest

from coord.store import combiner, deadline, faults
from coord.store.combiner import Combiner
from coord.store.compiled_change import CompiledChange, CompiledStep
from coord.store.faults import GuardFailed
from tests.service import until


class Database:
    """Records what is sent to it; whoever sends is held up until allowed to.

    A change below 0 fails its guard.
    """

    def __init__(self) -> None:
        self.sent: list[list[int]] = []
        self._permits = threading.Semaphore(0)
        self.fail_with: list[BaseException] = []

    def allow(self, times: int = 1000) -> None:
        self._permits.release(times)

    def __call__(self, changes: Sequence[int]) -> list[str | Exception]:
        self.sent.append(list(changes))
        assert self._permits.acquire(timeout=10)
        if self.fail_with:
            raise self.fail_with.pop(0)
        return [GuardFailed() if change < 0 else f"did {change}" for change in changes]


class Crowd:
    """Callers that come one after the other: the first is on its way, the others gather."""

    def __init__(self, length_of: Callable[[int], int] = lambda change: 1) -> None:
        self.combiner: Combiner[int, str] = Combiner(length_of)
        self.database = Database()
        self._pool = ThreadPoolExecutor(combiner.MAX_TOGETHER * 2)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *error: object) -> None:
        self.database.allow()
        self._pool.shutdown()

    def call(self, change: int, within_s: float = 30) -> "Future[str]":
        """Answers when the change has gathered or is on its way."""
        before = self._here
        future = self.submit(change, within_s)
        until(lambda: self._here > before, 10, "the change to be there")
        return future

    def submit(self, change: int, within_s: float = 30) -> "Future[str]":
        def carry_out() -> str:
            with deadline.at_most(within_s):
                return self.combiner.carry_out(change, self.database)

        return self._pool.submit(carry_out)

    @property
    def _here(self) -> int:
        return len(self.combiner._waiting) + sum(map(len, self.database.sent))


def test_a_long_one_goes_with_no_other_long_one_and_holds_up_none_behind_it() -> None:
    """32 long messages in one commit took seconds, and a claim among them as long."""
    long = combiner.MAX_LENGTH_TOGETHER + 1
    with Crowd(lambda change: long if change >= 1000 else 1) as crowd:
        for change in (1, 1000, 2, 1001, 1002, 3):
            last = crowd.call(change)
        crowd.database.allow()
        assert last.result(10) == "did 3"
        until(lambda: len(crowd.database.sent) == 4, 10, "the others")
        assert crowd.database.sent == [[1], [1000, 2, 3], [1001], [1002]]


def test_those_that_go_together_are_not_long_together() -> None:
    with Crowd(lambda change: combiner.MAX_LENGTH_TOGETHER // 2) as crowd:
        for change in range(1, 6):
            crowd.call(change)
        crowd.database.allow()
        until(lambda: len(crowd.database.sent) == 3, 10, "the others")
        assert crowd.database.sent == [[1], [2, 3, 4], [5]]


def test_a_change_is_as_long_as_its_texts() -> None:
    step = CompiledStep("INSERT", ("four", 12345, None, "ab"), None)
    follower = CompiledChange((step,), None, frozenset())
    assert follower.length == 6
    assert CompiledChange((step, step), None, frozenset(), follower).length == 18


def test_who_comes_alone_waits_for_nobody() -> None:
    alone: Combiner[int, str] = Combiner()
    database = Database()
    database.allow()
    assert [alone.carry_out(number, database) for number in (1, 2)] == ["did 1", "did 2"]
    assert database.sent == [[1], [2]]


def test_those_that_gather_go_together_in_their_order() -> None:
    with Crowd() as crowd:
        futures = [crowd.call(number) for number in range(1, 6)]
        crowd.database.allow()
        assert [future.result(10) for future in futures] == [f"did {each}" for each in range(1, 6)]
    assert crowd.database.sent == [[1], [2, 3, 4, 5]]


def test_who_comes_while_the_node_s_turn_is_waited_for_goes_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a commit is slow it is worth waiting for: what gathers meanwhile goes with it."""
    monkeypatch.setattr(combiner, "SLOW_S", -1.0)
    may_go = threading.Event()

    class Turn:
        @contextlib.contextmanager
        def taken(self, seconds: float) -> Iterator[None]:
            assert may_go.wait(10)
            yield

    with Crowd() as crowd:
        crowd.database.allow()
        monkeypatch.setattr(crowd.combiner, "_node_turn", Turn())
        first = crowd.submit(1)
        until(lambda: not crowd.combiner._is_free, 10, "the first to lead")
        others = [crowd.call(number) for number in (2, 3)]
        may_go.set()
        assert [each.result(10) for each in (first, *others)] == ["did 1", "did 2", "did 3"]
    assert crowd.database.sent == [[1, 2, 3]]


def test_a_guard_that_fails_is_its_own_callers_affair() -> None:
    with Crowd() as crowd:
        futures = [crowd.call(number) for number in (1, 2, -3, 4)]
        crowd.database.allow()
        assert [futures[at].result(10) for at in (0, 1, 3)] == ["did 1", "did 2", "did 4"]
        with pytest.raises(GuardFailed):
            futures[2].result(10)
    assert crowd.database.sent == [[1], [2, -3, 4]]


def test_only_so_many_go_together() -> None:
    with Crowd() as crowd:
        futures = [crowd.call(number) for number in range(combiner.MAX_TOGETHER + 5)]
        crowd.database.allow()
        assert [future.result(10) for future in futures] == [
            f"did {each}" for each in range(len(futures))
        ]
    assert [len(each) for each in crowd.database.sent] == [1, combiner.MAX_TOGETHER, 4]


@pytest.mark.parametrize(
    "error",
    [
        pymysql.err.OperationalError(1213, "Deadlock found"),
        pymysql.err.OperationalError(1205, "Lock wait timeout exceeded"),
        pymysql.err.DataError(1264, "Out of range"),
        GuardFailed(),
    ],
    ids=repr,
)
def test_where_all_of_it_is_undone_each_goes_on_alone(error: Exception) -> None:
    with Crowd() as crowd:
        futures = [crowd.call(number) for number in (1, 2, 3, 4)]
        crowd.database.fail_with = [error, error]
        crowd.database.allow()
        with pytest.raises(type(error)):
            futures[0].result(10)
        assert [future.result(10) for future in futures[1:]] == ["did 2", "did 3", "did 4"]
    assert crowd.database.sent[:2] == [[1], [2, 3, 4]]
    assert sorted(crowd.database.sent[2:]) == [[2], [3], [4]]


def disk_error() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    return error


@pytest.mark.parametrize(
    "error",
    [pymysql.err.OperationalError(2013, "Lost connection to server during query"), disk_error()],
    ids=str,
)
def test_those_who_lost_another_caller_s_connection_are_told_apart(error: Exception) -> None:
    with Crowd() as crowd:
        futures = [crowd.call(number) for number in (1, 2, 3, 4)]
        crowd.database.fail_with = [RuntimeError("only the first"), error]
        crowd.database.allow()
        first, second, *others = [future.exception(10) for future in futures]
        assert isinstance(first, RuntimeError)
        assert second is error
        assert [type(other) for other in others] == [faults.LostTogether] * 2
        assert others[0] is not others[1], "a traceback of its own for each thread"
    assert crowd.combiner.carry_out(5, crowd.database) == "did 5"


def test_who_goes_alone_waits_for_nobody_and_takes_nobody_along() -> None:
    with Crowd() as crowd:
        futures = [crowd.call(number) for number in (1, 2)]
        crowd.database.allow(1)
        other = Database()
        other.allow()
        assert crowd.combiner.carry_out(3, other, alone=True) == "did 3"
        crowd.database.allow()
        assert [future.result(10) for future in futures] == ["did 1", "did 2"]
    assert other.sent == [[3]]


def test_who_leads_without_time_leaves_the_others_theirs() -> None:
    with Crowd() as crowd:
        futures = [crowd.call(number) for number in (1, 2, 3)]
        crowd.database.fail_with = [RuntimeError("only the first"), faults.TooSlow("no time")]
        crowd.database.allow()
        assert isinstance(futures[0].exception(10), RuntimeError)
        assert isinstance(futures[1].exception(10), faults.TooSlow)
        assert futures[2].result(10) == "did 3"


def test_whose_time_is_up_before_its_turn_is_not_sent() -> None:
    with Crowd() as crowd:
        first, hasty, patient = crowd.call(1), crowd.call(2, within_s=1.4), crowd.call(3)
        with pytest.raises(faults.TooSlow):
            hasty.result(10)
        crowd.database.allow()
        assert (first.result(10), patient.result(10)) == ("did 1", "did 3")
    assert crowd.database.sent == [[1], [3]]


def test_it_learns_so_while_there_is_time_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combiner, "MIN_REMAINING_S", 3.5)
    with Crowd() as crowd:
        first = crowd.call(1)
        with deadline.at_most(4):
            with pytest.raises(faults.TooSlow):
                crowd.combiner.carry_out(2, crowd.database)
            assert deadline.remaining() > 0
        crowd.database.allow()
        assert first.result(10) == "did 1"


def test_who_gives_up_when_it_was_to_lead_lets_the_next_one_lead() -> None:
    gathering: Combiner[int, str] = Combiner()
    leading, other = combiner._Turn[int, str](1), combiner._Turn[int, str](2)
    gathering._is_free, leading.leads = False, True
    gathering._waiting.append(other)
    gathering._leave(leading)
    assert other.leads
    assert other.signal.acquire(timeout=0)


def test_whose_time_is_up_on_the_way_is_told_so_and_the_others_go_on() -> None:
    with Crowd() as crowd:
        first, leading = crowd.call(1), crowd.call(2)
        hasty, patient = crowd.call(3, within_s=1.5), crowd.call(4)
        crowd.database.allow(1)
        assert first.result(10) == "did 1"
        with pytest.raises(faults.TooSlow):
            hasty.result(10)
        assert crowd.database.sent == [[1], [2, 3, 4]]
        last = crowd.call(5)
        crowd.database.allow()
        assert [each.result(10) for each in (leading, patient, last)] == ["did 2", "did 4", "did 5"]


def test_when_a_caller_is_interrupted_the_others_go_on() -> None:
    with Crowd() as crowd:
        futures = [crowd.call(number) for number in (1, 2, 3)]
        crowd.database.fail_with = [KeyboardInterrupt()]
        crowd.database.allow()
        assert isinstance(futures[0].exception(10), KeyboardInterrupt)
        assert [future.result(10) for future in futures[1:]] == ["did 2", "did 3"]


def test_no_change_is_lost_or_sent_twice_whoever_comes_when() -> None:
    crowded: Combiner[int, int] = Combiner()
    sent: list[int] = []
    guard = threading.Lock()

    def send(changes: Sequence[int]) -> list[int | Exception]:
        time.sleep(0.0002)
        with guard:
            sent.extend(changes)
        return [GuardFailed() if each % 7 == 0 else each for each in changes]

    def caller(number: int) -> int:
        failed = 0
        for nth in range(100):
            change = number * 100 + nth
            try:
                assert crowded.carry_out(change, send) == change
                assert change % 7
            except GuardFailed:
                assert change % 7 == 0
                failed += 1
        return failed

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(caller, range(16))) == len(
            [each for each in range(1600) if not each % 7]
        )
    assert sorted(sent) == list(range(1600))
