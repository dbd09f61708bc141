"""Sessions: who is there, who has fallen silent, who is gone, and what each needs to know at the start of a turn."""

from collections.abc import Iterable, Mapping
from typing import Any

from coord.area import Area, Gauge, Scope, StatusPart
from coord.areas.sessions import repository
from coord.areas.sessions.routes import blp
from coord.areas.sessions.tools import checkin
from coord.areas.sessions.upkeep import upkeep
from coord.change import Look


def _status(look: Look, scope: Scope) -> Mapping[str, Any]:
    found = repository.count(look, scope.project_key, repository.silent_us())
    return {"counts": {"sessions": found["alive"] + found["silent"], "sessions_gone": found["gone"]}}


def _gauges(look: Look) -> Iterable[Gauge]:
    for state, number in repository.count(look, None, repository.silent_us()).items():
        yield Gauge("sessions", "Announced sessions by state, without those that ended.", number, {"state": state})


area = Area(
    name="sessions",
    blueprint=blp,
    status=StatusPart(fields={}, read=_status),
    gauges=_gauges,
    upkeep=upkeep,
    tools=(checkin,),
)
