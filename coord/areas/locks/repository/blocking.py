"""Who is in whose way: locks that keep waiters waiting, and waiters that wait for the caller
itself."""

from coord.areas.locks.repository import waiters
from coord.areas.locks.repository.queries import held_by
from coord.areas.locks.repository.statements import overlapping
from coord.areas.locks.rows import LockRow, ResourceRow, WaiterRow, conflict, resource_of
from coord.store import Reader


def blocking_locks(db: Reader, claimed: ResourceRow) -> list[LockRow]:
    """The locks held that are in the way of this; the oldest first."""
    return [
        lock
        for lock in overlapping(db, claimed["project_key"], resource_of(claimed))
        if lock["released_at"] is None and conflict(lock, claimed)
    ]


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
