"""Renewing locks, and what signs of life of their sessions mean for them."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.errors import LockLost, NotHolder
from coord.areas.locks.repository.queries import get
from coord.areas.locks.repository.statements import (
    columns,
    held,
    lock_event,
    read_back,
    stale_at,
    table,
)
from coord.areas.locks.rows import LockRow, lock_as_of_now
from coord.observed_at import new_observed_at, refuse_skew
from coord.store import (
    Change,
    Decision,
    Prepared,
    Reader,
    Row,
    Timestamp,
    journal,
    microseconds,
    plus,
)

_session_id = param("by", type_=sa.String)
_held_by_session = sa.and_(columns.session_id == _session_id, held(journal.moment))

_decided_at = sa.func.coalesce(new_observed_at, journal.moment, type_=Timestamp)
_newest_decision = sa.func.coalesce(columns.decided_at, columns.acquired_at)

_RENEW = Prepared(
    sa.update(table)
    .where(columns.id == param("lock_id"), _held_by_session)
    .values(
        ttl_hours=param("new_ttl_hours"),
        description=param("new_description"),
        decided_at=sa.case((_newest_decision > _decided_at, columns.decided_at), else_=_decided_at),
        last_activity_at=journal.moment,
        stale_at=stale_at(_session_id),
        expires_at=plus(journal.moment, param("ttl_us", type_=sa.BigInteger)),
    )
)

_SHOW_ACTIVITY = Prepared(
    sa.update(table)
    .where(_held_by_session)
    .values(last_activity_at=journal.moment, stale_at=stale_at(_session_id))
)
_RESTART_TTLS = Prepared(
    sa.update(table)
    .where(_held_by_session, columns.ttl_hours > 0)
    .values(
        expires_at=plus(
            journal.moment,
            sa.cast(sa.func.round(columns.ttl_hours * 3_600_000_000), sa.BigInteger),
        )
    )
)
_MAKE_STALE = Prepared(
    sa.update(table)
    .where(_held_by_session, columns.stale_at > journal.moment)
    .values(stale_at=journal.moment)
)


@dataclass(frozen=True)
class Renewal:
    """What a lock has after its renewal. `stale_us`: microseconds without a sign of life after
    which it turns stale.

    `observed_at`: when its holder decided to keep it; None: now, by the database's clock.
    """

    ttl_hours: float
    description: str | None
    stale_us: int
    observed_at: datetime | None


def renew(db: Reader, lock_id: str, body: Row, stale_us: int) -> Decision[LockRow]:
    """Counts as activity and starts the TTL anew; what the body leaves out stays as it is (see
    `RenewSchema`).

    Raises NotFound, NotHolder, Invalid and LockLost. May be repeated.
    """
    lock = get(db, lock_id)
    refuse_skew(body["observed_at"], lock["now"])
    if lock["released_at"] is not None:
        raise LockLost(lock)
    if lock["session_id"] != body["session_id"]:
        raise NotHolder(lock)
    change: Change[LockRow] = Change()
    renewal = Renewal(
        ttl_hours=body.get("ttl_hours", lock["ttl_hours"]),
        description=body.get("description", lock["description"]),
        stale_us=stale_us,
        observed_at=body["observed_at"],
    )
    add_renewal(change, lock, renewal)
    change.answer_with(lambda rows: lock_as_of_now(rows[0]), *read_back([lock_id]))
    return change


def add_renewal(change: Change[Any], lock: LockRow, renewal: Renewal, **data: Any) -> None:
    """Adds the renewal of a lock by its holder. `data`: what the event says besides."""
    values = {
        "lock_id": lock["id"],
        "by": lock["session_id"],
        "new_ttl_hours": renewal.ttl_hours,
        "new_description": renewal.description,
        "ttl_us": microseconds(hours=renewal.ttl_hours) or None,
        "stale_us": renewal.stale_us,
        "new_observed_at": renewal.observed_at,
    }
    change.add(_RENEW, values, expect=1)
    if 0 < renewal.ttl_hours < (lock["ttl_hours"] or math.inf):
        data["shortened"] = True  # whoever waits for it learns that it ends sooner
    change.record(lock_event("lock.renewed", lock, lock["session_id"], **data))


def show_activity(change: Change[Any], session_id: str, stale_us: int) -> None:
    """Counts as activity on all locks of the session."""
    change.add(_SHOW_ACTIVITY, {"by": session_id, "stale_us": stale_us})


def restart_ttls(change: Change[Any], session_id: str) -> None:
    """Starts the TTL of all locks of the session anew."""
    change.add(_RESTART_TTLS, {"by": session_id})


def make_stale(change: Change[Any], session_id: str) -> None:
    """All locks of the session turn stale at once."""
    change.add(_MAKE_STALE, {"by": session_id})
