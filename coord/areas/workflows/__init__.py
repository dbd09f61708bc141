"""Workflows and work items: work that sessions share out among them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marshmallow import fields

from coord.area import Area, CheckinPart, Gauge, Scope, StatusPart
from coord.areas.workflows.board import board
from coord.areas.workflows.repository import items, session_end, workflows
from coord.areas.workflows.retention import retention
from coord.areas.workflows.routes import blp
from coord.areas.workflows.schemas import InProgressSchema, WorkflowSchema
from coord.areas.workflows.stages import OPEN_WORKFLOWS
from coord.areas.workflows.tools import work
from coord.store import Reader

MAX_IN_STATUS = 50  # the contract's bound for lists in /status


def _status(db: Reader, scope: Scope) -> Mapping[str, Any]:
    counts = items.count(db, scope.project_key)
    active = workflows.find(db, scope.project_key, OPEN_WORKFLOWS, None, MAX_IN_STATUS - 1)
    number = len(active)
    if number == MAX_IN_STATUS:
        number = workflows.count_open(db, scope.project_key)
    return {
        "active_workflows": active,
        "counts": {
            "active_workflows": number,
            **{f"work_items_{name}": counts[name] for name in ("pending", "in_progress", "ready")},
        },
    }


def _gauges(db: Reader) -> Iterable[Gauge]:
    counts = items.count(db, None)
    yield Gauge(
        "workflows_active",
        "Workflows that are neither completed nor cancelled.",
        workflows.count_open(db, None),
    )
    yield Gauge(
        "work_items_ready",
        "Pending work items whose dependencies are all completed.",
        counts.pop("ready"),
    )
    for status, value in counts.items():
        yield Gauge("work_items", "Unfinished work items by status.", value, {"status": status})


def _in_progress(db: Reader, scope: Scope) -> tuple[Sequence[Mapping[str, Any]], int]:
    return items.find_in_progress(db, str(scope.session_id))


def _line(item: Mapping[str, Any]) -> str:
    return f"[{item['priority']}] {item['title']} ({item['project_key']})  {item['id']}"


area = Area(
    name="workflows",
    blueprint=blp,
    status=StatusPart(
        fields={"active_workflows": fields.List(fields.Nested(WorkflowSchema))}, read=_status
    ),
    gauges=_gauges,
    on_session_end=session_end.on_session_end,
    on_tick=retention.run,
    checkin=CheckinPart(
        "work_items",
        "in progress by you",
        30,
        InProgressSchema,
        _in_progress,
        _line,
        texts=("description",),
    ),
    tools=(work,),
    board=board,
)
