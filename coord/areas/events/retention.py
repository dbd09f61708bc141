"""Deletes what the journal is not to keep any longer, a little at a time."""

import time
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import bindparam as param

from coord import journal
from coord.change import Change, Look, settle
from coord.db import microseconds, now, plus
from coord.journal import Event
from coord.statements import Prepared

BATCH = 1000  # entries in one change: others wait while it runs (some 10 ms)
BATCHES = 20  # in one go
EVERY_S = 60.0

_entry = journal.Entry.__table__.c
_head = journal.Head.__table__

_next_at = 0.0

# The oldest kept; and the one that ends the batch, when all up to it are older than the time allows.
_DUE = Prepared(
    sa.select(_entry.revision)
    .where(_entry.at < plus(now(), param("age_us", type_=sa.BigInteger)))
    .where(_entry.revision <= sa.select(sa.func.min(_entry.revision)).scalar_subquery() + param("batch", type_=sa.Integer))
    .order_by(_entry.revision.desc())
    .limit(1)
)
_DELETE = Prepared(sa.delete(journal.Entry.__table__).where(_entry.revision <= param("upto", type_=sa.BigInteger)))
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
        if not settle(trim_once, days):
            return


def trim_once(look: Look, days: float) -> Any:
    """A change that deletes one batch of what is older than so many days; False when there is none."""
    upto = look.value(_DUE, age_us=-microseconds(days=days), batch=BATCH)
    if upto is None:
        return False
    change = Change()
    change.add(_NOTE, rows=1, upto=upto)
    change.add(_DELETE, upto=upto)
    change.record(Event("journal.trimmed", "journal", str(upto), data={"upto": upto, "days": days}))
    change.finish = lambda _: True
    return change
