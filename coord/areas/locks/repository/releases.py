"""Releasing locks: by id, by name, all of a session, and those that are stale."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import Notice, deliver
from coord.areas.locks.errors import NotHolder, Superseded
from coord.areas.locks.repository.queries import get, held_by_newest_first, refuse_skew_now
from coord.areas.locks.repository.statements import (
    RELEASE_BY_FORCE,
    RELEASE_STALE,
    columns,
    held,
    in_order,
    lock_event,
    overlapping,
    read_back,
    table,
)
from coord.areas.locks.resources import Resource, canonical
from coord.areas.locks.rows import LockAnswer, LockRow, claimed_at, lock_as_of_now, resource_of
from coord.observed_at import is_superseded, not_superseded, refuse_skew
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Row, journal


def _release_guarded(*guards: sa.ColumnElement[bool]) -> Prepared:
    return Prepared(
        sa.update(table)
        .where(
            columns.id == param("lock_id"),
            columns.session_id == param("by"),
            held(journal.moment),
            *guards,
        )
        .values(released_at=journal.moment, released_by=param("by"), release_reason=param("reason"))
    )


_RELEASE = _release_guarded()
_RELEASE_OBSERVED = _release_guarded(not_superseded(columns.decided_at))
"""For a lock whose `acquired_at`, which does not change, was compared before where it counts."""

_RECORD_OF_LOCK = journal.recording(
    columns.id == param("subject_id", type_=sa.String),
    project_key=columns.project_key,
    data=sa.func.json_object(
        "resource",
        columns.resource,
        "mode",
        columns.mode,
        "description",
        columns.description,
        type_=sa.String,
    ),
)


def release_held(lock_id: str, session_id: str) -> Change[LockRow]:
    """The change that releases the lock if the caller holds it. Nothing is read before: the
    guard decides."""
    change: Change[LockRow] = Change()
    change.add(_RELEASE, {"lock_id": lock_id, "by": session_id, "reason": "released"}, expect=1)
    change.record(
        Event("lock.released", "lock", lock_id, session_id=session_id, statement=_RECORD_OF_LOCK)
    )
    change.answer_with(lambda rows: lock_as_of_now(rows[0]), *read_back([lock_id]))
    return change


def release(
    db: Reader,
    lock_id: str,
    session_id: str,
    observed_at: datetime | None,
    force_reason: str | None = None,
) -> Decision[LockRow]:
    """Releases the caller's lock, or anybody's that is stale; with a reason for it, anybody's at
    all, and its holder is told. Raises NotFound, NotHolder, Invalid and Superseded.

    May be repeated: then it is answered as it was released. `observed_at`: when the caller decided
    to. Who names the id of a grant means this grant, whenever it was made: only a later renewal
    counts as newer.
    """
    lock = get(db, lock_id)
    refuse_skew(observed_at, lock["now"])
    if lock["released_at"] is not None:
        return Answer(lock)
    change: Change[LockRow] = Change()
    _add_release(change, lock, session_id, observed_at, lock["decided_at"], force_reason)
    change.answer_with(lambda rows: lock_as_of_now(rows[0]), *read_back([lock_id]))
    return change


def release_by_name(
    db: Reader, session_id: str, project_key: str, name: str, observed_at: datetime | None
) -> Decision[list[LockAnswer]]:
    """Releases what the caller holds under this name, or what is held there and stale.

    Raises NotHolder for another's live lock, Invalid and Superseded. May be repeated: a caller that
    held it and no longer does is told that none was released, whoever has it by now.
    """
    refuse_skew_now(db, observed_at)
    resource = canonical(name)
    held_locks = [
        lock
        for lock in overlapping(db, project_key, resource)
        if resource_of(lock) == resource and lock["released_at"] is None
    ]
    own = [lock for lock in held_locks if lock["session_id"] == session_id]
    locks = own or [lock for lock in held_locks if lock["stale"]]
    if not locks and held_locks and not _held_before(db, session_id, project_key, resource):
        raise NotHolder(held_locks[0])
    return _release_all(locks, session_id, observed_at)


def _held_before(db: Reader, session_id: str, project_key: str, resource: Resource) -> bool:
    query = sa.select(columns.id).where(
        columns.session_id == session_id,
        columns.project_key == project_key,
        columns.resource_key == resource.key,
        columns.tree == resource.tree,
    )
    return db.row(query.limit(1)) is not None


def release_all(
    db: Reader, session_id: str, project_key: str | None, observed_at: datetime | None
) -> Decision[list[LockAnswer]]:
    """Releases everything that the session holds (in the project), but what it claimed after it
    decided this.

    Raises Invalid. May be repeated: then there is nothing to release.
    """
    refuse_skew_now(db, observed_at)
    locks = held_by_newest_first(db, session_id, project_key)
    return _release_all(_claimed_before(locks, observed_at), session_id, observed_at)


def _claimed_before(locks: list[LockRow], observed_at: datetime | None) -> list[LockRow]:
    """Those of the locks that were claimed by this time, and not again since; all when there is
    no time."""
    return [lock for lock in locks if not is_superseded(observed_at, claimed_at(lock))]


def _release_all(
    locks: list[LockRow], session_id: str, observed_at: datetime | None
) -> Decision[list[LockAnswer]]:
    if not locks:
        return Answer([])
    change: Change[list[LockAnswer]] = Change()
    for lock in sorted(locks, key=lambda lock: lock["id"]):  # the same order for all: no deadlocks
        _add_release(change, lock, session_id, observed_at, claimed_at(lock))
    ids = [lock["id"] for lock in locks]
    change.answer_with(lambda rows: in_order(rows, ids), *read_back(ids))
    return change


def _add_release(
    change: Change[Any],
    lock: LockRow,
    session_id: str,
    observed_at: datetime | None,
    newest: datetime | None,
    force_reason: str | None = None,
) -> None:
    """`newest`: what `observed_at` is compared with."""
    if lock["session_id"] != session_id and not lock["stale"] and force_reason is None:
        raise NotHolder(lock)
    if newest is not None and is_superseded(observed_at, newest):
        raise Superseded(lock, newest)
    if lock["session_id"] == session_id:
        release_locks(change, [lock], session_id, "released", observed_at)
    elif lock["stale"]:
        change.add(RELEASE_STALE, {"lock_id": lock["id"], "by": session_id}, expect=1)
        event = lock_event(
            "lock.released", lock, session_id, holder=lock["session_id"], reason="stale"
        )
        change.record(event)
    else:
        _add_forced_release(change, lock, session_id, str(force_reason))


def _add_forced_release(
    change: Change[Any], lock: LockRow, session_id: str, stated_reason: str
) -> None:
    holder = lock["session_id"]
    change.add(RELEASE_BY_FORCE, {"lock_id": lock["id"], "by": session_id}, expect=1)
    details = {"holder": holder, "reason": "forced", "stated_reason": stated_reason}
    change.record(lock_event("lock.released", lock, session_id, **details))
    body = (
        f"{session_id} released {lock['resource']!r} (lock {lock['id']}), which you held, by force."
        " Others may have it now: leave it alone until you have claimed it again. The reason that"
        f" {session_id} gave: {stated_reason}"
    )
    subject = f"{session_id} released a lock of yours by force"
    deliver(change, Notice(holder, subject, body, lock["project_key"]))


def release_locks(
    change: Change[Any],
    locks: list[LockRow],
    session_id: str,
    reason: str,
    observed_at: datetime | None,
) -> None:
    """Adds the release of each of these locks of the session, in the order of their ids."""
    for lock in sorted(locks, key=lambda lock: lock["id"]):
        values: Row = {"lock_id": lock["id"], "by": session_id, "reason": reason}
        if observed_at is None:
            change.add(_RELEASE, values, expect=1)
        else:
            change.add(_RELEASE_OBSERVED, {**values, "new_observed_at": observed_at}, expect=1)
        data = {} if reason == "released" else {"reason": reason}
        change.record(lock_event("lock.released", lock, session_id, **data))
