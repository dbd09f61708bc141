"""Deletes what the journal is not to keep any longer, a little at a time."""

import time

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import bindparam as param

from coord.store import (
    Answer,
    Change,
    Decision,
    Event,
    Prepared,
    Reader,
    journal,
    microseconds,
    now,
    plus,
    transact,
)

BATCH = 1000  # entries in one change: others wait while it runs (some 10 ms)
BATCHES = 20  # in one go
EVERY_S = 60.0

_entry = journal.JournalEntry.__table__.c
_head = journal.JournalHead.__table__

_next_at = 0.0

# The oldest kept; and the one that ends the batch, when all up to it are older than the time
# allows.
_DUE = Prepared(
    sa.select(_entry.revision)
    .where(_entry.at < plus(now(), param("age_us", type_=sa.BigInteger)))
    .where(
        _entry.revision
        <= sa.select(sa.func.min(_entry.revision)).scalar_subquery()
        + param("batch", type_=sa.Integer)
    )
    .order_by(_entry.revision.desc())
    .limit(1)
)
_DELETE = Prepared(
    sa.delete(journal.JournalEntry.__table__).where(
        _entry.revision <= param("upto", type_=sa.BigInteger)
    )
)
_NOTE = Prepared(
    sa.update(_head)
    .where(_head.c.id == 1, _head.c.trimmed < param("upto", type_=sa.BigInteger))
    .values(trimmed=param("upto", type_=sa.BigInteger))
)


def trim() -> None:
    """Once a minute. Several workers may: the guard lets one of them do each batch."""
    global _next_at  # noqa: PLW0603 (of this process)
    days = current_app.config["JOURNAL_DAYS"]
    if not days or time.monotonic() < _next_at:
        return
    _next_at = time.monotonic() + EVERY_S
    for _ in range(BATCHES):
        if not transact(trim_once, days):
            return


def trim_once(db: Reader, days: float) -> Decision[bool]:
    """A change that deletes one batch of what is older than so many days; False when there
    is none.
    """
    upto = db.value(_DUE, age_us=-microseconds(days=days), batch=BATCH)
    if upto is None:
        return Answer(False)
    change: Change[bool] = Change()
    change.add(_NOTE, {"upto": upto}, expect=1)
    change.add(_DELETE, {"upto": upto})
    change.record(Event("journal.trimmed", "journal", str(upto), data={"upto": upto, "days": days}))
    change.answer_with(lambda _: True)
    return change
