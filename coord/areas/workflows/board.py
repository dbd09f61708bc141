"""The work on the board: open workflows with their progress, and every item that is not done."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coord.area import BoardList, BoardPart, PastItem, PastList
from coord.areas.workflows.repository import items, workflows
from coord.areas.workflows.rows import ItemAnswer, ListItems, WorkflowAnswer
from coord.areas.workflows.schemas import WorkflowSchema, WorkItemSchema
from coord.areas.workflows.stages import OPEN_WORKFLOWS
from coord.store import Reader

MAX_WORKFLOWS = 500
MAX_ITEMS = 2_000
_OPEN_ITEMS: ListItems = {
    "workflow_id": None,
    "project_key": None,
    "assigned_to": None,
    "status": ["pending", "in_progress", "blocked"],
    "ready": None,
    "cursor": None,
    "limit": MAX_ITEMS,
}


def _workflows(db: Reader) -> list[WorkflowAnswer]:
    return workflows.find(db, None, OPEN_WORKFLOWS, None, MAX_WORKFLOWS - 1)


def _items(db: Reader) -> list[ItemAnswer]:
    return items.find(db, _OPEN_ITEMS, None, MAX_ITEMS - 1)


_CHANGES = ("created", "claimed", "completed", "cancelled", "returned", "updated")


def _stood(entry: Mapping[str, Any]) -> PastItem | None:
    data = entry["data"]
    if data["status"] in ("completed", "cancelled"):
        return None
    return PastItem(
        data["title"], data["status"], data["assigned_to"], ("item", entry["subject_id"])
    )


# The end of one item makes others ready, so a list that an event touches is read whole.
_KINDS = frozenset({"workflow", "work_item"})

board = BoardPart(
    folder=Path(__file__).parent / "static",
    past=PastList("Work items", tuple(f"work_item.{change}" for change in _CHANGES), _stood),
    counts={"Items done": ("work_item.completed",)},
    lists=(
        BoardList("workflows", WorkflowSchema, "id", _KINDS, _workflows),
        BoardList("work_items", WorkItemSchema, "id", _KINDS, _items),
    ),
)
