"""The database's clock, as clients see it who read their own."""

import math
import time

SLACK_S = 2.0


class Clock:
    """How far it is ahead of the clients' clock, from when on; all times of both are seconds.

    It is moved by more than a run lasts, so a time that it shows says by itself how far it was
    ahead.
    """

    def __init__(self) -> None:
        self._moves = [(-math.inf, 0.0)]
        self._began = time.time()

    def begin(self) -> None:
        """A run begins."""
        self._moves = [(-math.inf, self._moves[-1][1])]
        self._began = time.time()

    def move(self, ahead: float) -> None:
        """It is about to be moved."""
        self._moves.append((time.time(), ahead))

    @property
    def moves(self) -> list[float]:
        """When it was moved in this run."""
        return [at for at, _ in self._moves[1:]]

    def own(self, shown: float) -> float:
        """When it showed this in the run, by the clients' clock."""
        since, until = self._began - SLACK_S, time.time() + SLACK_S
        every = [shown - ahead for _, ahead in self._moves]
        return next((each for each in every if since <= each <= until), every[0])

    def gets_to(self, shown: float, since: float) -> float:
        """When it first shows this or more, by the clients' clock and since a time of that."""
        ends = [*self.moves, math.inf]
        for (began, ahead), end in zip(self._moves, ends, strict=True):
            at = max(shown - ahead, began, since)
            if at < end:
                return at
        return math.inf
