"""Work items as they are shown."""

from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.workflows.models import work_items, workflows
from coord.areas.workflows.repository.dependencies import cancelled_dependencies
from coord.areas.workflows.rows import ItemAnswer, ItemRow, ListItems
from coord.areas.workflows.stages import (
    PENDING_STAGES,
    READY_STAGES,
    WAITING_STAGES,
    stages_of,
    status_of,
)
from coord.errors import NotFound
from coord.store import Prepared, Range, Reader, Rows, first_of, one_of

MAX_IN_CHECKIN = 50

_c = work_items.c

COLUMNS = (*_c, cancelled_dependencies)

BY_ID = Prepared(sa.select(*COLUMNS).where(_c.id == param("id")))


def as_answered(row: ItemRow) -> ItemAnswer:
    cancelled = (row["cancelled_dependencies"] or "").split(",")
    waits = row["stage"] in WAITING_STAGES
    return {
        **row,
        "status": status_of(row["stage"]),
        "priority": -row["rank"],
        "ready": row["stage"] in READY_STAGES,
        "blocked_by": [item_id for item_id in row["depends_on"] if waits and item_id in cancelled],
        "observed_at": row["observed_at"] or row["created_at"],
    }


def answers(rows: Rows) -> list[ItemAnswer]:
    return [as_answered(row) for row in cast(list[ItemRow], rows)]


def get(db: Reader, item_id: str) -> ItemAnswer:
    """Raises NotFound."""
    row = db.row(BY_ID, id=item_id)
    if row is None:
        raise not_found(item_id)
    return as_answered(cast(ItemRow, row))


def not_found(item_id: str) -> NotFound:
    return NotFound(f"There is no work item {item_id}. All are listed at /api/coord/work-items.")


# Past the cursor, as two ranges: no spelling as one condition finds its place in the index on both
# databases.
_BEYOND = (
    [_c.rank == param("after_rank"), _c.revision > param("after_revision")],
    [_c.rank > param("after_rank")],
)


def find(db: Reader, query: ListItems, after: list[int] | None, limit: int) -> list[ItemAnswer]:
    """`limit + 1` items at most, highest priority first, then oldest, beyond the rank and revision
    `after`.
    """
    stages = stages_of(query["status"], query["ready"])
    if not stages:
        return []
    filters = {
        "workflow_id": query["workflow_id"],
        "project_key": query["project_key"],
        "assigned_to": query["assigned_to"],
    }
    values = {name: value for name, value in filters.items() if value is not None}
    if "workflow_id" in values and "project_key" in values:  # all items of one are of one project
        project_key = values.pop("project_key")
        if db.value(_PROJECT_OF, workflow_id=values["workflow_id"]) != project_key:
            return []
    rank, revision = after or (None, None)
    beyond = {"after_rank": rank, "after_revision": revision}
    listing = _listing(stages, tuple(values), after is not None)
    return answers(db.rows(listing, **values, **beyond, limit=limit + 1))


def of_workflow(db: Reader, workflow_id: str, limit: int) -> list[ItemAnswer]:
    """The first items of the workflow, in the order of `find`."""
    listing = _listing(stages_of(None, None), ("workflow_id",), False)
    return answers(db.rows(listing, workflow_id=workflow_id, limit=limit))


_PROJECT_OF = Prepared(
    sa.select(workflows.c.project_key).where(workflows.c.id == param("workflow_id"))
)

INDEXES = {
    frozenset[str](): "ix_work_items_by_stage",
    frozenset({"workflow_id"}): "ix_work_items_of_workflow",
    frozenset({"project_key"}): "ix_work_items_of_project",
    frozenset({"assigned_to"}): "ix_work_items_of_session",
    frozenset({"assigned_to", "workflow_id"}): "ix_work_items_of_session_in_workflow",
    frozenset({"assigned_to", "project_key"}): "ix_work_items_of_session_in_project",
}


@lru_cache(maxsize=256)
def _listing(stages: tuple[str, ...], filters: tuple[str, ...], paged: bool) -> Prepared:
    common = [_c[name] == param(name) for name in filters]
    beyond: Any = _BEYOND if paged else ([],)
    index = INDEXES[frozenset(filters)]
    ranges = [
        Range([_c.stage == stage, *common, *conditions], index)
        for stage in stages
        for conditions in beyond
    ]
    query = first_of(work_items, ranges, ["rank", "revision"], param("limit", type_=sa.Integer))
    return Prepared(query.add_columns(cancelled_dependencies))


_COUNT_IN_PROGRESS = Prepared(
    sa.select(sa.func.count())
    .select_from(work_items)
    .where(_c.assigned_to == param("assigned_to"), _c.stage == "in_progress")
)


def find_in_progress(db: Reader, session_id: str) -> tuple[list[ItemAnswer], int]:
    """The first items that the session has in progress, in any project, and how many there are."""
    listing = _listing(("in_progress",), ("assigned_to",), False)
    rows = db.rows(listing, assigned_to=session_id, limit=MAX_IN_CHECKIN)
    total = len(rows)
    if total == MAX_IN_CHECKIN:
        total = int(db.value(_COUNT_IN_PROGRESS, assigned_to=session_id))
    return answers(rows), total


@lru_cache(maxsize=2)
def _counting(in_project: bool) -> Prepared:
    counted = (*PENDING_STAGES, "in_progress", "blocked")
    query = sa.select(_c.stage, sa.func.count().label("items")).where(one_of(_c.stage, counted))
    if in_project:
        query = query.where(_c.project_key == param("project_key"))
    return Prepared(query.group_by(_c.stage))


def count(db: Reader, project_key: str | None) -> dict[str, int]:
    """How many items are pending, in progress and blocked, and how many are ready, exactly."""
    rows = db.rows(_counting(project_key is not None), project_key=project_key)
    by_stage = {row["stage"]: int(row["items"]) for row in rows}
    return {
        "pending": sum(by_stage.get(stage, 0) for stage in PENDING_STAGES),
        "in_progress": by_stage.get("in_progress", 0),
        "blocked": by_stage.get("blocked", 0),
        "ready": sum(by_stage.get(stage, 0) for stage in READY_STAGES),
    }
