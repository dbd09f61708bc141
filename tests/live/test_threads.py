"""The threads that calls run in."""

import threading
from queue import SimpleQueue

import pytest

from coord.live import Threads


def test_all_run_at_once_that_may_and_each_tells_how_it_ended() -> None:
    together = threading.Barrier(4)
    received: SimpleQueue[None] = SimpleQueue()

    def run(call: int) -> bool:
        together.wait(10)
        if call == 3:
            raise KeyboardInterrupt
        return call > 0

    threads = Threads(4, run, lambda: received.put(None))
    ended: dict[int, bool | BaseException] = {}
    for _ in range(2):
        for call in range(4):
            threads.submit(call, call + 1)
        while len(ended) < 4:
            received.get(timeout=10)
            ended |= threads.finished()
        assert isinstance(ended.pop(3), KeyboardInterrupt)
        assert ended == {0: False, 1: True, 2: True}
        ended.clear()
    threads.shutdown(wait=False)


def test_more_than_may_run_wait_for_a_thread() -> None:
    received: SimpleQueue[None] = SimpleQueue()
    running: set[str] = set()

    def run(call: int) -> bool:
        running.add(threading.current_thread().name)
        return True

    threads = Threads(2, run, lambda: received.put(None))
    for call in range(50):
        threads.submit(call, call + 1)
    ended: dict[int, bool | BaseException] = {}
    while len(ended) < 50:
        received.get(timeout=10)
        ended |= threads.finished()
    assert len(running) <= 2
    threads.shutdown(wait=False)


def test_a_notification_that_failed_is_not_the_last() -> None:
    received: SimpleQueue[bool] = SimpleQueue()
    fails = iter([True, False])

    def notify() -> None:
        fail = next(fails)
        received.put(fail)
        if fail:
            raise MemoryError

    threads = Threads[int](1, lambda call: True, notify)
    for call in range(2):
        threads.submit(call, call + 1)
    assert [received.get(timeout=10), received.get(timeout=10)] == [True, False]
    assert dict(threads.finished()) == {0: True, 1: True}
    threads.shutdown(wait=False)


def test_where_the_system_has_no_thread_left_calls_wait_for_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    received: SimpleQueue[None] = SimpleQueue()
    threads = Threads[int](4, lambda call: True, lambda: received.put(None))
    threads.submit(0, 1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        threads.submit(1, 2)
        assert threads.is_short
    ended: dict[int, bool | BaseException] = {}
    while len(ended) < 2:
        received.get(timeout=10)
        ended |= threads.finished()
    threads.submit(2, 2)
    assert (threads.started, threads.is_short) == (2, False)
    threads.shutdown(wait=False)


def refuse(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
