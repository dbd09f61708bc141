"""Locks: leases on any named resource."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import fields

from coord.area import Area, Gauge, Scope, StatusPart
from coord.areas.locks import line, presence, repository
from coord.areas.locks.routes import blp
from coord.areas.locks.samples import claim, release
from coord.areas.locks.schemas import LockSchema
from coord.areas.locks.tools import lock, locks, unlock
from coord.store import Reader


def _status(db: Reader, scope: Scope) -> Mapping[str, Any]:
    held = {"project_key": scope.project_key, "session_id": None, "resource": None, "stale": None, "state": "active"}
    return {
        "active_locks": repository.find(db, held, None, 49),
        "counts": {
            "active_locks": repository.count(db, scope.project_key),
            "stale_locks": repository.count(db, scope.project_key, stale=True),
            "lock_waiters": line.count(db, scope.project_key),
        },
    }


def _gauges(db: Reader) -> Iterable[Gauge]:
    yield Gauge("locks_active", "Locks held.", repository.count(db, None))
    yield Gauge("lock_waiters", "Claims that stand in line for a lock.", line.count(db))
    yield Gauge("locks_stale", "Locks held by sessions that have gone silent.", repository.count(db, None, stale=True))


area = Area(
    name="locks",
    blueprint=blp,
    status=StatusPart(fields={"active_locks": fields.List(fields.Nested(LockSchema))}, read=_status),
    gauges=_gauges,
    checkin=presence.checkin,
    on_activity=presence.on_activity,
    on_checkin=presence.on_checkin,
    on_session_end=presence.on_session_end,
    on_tick=presence.on_tick,
    samples={"claim": claim, "release": release},
    tools=(lock, unlock, locks),
)
