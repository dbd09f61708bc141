"""Workflows and work items: work that sessions share out among them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marshmallow import fields

from coord.area import Area, CheckinPart, Gauge, Scope, StatusPart
from coord.areas.workflows import item_repository, repository
from coord.areas.workflows.routes import blp
from coord.areas.workflows.schemas import InHandSchema, WorkflowSchema
from coord.areas.workflows.stages import OPEN_WORKFLOWS
from coord.areas.workflows.tools import work
from coord.store import Reader


def _status(db: Reader, scope: Scope) -> Mapping[str, Any]:
    items = item_repository.count(db, scope.project_key)
    return {
        "active_workflows": repository.find(db, scope.project_key, OPEN_WORKFLOWS, None, 49),
        "counts": {
            "active_workflows": repository.count_open(db, scope.project_key),
            **{f"work_items_{name}": items[name] for name in ("pending", "in_progress", "ready")},
        },
    }


def _gauges(db: Reader) -> Iterable[Gauge]:
    items = item_repository.count(db, None)
    yield Gauge("workflows_active", "Workflows that are neither completed nor cancelled.", repository.count_open(db, None))
    yield Gauge("work_items_ready", "Pending work items whose dependencies are all completed.", items.pop("ready"))
    for status, value in items.items():
        yield Gauge("work_items", "Unfinished work items by status.", value, {"status": status})


def _in_hand(db: Reader, scope: Scope) -> tuple[Sequence[Mapping[str, Any]], int]:
    return item_repository.of_checkin(db, str(scope.session_id))


def _line(item: Mapping[str, Any]) -> str:
    return f"[{item['priority']}] {item['title']} ({item['project_key']})  {item['id']}"


area = Area(
    name="workflows",
    blueprint=blp,
    status=StatusPart(fields={"active_workflows": fields.List(fields.Nested(WorkflowSchema))}, read=_status),
    gauges=_gauges,
    on_session_end=item_repository.on_session_end,
    checkin=CheckinPart("work_items", "in progress by you", 30, InHandSchema, _in_hand, _line, texts=("description",)),
    tools=(work,),
)
