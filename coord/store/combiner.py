"""Changes that go together: while one commit is on its way, those that come meanwhile gather, and
the next commit carries them all.

A commit costs a round trip and the disk's fsync, whatever is in it, and commits are serial (see
journal.py). So under load this is what decides how many changes there are in a second; and a caller
alone waits for nobody.

Nobody's failure is another's. A change whose guard fails is undone alone. Where the transaction as
a whole fails, all of it is rolled back, and each goes on alone, with its own deadline.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from coord.store import deadline, faults

C = TypeVar("C")
R = TypeVar("R")

MAX_TOGETHER = 32  # few enough to be prepared on one connection, with room for the next
# with less time left a change is not sent any more: those that go with it would lose theirs to it
LEAST_S = 1.0


class _Turn(Generic[C, R]):
    """A change that waits. `lead`: those that its caller is to send, itself first. `outcome`: what
    it read or why nothing of it took hold, None where it is to go alone. `signal` is released when
    there is one of the two.
    """

    __slots__ = ("change", "lead", "outcome", "signal")

    def __init__(self, change: C) -> None:
        self.change = change
        self.lead: list[_Turn[C, R]] = []
        self.outcome: R | Exception | None = None
        self.signal = threading.Lock()
        self.signal.acquire()

    def tell(self, outcome: R | Exception | None) -> None:
        self.outcome = outcome
        self.signal.release()


class Combiner(Generic[C, R]):
    """One for all changes of a process to one database: of them one commit is on its way."""

    def __init__(self) -> None:
        self._is_free = True
        self._waiting: deque[_Turn[C, R]] = deque()
        self._lock = threading.Lock()

    def carry_out(
        self,
        change: C,
        send: Callable[[Sequence[C]], Sequence[R | Exception]],
        *,
        alone: bool = False,
    ) -> R:
        """What the change read. `alone`: it is sent at once and with no other.

        `send` carries changes out over the caller's connection, in one transaction and this order,
        and says of each what it read or why nothing of it took hold; it raises when nothing of them
        took hold, or when nobody knows. Raises the same; faults.LostTogether when another caller's
        connection was lost under the change; and faults.TooSlow when the caller's time is used up
        before it is known how its change ended.
        """
        turn: _Turn[C, R] = _Turn(change)
        if not alone:
            self._take_turn(turn)
            if turn.lead:
                self._send(turn.lead, send)
        outcome = turn.outcome
        if outcome is None:
            (outcome,) = send([change])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _take_turn(self, turn: _Turn[C, R]) -> None:
        with self._lock:
            if self._is_free:
                self._is_free = False
                turn.lead = [turn]
                return
            self._waiting.append(turn)
        self._wait(turn)

    def _wait(self, turn: _Turn[C, R]) -> None:
        """Until it is known how it ended, or it is the turn's own to send."""
        try:
            if turn.signal.acquire(timeout=max(0.0, deadline.remaining() - LEAST_S)):
                return
            with self._lock:
                is_on_its_way = turn not in self._waiting
            if is_on_its_way and turn.signal.acquire(timeout=max(0.0, deadline.remaining())):
                return
        except BaseException:
            self._leave(turn)
            raise
        self._leave(turn)
        raise faults.TooSlow("the changes before it took all the time")

    def _leave(self, turn: _Turn[C, R]) -> None:
        """Its caller waits no longer."""
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
        if turn.lead:
            self._pass_on()
            for other in turn.lead[1:]:
                other.tell(None)

    def _send(
        self,
        turns: list[_Turn[C, R]],
        send: Callable[[Sequence[C]], Sequence[R | Exception]],
    ) -> None:
        own, *others = turns
        outcomes: Sequence[R | Exception | None] = [None] * len(turns)
        try:
            outcomes = send([turn.change for turn in turns])
        except Exception as error:
            is_lost = faults.classify(error).drops_connection
            if is_lost:
                outcomes = [faults.LostTogether(str(error)) for _ in turns]
            if is_lost or not others or isinstance(error, faults.GivenUp):
                raise
        finally:
            self._pass_on()
            for turn, outcome in zip(others, outcomes[1:], strict=True):
                turn.tell(outcome)
        own.outcome = outcomes[0]

    def _pass_on(self) -> None:
        """To the first of those that have gathered."""
        with self._lock:
            count = min(MAX_TOGETHER, len(self._waiting))
            turns = [self._waiting.popleft() for _ in range(count)]
            if not turns:
                self._is_free = True
                return
            turns[0].lead = turns
        turns[0].signal.release()
