"""Who is in whose way: locks that keep waiters waiting, and waiters that wait for the caller
itself."""

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.repository import waiters
from coord.areas.locks.repository.queries import held_by
from coord.areas.locks.repository.statements import columns, held, overlapping
from coord.areas.locks.rows import LockRow, ResourceRow, WaiterRow, conflict, resource_of
from coord.store import Id, Prepared, Reader, now


def blocking_locks(db: Reader, claimed: ResourceRow) -> list[LockRow]:
    """The locks held that are in the way of this; the oldest first."""
    return [
        lock
        for lock in overlapping(db, claimed["project_key"], resource_of(claimed))
        if lock["released_at"] is None and conflict(lock, claimed)
    ]


_session_id = param("session_id", type_=sa.String)
_MAY_BE_WAITED_FOR = Prepared(
    sa.select(
        sa.exists().where(columns.session_id == _session_id, held(now())).label("holds"),
        waiters.another_of(_session_id, param("waiter", type_=Id)).label("waits"),
    )
)


def may_be_waited_for(db: Reader, session_id: str, waiter_id: str) -> bool:
    """Whether the session has anything that others may wait for: a lock, or another waiter than
    this."""
    (row,) = db.rows(_MAY_BE_WAITED_FOR, session_id=session_id, waiter=waiter_id)
    return bool(row["holds"] or row["waits"])


def waiting_on_me(db: Reader, rows: list[WaiterRow], session_id: str) -> dict[str, str]:
    """The waiters among these that wait for a lock of the session itself: that lock's id by theirs.

    They need not go first: nobody is held up who could go, and to wait for them would be to wait
    for itself.
    """
    own_locks = held_by(db, session_id) if rows else []
    lock_of_waiter: dict[str, str] = {}
    for waiter_id in {row["waiter_id"] for row in rows} if own_locks else set():
        wanted = waiters.rows_of(db, waiter_id)
        lock_id = next(
            (lock["id"] for lock in own_locks if any(conflict(row, lock) for row in wanted)), None
        )
        if lock_id is not None:
            lock_of_waiter[waiter_id] = lock_id
    return lock_of_waiter
