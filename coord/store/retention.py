"""Deletes what is not to be kept any longer, a little at a time: each area says what of its own, in
its `on_tick`.

What is unread, held or open stays, however old it is. Several workers may do it at once: the row
counts let one of them delete each batch.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import current_app

from coord.store.change import Answer, Change, Decision
from coord.store.functions import microseconds
from coord.store.journal import Event
from coord.store.reader import Reader
from coord.store.statements import Prepared
from coord.store.transactions import transact

BATCH = 500  # rows in one change: others wait while it runs (some 10 ms)
MAX_BATCHES = 20  # in one round
ROUND_S = 60.0


@dataclass
class Retention:
    """What an area keeps for a number of days."""

    event: str
    """The type that deleting is recorded as; its subject is the kind before the dot."""
    setting: str
    """Has the days; 0: for ever."""
    table: sa.Table
    due: Prepared
    """Finds the `revision` of at most `batch` rows of the table that are older than `age_us`, which
    is negative.
    """
    others: Sequence[sa.Column[Any]] = ()
    """Columns of further tables whose rows go with them, by the revision or by what `due` calls
    their `key`.
    """
    next_at: float = field(default=0.0)

    def run(self) -> None:
        """Once a minute in each worker."""
        days = current_app.config[self.setting]
        if not days or time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + ROUND_S
        for _ in range(MAX_BATCHES):
            if not transact(self.trim, days):
                return

    def trim(self, db: Reader, days: float) -> Decision[int]:
        """Deletes one batch; how many rows it was."""
        rows = db.rows(self.due, age_us=-microseconds(days=days), batch=BATCH)
        revisions = [row["revision"] for row in rows]
        if not revisions:
            return Answer(0)
        keys = [row.get("key", row["revision"]) for row in rows]
        change: Change[int] = Change()
        for column in self.others:
            change.add(sa.delete(column.table).where(column.in_(keys)))
        own = self.table.c.revision.in_(revisions)
        change.add(sa.delete(self.table).where(own), expect=len(revisions))
        data = {"count": len(revisions), "days": days}
        kind = self.event.partition(".")[0]
        change.record(Event(self.event, kind, str(max(revisions)), data=data))
        change.answer_with(lambda _: len(revisions))
        return change
