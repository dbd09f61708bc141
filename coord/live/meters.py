"""Whether a call that has a thread computes there, or waits for something: a change, the database,
a lock in it.
"""

import threading
import time

SHORT_S = 0.03  # a call that is younger computes
BUSY_SHARE = 0.2  # of its first moments; whoever waits needs some to find that it has to
# of each later look; threads that compute share one core, and one that waits uses next to nothing
STILL_BUSY_SHARE = 0.03
LOOK_EVERY_S = 0.1


class Meter:
    """Made in the thread of the call, and read by the worker's loop."""

    used = 0.0
    """CPU seconds, once the call is over."""

    def __init__(self) -> None:
        self._clock = _clock_of_this_thread()
        self._read_at, self._used = time.monotonic(), time.thread_time()
        self._used_before = self._used
        self._next_at, self._share = self._read_at + SHORT_S, BUSY_SHARE
        self._computes = True

    def stop(self) -> None:
        """In the thread of the call, at its end."""
        self.used = time.thread_time() - self._used_before

    def computes(self) -> bool:
        now = time.monotonic()
        if now < self._next_at:
            return self._computes
        used = self._used if self._clock is None else _time_of(self._clock)
        self._computes = used - self._used > self._share * (now - self._read_at)
        self._read_at, self._used = now, used
        self._next_at, self._share = now + LOOK_EVERY_S, STILL_BUSY_SHARE
        return self._computes


def _clock_of_this_thread() -> int | None:
    """None where the system has no such clock (macOS): there a call that is not short waits."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return None
    return time.pthread_getcpuclockid(threading.get_ident())


def _time_of(clock: int) -> float:
    try:
        return time.clock_gettime(clock)
    except OSError:  # its thread has ended
        return 0.0
