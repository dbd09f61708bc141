"""How workflows and work items are printed."""

from __future__ import annotations

from coord.client.banner import one_line, plain
from coord.client.cli.context import Coord
from coord.client.cli.objects import Workflow, WorkItem
from coord.client.cli.output import table, word


def progress(workflow: Workflow) -> str:
    """2/5, without cancelled items."""
    counts = workflow["progress"]
    return f"{counts['completed']}/{counts['total'] - counts['cancelled']}"


def items_table(items: list[WorkItem]) -> list[str]:
    rows = [
        [
            item["id"],
            "ready" if item["ready"] else word(item["status"]),
            str(item["priority"]),
            plain(item["assigned_to"] or "-"),
            one_line(item["title"]),
        ]
        for item in items
    ]
    return table(["ID", "STATUS", "PRIORITY", "ASSIGNED TO", "TITLE"], rows)


def written(coord: Coord, object_id: str, sentence: str) -> str:
    """What a write prints: only the id with --quiet."""
    return object_id if coord.quiet else f"{sentence}  id {object_id}"
