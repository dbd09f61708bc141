"""One deadline for each call: all that it asks of the database, however many steps that takes,
shares the same few seconds.

The clock starts with the first question, not with the call: a body that arrives slowly is no reason
for a 503. What the whole call has waited for a thread is taken off. What runs outside a call
(upkeep, the watcher, a command) has a deadline for each `read` and `transact`.
"""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from coord.store import faults

# the contract says 5: what is left is for Python, for a busy machine and for sending the answer
CALL_S = 4.0
# with less than this no further step is begun: one that is cut off costs its connection, and its
# outcome is unknown
LAST_STEP_S = 0.5
# of what a call has waited for a thread: with less time than that leaves it could do nothing
MAX_LATE_S = 2.0
ASKED_EVERY_S = 0.25  # whether the answer is still wanted


class _Call:
    """Times are of `time.monotonic()`. `until`: None until the next question. `due`: when the
    answer is owed at the latest to a caller that has not asked to wait; None until the first
    question. `waits_until`: for how long it has asked to wait. `late_s`: what it has waited for a
    thread, in seconds. `check_wanted` raises when nobody wants the answer any more; `asked_at`:
    when it was called last.
    """

    __slots__ = ("asked_at", "check_wanted", "due", "late_s", "until", "waits_until")

    def __init__(
        self,
        until: float | None = None,
        late_s: float = 0.0,
        check_wanted: Callable[[], None] | None = None,
    ) -> None:
        self.until = until
        self.late_s = late_s
        self.check_wanted = check_wanted
        self.asked_at = -math.inf
        self.due: float | None = None
        self.waits_until = -math.inf

    def begin(self, now: float) -> float:
        """The time for what comes next, which is never later than the answer may be."""
        if self.due is None:
            self.due = now + CALL_S - self.late_s
        self.until = min(now + CALL_S, max(self.due, self.waits_until + CALL_S))
        return self.until

    def ask(self) -> None:
        if self.check_wanted is not None:
            now = time.monotonic()
            if now - self.asked_at > ASKED_EVERY_S:
                self.check_wanted()
                self.asked_at = now


_current: ContextVar[_Call | None] = ContextVar("coord_call", default=None)


def begin(late_s: float = 0.0, check_wanted: Callable[[], None] | None = None) -> bool:
    """A call begins in this thread, which it has waited for. `check_wanted`: called before its
    first question, and before later ones now and then; what it raises, that question raises.

    False when it is part of one that is under way (a tool of MCP) and shares its deadline.
    """
    if _current.get() is not None:
        return False
    _current.set(_Call(None, min(late_s, MAX_LATE_S), check_wanted))
    return True


def end() -> None:
    """The call whose `begin` was true is over."""
    _current.set(None)


def wait_until(moment: float) -> None:
    """The caller of the call under way has asked to wait until then, of `time.monotonic()`."""
    call = _current.get()
    if call is not None:
        call.waits_until = max(call.waits_until, moment)


def restart() -> None:
    """The call has waited by its caller's wish; from now on it is owed an answer within CALL_S
    again, and within CALL_S of the end of the time that it was to wait.
    """
    call = _current.get()
    if call is not None:
        call.until = None


@contextlib.contextmanager
def shared() -> Iterator[None]:
    """The deadline of the call under way, or one of its own for what runs outside a call."""
    if begin():
        try:
            yield
        finally:
            end()
    else:
        yield


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Inside, the deadline is so many seconds from now, if it is not sooner."""
    token = _current.set(_Call(time.monotonic() + min(seconds, remaining())))
    try:
        yield
    finally:
        _current.reset(token)


def remaining() -> float:
    """Seconds until the answer is due; zero or less when it is overdue."""
    call, now = _current.get(), time.monotonic()
    if call is None:
        return CALL_S
    return (call.begin(now) if call.until is None else call.until) - now


@contextlib.contextmanager
def turn(
    lock: "threading.Lock | threading.Semaphore",
    too_late: Exception,
    *,
    leave_s: float = LAST_STEP_S,
    at_most_s: float = math.inf,
) -> Iterator[None]:
    """Inside, the lock is held. Raises `too_late` when it cannot be had within `at_most_s`, or
    before no more than `leave_s` of the call's time is left.
    """
    if not lock.acquire(timeout=max(0.0, min(at_most_s, remaining() - leave_s))):
        raise too_late
    try:
        yield
    finally:
        lock.release()


def check() -> None:
    """Raises faults.TooSlow when less than LAST_STEP_S remains, so that no step begins that could
    not end in time; and what `check_wanted` raises.
    """
    call = _current.get()
    if call is not None:
        call.ask()
    if remaining() < LAST_STEP_S:
        raise faults.TooSlow("the time for this call is used up")
