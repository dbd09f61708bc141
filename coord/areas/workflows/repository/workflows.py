"""Workflows as they are shown."""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.workflows.models import workflows
from coord.areas.workflows.repository import items
from coord.areas.workflows.repository.dependencies import stuck_items
from coord.areas.workflows.rows import WorkflowAnswer, WorkflowRow, WorkflowWithItems
from coord.areas.workflows.stages import ITEM_STATUSES, OPEN_WORKFLOWS, WORKFLOW_STATUSES
from coord.errors import NotFound
from coord.store import Prepared, Range, Reader, first_of, one_of

MAX_ITEMS_OF_WORKFLOW = 500  # work items shown with a workflow: the longest page of their own list

_c = workflows.c

BY_ID = Prepared(sa.select(*_c, stuck_items).where(_c.id == param("id")))


def as_answered(row: WorkflowRow) -> WorkflowAnswer:
    """The row with the workflow's progress."""
    counts = {
        "pending": row["items_pending"],
        "in_progress": row["items_in_progress"],
        "blocked": row["items_blocked"],
        "completed": row["items_completed"],
        "cancelled": row["items_cancelled"],
    }
    progress = {
        **{status: counts[status] for status in ITEM_STATUSES},
        "total": sum(counts.values()),
    }
    return {**row, "observed_at": row["observed_at"] or row["created_at"], "progress": progress}


def get(db: Reader, workflow_id: str) -> WorkflowWithItems:
    """The workflow with the first of its items. Raises NotFound."""
    row = db.row(BY_ID, id=workflow_id)
    if row is None:
        raise not_found(workflow_id)
    work_items = items.of_workflow(db, workflow_id, MAX_ITEMS_OF_WORKFLOW)
    return {**as_answered(cast(WorkflowRow, row)), "work_items": work_items}


def not_found(workflow_id: str) -> NotFound:
    return NotFound(f"There is no workflow {workflow_id}. All are listed at /api/coord/workflows.")


def find(
    db: Reader,
    project_key: str | None,
    statuses: Sequence[str] | None,
    after: int | None,
    limit: int,
) -> list[WorkflowAnswer]:
    """`limit + 1` workflows at most, newest first, older than the revision `after`."""
    wanted = tuple(status for status in WORKFLOW_STATUSES if statuses is None or status in statuses)
    listing = _listing(wanted, project_key is not None, after is not None)
    rows = db.rows(listing, project_key=project_key, after=after, limit=limit + 1)
    return [as_answered(row) for row in cast(list[WorkflowRow], rows)]


@lru_cache(maxsize=256)
def _listing(statuses: tuple[str, ...], in_project: bool, paged: bool) -> Prepared:
    common = []
    if in_project:
        common.append(_c.project_key == param("project_key"))
    if paged:
        common.append(_c.revision < param("after"))
    index = "ix_workflows_of_project" if in_project else "ix_workflows_by_status"
    ranges = [Range([_c.status == status, *common], index) for status in statuses]
    limit = param("limit", type_=sa.Integer)
    query = first_of(workflows, ranges, ["revision"], limit, newest_first=True)
    return Prepared(query.add_columns(stuck_items))


@lru_cache(maxsize=2)
def _counting(in_project: bool) -> Prepared:
    is_open = one_of(_c.status, OPEN_WORKFLOWS)
    query = sa.select(sa.func.count()).select_from(workflows).where(is_open)
    return Prepared(query.where(_c.project_key == param("project_key")) if in_project else query)


def count_open(db: Reader, project_key: str | None) -> int:
    """How many workflows are neither completed nor cancelled, exactly."""
    return int(db.value(_counting(project_key is not None), project_key=project_key))
