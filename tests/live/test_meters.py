"""Whether a call computes or waits is told by the CPU time of its thread."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from coord.live.meters import LOOK_EVERY_S, SHORT_S, Meter
from tests.service import until

HAS_CLOCKS = hasattr(time, "pthread_getcpuclockid")


@contextmanager
def metered(*, busy: bool) -> Iterator[Meter]:
    """The meter of a thread that computes or waits."""
    made: list[Meter] = []
    over = threading.Event()

    def run() -> None:
        made.append(Meter())
        while not over.wait(0 if busy else None):
            pass

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: bool(made), 30, "the thread to begin")
    try:
        yield made[0]
    finally:
        over.set()
        thread.join()


def test_a_call_that_waits_is_soon_seen_to() -> None:
    with metered(busy=False) as meter:
        until(lambda: not meter.computes(), 30, "it to wait")


@pytest.mark.skipif(not HAS_CLOCKS, reason="the system has no clocks of threads")
def test_a_call_that_computes_is_seen_to_however_long_it_takes() -> None:
    with metered(busy=True) as meter:
        for _ in range(3):  # of a busy machine it may get little at first
            time.sleep(SHORT_S + LOOK_EVERY_S)
            until(meter.computes, 30, "it to be seen")


def test_the_meter_of_a_thread_that_has_ended_says_that_nothing_computes() -> None:
    with metered(busy=False) as meter:
        pass
    time.sleep(SHORT_S)
    assert not meter.computes()


def test_at_its_end_a_call_knows_what_it_has_used() -> None:
    meter = Meter()
    began = time.thread_time()
    while time.thread_time() < began + 0.01:
        pass
    meter.stop()
    assert meter.used >= 0.01
