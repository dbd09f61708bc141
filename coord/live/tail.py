"""The end of the journal, as this process has it in memory.

The watcher reads every entry anyway. Whoever follows the journal finds here what came in the last
moments, so that it is read once for all of them, and made once into what they are told.
"""

import bisect
import time
from collections.abc import Callable
from dataclasses import dataclass

from coord.store import Reader, Row, Rows, journal

MAX_READ = 500  # entries read at once
KEPT_S = 2.0  # several times what a stream rests; whoever comes later reads the journal
MAX_ENTRIES = 1000


class Entry:
    """A row of the journal. It is made into what followers are told when the first of them is."""

    __slots__ = ("_encoded", "read_at", "row")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.read_at = time.monotonic()
        self._encoded: bytes | None = None

    def encoded(self, make: Callable[[Row], bytes]) -> bytes:
        """`make` is the same for all."""
        encoded = self._encoded
        if encoded is None:
            encoded = self._encoded = make(self.row)
        return encoded


@dataclass(frozen=True)
class Seen:
    """All entries after the revision `since`, up to the revision `upto`."""

    since: int
    upto: int
    entries: tuple[Entry, ...] = ()

    def after(self, revision: int) -> "Seen | None":
        """None when it does not reach back so far."""
        if revision < self.since:
            return None
        at = bisect.bisect_right(self.entries, revision, key=lambda entry: entry.row["revision"])
        return Seen(revision, max(revision, self.upto), self.entries[at:])


class Tail:
    """Written by one thread. What others read of it is replaced and never changed."""

    def __init__(self) -> None:
        self.seen = Seen(0, 0)

    def begin_at(self, revision: int) -> None:
        """Nothing is known of what came before."""
        self.seen = Seen(revision, revision)

    def add(self, rows: Rows) -> None:
        """All that follows what was added before; none is an answer too."""
        seen = self.seen
        if not rows and not seen.entries:
            return
        entries = (*seen.entries, *map(Entry, rows))
        oldest = time.monotonic() - KEPT_S
        first = max(0, len(entries) - MAX_ENTRIES)
        while first < len(entries) and entries[first].read_at < oldest:
            first += 1
        since = entries[first - 1].row["revision"] if first else seen.since
        upto = rows[-1]["revision"] if rows else seen.upto
        self.seen = Seen(since, upto, entries[first:])


def head_revision(db: Reader) -> int:
    return journal.head(db).revision


def rows_after(db: Reader, revision: int) -> Rows:
    return db.rows(journal.AFTER, after=revision, limit=MAX_READ)
