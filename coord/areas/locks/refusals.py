"""Claims that were refused at once. Such a claim changes nothing and costs no write; they are
counted in memory, and upkeep tells the journal of them, so that the past shows what was fought
over.

A session that tries again and again for the same is told of once a minute. What a worker had
counted when it stopped, a minute at most, is lost.
"""

import threading
import time
from collections import Counter

from coord.areas.locks import repository
from coord.areas.locks.rows import Refusal
from coord.areas.locks.terms import Blocked, ClaimTerms
from coord.live import memory
from coord.store import transact

REPORT_EVERY_S = 60.0
MAX_KEPT = 1_000  # anybody may make names up; what finds no room is not counted
BATCH = 50  # told in one change: others wait for their turn while it runs


class Refusals:
    """How often each was refused since the journal was told; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Refusal] = Counter()
        self._since = 0.0

    def note(self, refusal: Refusal) -> None:
        with self._lock:
            if not self._counts:
                self._since = time.monotonic()
            if refusal in self._counts or len(self._counts) < MAX_KEPT:
                self._counts[refusal] += 1

    def take_due(self) -> list[tuple[Refusal, int]]:
        """Some of those that are due; they are the taker's now."""
        with self._lock:
            if time.monotonic() - self._since < REPORT_EVERY_S:
                return []
            taken = list(self._counts.items())[:BATCH]
            for refusal, _ in taken:
                del self._counts[refusal]
        return taken


def _of_app() -> Refusals:
    return memory.kept("lock refusals", Refusals)


def note(terms: ClaimTerms, blocked: Blocked) -> None:
    """Where waiters alone are in the way, they say in the journal what is fought over."""
    if blocked.conflicts:
        lock = blocked.conflicts[0]
        _of_app().note(Refusal(terms.session_id, lock["id"], lock["project_key"], lock["resource"]))


def report() -> None:
    """What cannot be written is lost: the past says less then, and nothing else."""
    taken = _of_app().take_due()
    if taken:
        transact(repository.record_refusals, taken)
