"""How workflows and work items are printed."""

from __future__ import annotations

from coord.client.banner import plain
from coord.client.cli.context import Coord
from coord.client.cli.objects import Workflow, WorkItem
from coord.client.cli.output import coloured
from coord.client.cli.tables import Column, Row, id_cells, table
from coord.client.others_text import one_line

STUCK = "stuck"
"""Of an item: it waits for one that was cancelled, so it would wait for ever."""


def progress(workflow: Workflow) -> str:
    """2/5, without cancelled items."""
    counts = workflow["progress"]
    return f"{counts['completed']}/{counts['total'] - counts['cancelled']}"


def stuck_items(workflow: Workflow) -> str:
    """How many wait for a cancelled one; nothing where none does."""
    count = workflow.get("stuck_items")
    return f", {count} {coloured(STUCK)}" if count else ""


def item_state(item: WorkItem) -> str:
    """As a list has it."""
    if item.get("blocked_by"):
        return coloured(STUCK)
    return "ready" if item["ready"] else coloured(item["status"])


_ITEM_COLUMNS = (
    Column("ID"),
    Column("STATUS"),
    Column("PRIORITY", rank=2),
    Column("ASSIGNED TO", minimum=10, rank=1),
    Column("TITLE", minimum=12),
)


def items_table(items: list[WorkItem]) -> list[str]:
    ids = id_cells([item["id"] for item in items])
    rows: list[Row] = [
        [
            item_id,
            item_state(item),
            str(item["priority"]),
            plain(item["assigned_to"] or "-"),
            one_line(item["title"]),
        ]
        for item, item_id in zip(items, ids)
    ]
    return table(_ITEM_COLUMNS, rows)


def workflows_table(workflows: list[Workflow]) -> list[str]:
    columns = (Column("ID"), Column("STATUS"), Column("DONE"), Column("NAME", minimum=12))
    ids = id_cells([workflow["id"] for workflow in workflows])
    rows: list[Row] = [
        [
            workflow_id,
            coloured(workflow["status"]),
            progress(workflow) + stuck_items(workflow),
            one_line(workflow["name"]),
        ]
        for workflow, workflow_id in zip(workflows, ids)
    ]
    return table(columns, rows)


def result_line(coord: Coord, object_id: str, sentence: str) -> str:
    """What a write prints: only the id with --quiet."""
    return object_id if coord.quiet else f"{sentence}  id {object_id}"
