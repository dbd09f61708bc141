"""Noting that locks have expired: from then on their rows say so, and the journal."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.repository.statements import (
    columns,
    lock_columns,
    lock_event,
    table,
)
from coord.areas.locks.rows import LockRow, lock_as_of_now
from coord.store import Answer, Change, Decision, Prepared, Reader, along, journal, now

MAX_NOTED = 100  # expired locks noted by one change

_DUE = Prepared(
    along(
        sa.select(*lock_columns)
        .where(columns.released_at.is_(None), columns.expires_at <= now())
        .limit(MAX_NOTED),
        table,
        "ix_locks_due",
    )
)

_EXPIRE = Prepared(
    sa.update(table)
    .where(
        columns.id == param("lock_id"),
        columns.released_at.is_(None),
        columns.expires_at <= journal.moment,
    )
    .values(released_at=columns.expires_at, release_reason="expired")
)


def note_expired(db: Reader) -> Decision[None]:
    """Notes which locks have expired, some at a time."""
    change: Change[None] = Change()
    for row in db.rows(_DUE):
        expire(change, lock_as_of_now(row))
    return change if change.steps else Answer(None)


def expire(change: Change[Any], lock: LockRow) -> None:
    change.add(_EXPIRE, {"lock_id": lock["id"]}, expect=1)
    change.record(lock_event("lock.expired", lock, None, holder=lock["session_id"]))
