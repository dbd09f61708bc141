"""A call that has computed for long gives way to those that have just begun.

All threads of a worker share one interpreter. One that makes an answer of megabytes keeps it for
milliseconds at a time, and a short call, which lets go of it at each system call, waits as long
to get it back each time.
"""

import math
import threading
import time
from collections.abc import Callable

LONG_S = 0.005  # of computing; a short call needs less, and never rests
PIECE_S = 0.001  # after which it lets others in
BREATH_S = 0.0001  # enough for a thread that waits for the interpreter to get it
REST_S = 0.001  # while a younger call is under way
MAX_REST = 3  # times as long as it has computed: it takes four times as long at worst


class _Call(threading.local):
    """Of each thread. Where none has begun, as in upkeep's, nothing gives way."""

    began = computed_before = rested = 0.0
    next_at = math.inf


class Pace:
    """`is_younger_under_way`: whether there is a short call that began after that moment."""

    def __init__(self, is_younger_under_way: Callable[[float], bool]) -> None:
        self._is_younger_under_way = is_younger_under_way
        self._call = _Call()

    def begin(self) -> None:
        """A call begins in this thread."""
        call = self._call
        call.began, call.computed_before = time.monotonic(), time.thread_time()
        call.rested, call.next_at = 0.0, call.began + LONG_S

    def give_way(self) -> None:
        """Between two parts of what the call of this thread makes."""
        now, call = time.monotonic(), self._call
        if now < call.next_at:
            return
        computed = time.thread_time() - call.computed_before
        if computed >= LONG_S:
            time.sleep(BREATH_S)
            until = now + MAX_REST * computed - call.rested
            while time.monotonic() < until and self._is_younger_under_way(call.began):
                time.sleep(REST_S)
            call.rested += time.monotonic() - now
        call.next_at = time.monotonic() + PIECE_S
