"""Sessions: who is there, who has fallen silent, who is gone, and what each needs to know at the
start of a turn.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from coord.area import Area, Gauge, Scope, StatusPart
from coord.areas.sessions import repository
from coord.areas.sessions.board import board
from coord.areas.sessions.routes import blp
from coord.areas.sessions.rows import REPORTED_STATES
from coord.areas.sessions.tools import checkin
from coord.areas.sessions.upkeep import on_tick
from coord.store import Reader

COUNTED = (*REPORTED_STATES, "waiting_for_lock", "waiting_for_human", "gone")


def _status(db: Reader, scope: Scope) -> Mapping[str, Any]:
    by_state = repository.count(db, scope.project_key, repository.silent_us())
    present = sum(by_state.values()) - by_state["gone"]
    return {"counts": {"sessions": present, **{f"sessions_{s}": by_state[s] for s in COUNTED}}}


def _gauges(db: Reader) -> Iterable[Gauge]:
    for state, number in repository.count(db, None, repository.silent_us()).items():
        yield Gauge(
            "sessions",
            "Announced sessions by state, without those that ended.",
            number,
            {"state": state},
        )


area = Area(
    name="sessions",
    blueprint=blp,
    status=StatusPart(fields={}, read=_status),
    gauges=_gauges,
    on_tick=on_tick,
    tools=(checkin,),
    board=board,
)
