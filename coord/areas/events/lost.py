"""Notices that the database has lost what it had committed: a replica was promoted that was behind,
or a server crashed that does not put each commit on the disk.

Its journal goes on from an earlier revision then, and would give out once more what was given out
since: cursors, and fencing tokens that somebody else was told. So these are skipped, as after a
restored backup.
"""

import logging
from dataclasses import dataclass

import sqlalchemy as sa

from coord.areas.events.commands import GAP, record_restored
from coord.live import memory
from coord.store import JournalHead, Prepared, Reader, journal, read, run, transact

log = logging.getLogger(__name__)

_head = JournalHead.__table__.c

# guarded, so that of several workers one does it; and a node of a cluster that only lags does not
_SKIP_LOST = Prepared(
    sa.update(JournalHead.__table__)
    .where(_head.id == 1, _head.revision < sa.bindparam("seen", type_=sa.BigInteger))
    .ordered_values(
        (_head.trimmed, sa.bindparam("seen", type_=sa.BigInteger) + GAP),
        (_head.revision, sa.bindparam("seen", type_=sa.BigInteger) + GAP),
    )
)


@dataclass
class _Seen:
    """The furthest revision that this process has seen of its database."""

    revision: int = 0


def look() -> None:
    """Twice a second in each worker."""
    seen = memory.kept("last revision", _Seen)
    revision = read(_revision)
    if revision is None:
        return
    if revision < seen.revision and run(_SKIP_LOST, {"seen": seen.revision}):
        transact(record_restored)
        log.critical(
            "the database has lost what was committed: its journal stood at %d, and stands at %d."
            " What was locked in between is not locked any more, and followers begin anew",
            seen.revision,
            revision,
        )
        revision += GAP
    seen.revision = max(revision, seen.revision)


def _revision(db: Reader) -> int | None:
    """None where the head itself is broken, which is said elsewhere."""
    return None if journal.problem_of_head(db) is not None else journal.head(db).revision
