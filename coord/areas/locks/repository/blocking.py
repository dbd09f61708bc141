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
    asked = {row["waiter_id"] for row in rows}
    lock_of_waiter: dict[str, str] = {}
    if len(own_locks) < len(asked):  # whichever takes fewer reads
        for lock in own_locks:
            for row in waiters.blocked_by(db, lock):
                if row["waiter_id"] in asked:
                    lock_of_waiter.setdefault(row["waiter_id"], lock["id"])
        return lock_of_waiter
    for waiter_id in asked:
        wanted = waiters.rows_of(db, waiter_id)
        for lock in own_locks:
            if any(conflict(row, lock) for row in wanted):
                lock_of_waiter[waiter_id] = lock["id"]
                break
    return lock_of_waiter
