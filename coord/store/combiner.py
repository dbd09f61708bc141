"""Changes that go together: while one commit is on its way, those that come meanwhile gather, and
the next commit carries them all.

Workers of one node take turns as well, where a commit is slow: the database would let one wait for
the other, with what it has sent and no more, while others gather behind that.

A commit costs a round trip and the disk's fsync, whatever is in it, and commits are serial (see
journal.py). So under load this is what decides how many changes there are in a second; and a caller
alone waits for nobody.

Nobody's failure is another's. A change whose guard fails is undone alone. Where the transaction as
a whole fails, all of it is rolled back, and each goes on alone, with its own deadline.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from coord.store import deadline, faults
from coord.store.node_turn import NodeTurn

C = TypeVar("C")
R = TypeVar("R")

MAX_TOGETHER = 32  # few enough to be prepared on one connection, with room for the next
# characters of those that go with another: 32 long messages took seconds, and others as long
MAX_LENGTH_TOGETHER = 128 * 1024
# a caller with less time than this sends no more: the others would be late with it
MIN_REMAINING_S = 1.0
SLOW_S = 0.003  # a commit that takes longer is worth waiting for others


class _Turn(Generic[C, R]):
    """A change that waits. `length`: of its texts. `leads`: its caller is to send it, with those
    that have gathered. `outcome`: what it read or why nothing of it took hold, None where it is to
    go alone. `signal` is released when there is one of the two.
    """

    __slots__ = ("change", "leads", "length", "outcome", "signal")

    def __init__(self, change: C) -> None:
        self.change = change
        self.leads = False
        self.length = 0
        self.outcome: R | Exception | None = None
        self.signal = threading.Lock()
        self.signal.acquire()

    def resolve(self, outcome: R | Exception | None) -> None:
        self.outcome = outcome
        self.signal.release()


class Combiner(Generic[C, R]):
    """One for all changes of a process to one database: of them one commit is on its way."""

    def __init__(self, length_of: Callable[[C], int] = lambda change: 0) -> None:
        self._length_of = length_of
        self._is_free = True
        self._waiting: deque[_Turn[C, R]] = deque()
        self._lock = threading.Lock()
        self._took_s = 0.0  # the last commit
        self._node_turn = NodeTurn()

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
            if turn.leads:
                self._send(turn, send)
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
                turn.leads = True
                return
            turn.length = self._length_of(turn.change)
            self._waiting.append(turn)
        self._wait(turn)

    def _wait(self, turn: _Turn[C, R]) -> None:
        """Until it is known how it ended, or it is the turn's own to send."""
        try:
            if turn.signal.acquire(timeout=max(0.0, deadline.remaining() - MIN_REMAINING_S)):
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
        if turn.leads:
            self._pass_on()

    def _send(
        self,
        own: _Turn[C, R],
        send: Callable[[Sequence[C]], Sequence[R | Exception]],
    ) -> None:
        turns: list[_Turn[C, R]] = [own]
        outcomes: Sequence[R | Exception | None] = [None]
        try:
            with self._node_turn.taken(2 * self._took_s if self._took_s > SLOW_S else 0.0):
                turns += self._gathered()
                outcomes = [None] * len(turns)
                began = time.monotonic()
                outcomes = send([turn.change for turn in turns])
                self._took_s = time.monotonic() - began
        except Exception as error:
            is_lost = faults.classify(error).drops_connection
            if is_lost:
                outcomes = [faults.LostTogether(str(error)) for _ in turns]
            if is_lost or len(turns) == 1 or isinstance(error, faults.GivenUp):
                raise
        finally:
            self._pass_on()
            for turn, outcome in list(zip(turns, outcomes, strict=True))[1:]:
                turn.resolve(outcome)
        own.outcome = outcomes[0]

    def _gathered(self) -> list[_Turn[C, R]]:
        """Those that go with the one that leads. One that is too long waits until it leads itself,
        and those behind it do not wait for it.
        """
        gathered: list[_Turn[C, R]] = []
        too_long: list[_Turn[C, R]] = []
        room = MAX_LENGTH_TOGETHER
        with self._lock:
            while self._waiting and len(gathered) < MAX_TOGETHER - 1:
                turn = self._waiting.popleft()
                if turn.length > room:
                    too_long.append(turn)
                    continue
                gathered.append(turn)
                room -= turn.length
            self._waiting.extendleft(reversed(too_long))
        return gathered

    def _pass_on(self) -> None:
        """To the first of those that have gathered."""
        with self._lock:
            if not self._waiting:
                self._is_free = True
                return
            turn = self._waiting.popleft()
            turn.leads = True
        turn.signal.release()
