"""Components: what state each part of a project is in, and how it came to be."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import fields

from coord.area import Area, Gauge, Scope, StatusPart
from coord.areas.components import repository
from coord.areas.components.board import board
from coord.areas.components.retention import retention
from coord.areas.components.routes import blp
from coord.areas.components.samples import put_component
from coord.areas.components.schemas import STATES, ComponentSchema
from coord.areas.components.tools import component
from coord.store import Reader


def _status(db: Reader, scope: Scope) -> Mapping[str, Any]:
    recent = repository.find_recent(db, scope.project_key)
    by_state: Mapping[str, int] = Counter(row["state"] for row in recent)
    if len(recent) == repository.MAX_RECENT:
        by_state = repository.count_by_state(db, scope.project_key)
    return {
        "recent_component_changes": recent,
        "counts": {
            "components": sum(by_state.values()),
            **{f"components_{state}": by_state.get(state, 0) for state in STATES},
        },
    }


def _gauges(db: Reader) -> Iterable[Gauge]:
    """States are free text, a metric's labels should be few: what is not a usual state counts as
    `other`.
    """
    by_state = repository.count_by_state(db, None)
    numbers = {state: by_state.pop(state, 0) for state in STATES}
    for state, number in {**numbers, "other": sum(by_state.values())}.items():
        yield Gauge("components", "Components by state.", number, {"state": state})


area = Area(
    name="components",
    blueprint=blp,
    status=StatusPart(
        fields={"recent_component_changes": fields.List(fields.Nested(ComponentSchema))},
        read=_status,
    ),
    gauges=_gauges,
    on_tick=retention.run,
    samples={"component": put_component},
    tools=(component,),
    board=board,
)
