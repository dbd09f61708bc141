"""Answers that many open pages ask for at about the same time, read once for all of them.

Every page hears of a change at the same moment, and asks what became of it; and a page that begins
reads two megabytes. Whoever says how old an answer may be gets one that another page was given.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from coord.store import deadline, faults
from coord.web import iso


@dataclass(frozen=True)
class BoardAnswer:
    """An answer as JSON without `generated_at`, and when it was read: by the database's clock, and
    from when to when by this process's, in seconds.
    """

    cursor: int
    generated_at: datetime
    began: float
    ended: float
    text: bytes

    @property
    def parts(self) -> list[bytes]:
        """The answer, with the time that it is now. It may be behind by as long as the reading
        took: were it ahead, what happens next would seem to have been before.
        """
        now = self.generated_at + timedelta(seconds=time.monotonic() - self.ended)
        return [f'{{"generated_at":"{iso(now)}",'.encode(), self.text[1:]]


ReadAll = Callable[[], BoardAnswer]
ReadChanges = Callable[[int, int | None], BoardAnswer | None]
"""`read(after, upto)`: what changed between the revisions (None: until now); None when the journal
does not tell.
"""


class _Turns:
    """One at a time. Whoever waited while another failed fails in the same way: each after the
    other, they would wait for a database that hangs far longer than one call may.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._error: Exception | None = None
        self._failed_at = 0.0

    @contextmanager
    def turn(self) -> Iterator[float]:
        """With the moment at which it was asked for. Raises faults.TooSlow."""
        asked_at = time.monotonic()
        too_late = faults.TooSlow("other pages take too long to be answered")
        with deadline.turn(self._lock, too_late):
            if self._error is not None and self._failed_at >= asked_at:
                raise self._error
            try:
                yield asked_at
            except Exception as error:
                self._error, self._failed_at = error, time.monotonic()
                raise
            self._error = None


class SharedAnswers:
    """Of one app in this process."""

    def __init__(self) -> None:
        self._all_turns = _Turns()
        self._all: BoardAnswer | None = None
        self._changes_turns = _Turns()
        self._began = -math.inf
        self._upto: int | None = None
        self._changes: dict[int, BoardAnswer | None] = {}

    def all(self, max_age_s: float, read: ReadAll) -> BoardAnswer:
        if max_age_s <= 0:
            return read()
        with self._all_turns.turn() as asked_at:
            if self._all is None or _is_old(self._all.began, asked_at, max_age_s):
                self._all = read()
            return self._all

    def changes(self, after: int, max_age_s: float, read: ReadChanges) -> BoardAnswer | None:
        """All that ask within `max_age_s` get the same revision as the last, so the next time
        they ask for the same again.
        """
        if max_age_s <= 0:
            return read(after, None)
        with self._changes_turns.turn() as asked_at:
            if _is_old(self._began, asked_at, max_age_s):
                self._began, self._upto, self._changes = time.monotonic(), None, {}
            if after not in self._changes:
                upto = self._upto if self._upto is not None and after < self._upto else None
                answer = self._changes[after] = read(after, upto)
                if answer is not None and upto is None:
                    self._upto = answer.cursor
            return self._changes[after]


def _is_old(began: float, asked_at: float, max_age_s: float) -> bool:
    """Of what began to be read at a moment. What began after it was asked for is as new as can be,
    however long the reading took.
    """
    return began < asked_at and time.monotonic() - began > max_age_s
