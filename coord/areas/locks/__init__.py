"""Locks: leases on any named resource."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import fields

from coord.area import Area, Gauge, Scope, StatusPart
from coord.areas.locks import line, presence, repository
from coord.areas.locks.routes import blp
from coord.areas.locks.schemas import LockSchema
from coord.areas.locks.tools import lock, locks, unlock
from coord.change import Look


def _status(look: Look, scope: Scope) -> Mapping[str, Any]:
    held = {"project_key": scope.project_key, "session_id": None, "resource": None, "stale": None, "state": "active"}
    return {
        "active_locks": repository.find(look, held, None, 49),
        "counts": {
            "active_locks": repository.count(look, scope.project_key),
            "stale_locks": repository.count(look, scope.project_key, stale=True),
            "lock_waiters": line.count(look, scope.project_key),
        },
    }


def _gauges(look: Look) -> Iterable[Gauge]:
    yield Gauge("locks_active", "Locks held.", repository.count(look, None))
    yield Gauge("lock_waiters", "Claims that stand in line for a lock.", line.count(look))
    yield Gauge("locks_stale", "Locks held by sessions that have gone silent.", repository.count(look, None, stale=True))


area = Area(
    name="locks",
    blueprint=blp,
    status=StatusPart(fields={"active_locks": fields.List(fields.Nested(LockSchema))}, read=_status),
    gauges=_gauges,
    checkin=presence.checkin,
    seen=presence.seen,
    renewed=presence.renewed,
    left=presence.left,
    upkeep=presence.upkeep,
    tools=(lock, unlock, locks),
)
