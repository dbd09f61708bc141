"""Locks that are no longer held are kept for a time; those that are held stay, however old."""

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.models import Lock, LockAlias
from coord.store import Prepared, Retention, now, plus

_locks = Lock.__table__
_c = _locks.c

_DUE = Prepared(
    sa.select(_c.revision, _c.id.label("key"))
    .where(_c.released_at < plus(now(), param("age_us", type_=sa.BigInteger)))
    .order_by(_c.released_at)
    .limit(param("batch", type_=sa.Integer))
)

retention = Retention("lock.trimmed", "LOCK_DAYS", _locks, _DUE, (LockAlias.__table__.c.lock_id,))
