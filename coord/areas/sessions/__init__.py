"""Sessions: who is there, who has fallen silent, who is gone, and what each needs to know at the
start of a turn.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from coord.area import Area, Gauge, Scope, StatusPart
from coord.areas.sessions import repository
from coord.areas.sessions.board import board
from coord.areas.sessions.routes import blp
from coord.areas.sessions.tools import checkin
from coord.areas.sessions.upkeep import on_tick
from coord.store import Reader


def _status(db: Reader, scope: Scope) -> Mapping[str, Any]:
    by_state = repository.count(db, scope.project_key, repository.silent_us())
    waiting = by_state["waiting_for_human"]
    return {
        "counts": {
            "sessions": by_state["alive"] + waiting + by_state["silent"],
            "sessions_waiting_for_human": waiting,
            "sessions_gone": by_state["gone"],
        }
    }


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
