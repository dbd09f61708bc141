"""Which work item waits for which: the SQL that keeps each item's `open_dependencies` right, and
the search for cycles.

`open_dependencies` changes in the same change as what it counts: a dependency's completion, or the
item's own list.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.workflows.models import dependencies, dependency_edits, work_items, workflows
from coord.areas.workflows.stages import FREED, HELD_UP, WAITING_STAGES
from coord.errors import Invalid
from coord.store import Change, Prepared, Reader, journal, one_of

_c = work_items.c
_completed = sa.case((_c.stage == "completed", 1), else_=0)

# Adds a dependency if it is still as completed as it was when `open_dependencies` was counted.
_LINK = Prepared(
    sa.insert(dependencies).from_select(
        ["depends_on", "item_id"],
        sa.select(_c.id, param("item_id", type_=_c.id.type)).where(
            _c.id == param("depends_on"), _completed == param("completed", type_=sa.Integer)
        ),
    )
)

_UNLINK = Prepared(
    sa.delete(dependencies).where(
        dependencies.c.depends_on == param("depends_on"), dependencies.c.item_id == param("item_id")
    )
)

_dependents = sa.and_(
    dependencies.c.depends_on == param("depends_on"), _c.id == dependencies.c.item_id
)

_COUNT_DEPENDENCY = Prepared(
    sa.update(work_items)
    .where(_dependents)
    .values(
        open_dependencies=_c.open_dependencies + param("more", type_=sa.Integer),
        changed=journal.revision,
    )
)


def move_stages(stages: Mapping[str, str], *conditions: sa.ColumnElement[bool]) -> Prepared:
    """Moves items from the stages that are the keys to those that are the values."""
    to = sa.case(dict(stages), value=_c.stage)
    return Prepared(
        sa.update(work_items)
        .where(one_of(_c.stage, stages), *conditions)
        .values(stage=to, changed=journal.revision)
    )


_cancelled = work_items.alias("cancelled")
_is_cancelled = sa.and_(
    _cancelled.c.id == dependencies.c.depends_on, _cancelled.c.stage == sa.literal("cancelled")
)

cancelled_dependencies = (
    sa.select(sa.func.group_concat(dependencies.c.depends_on))
    .select_from(dependencies.join(_cancelled, _is_cancelled))
    .where(dependencies.c.item_id == _c.id)
    .correlate(work_items)
    .scalar_subquery()
    .label("cancelled_dependencies")
)
"""A column of a work item: the ids of its dependencies that are cancelled, with commas; null when
none are.
"""

_stuck = work_items.alias("stuck")
_count_stuck = (
    sa.select(sa.func.count(_stuck.c.id.distinct()))
    .select_from(
        _stuck.join(dependencies, dependencies.c.item_id == _stuck.c.id).join(
            _cancelled, _is_cancelled
        )
    )
    .where(_stuck.c.workflow_id == workflows.c.id, one_of(_stuck.c.stage, WAITING_STAGES))
    .correlate(workflows)
    .scalar_subquery()
)
stuck_items = sa.case((workflows.c.items_pending > 0, _count_stuck), else_=0).label("stuck_items")
"""A column of a workflow: how many of its pending items depend on a cancelled one."""

_FREE = move_stages(FREED, _dependents, _c.open_dependencies == 0)
_HOLD_UP = move_stages(HELD_UP, _dependents, _c.open_dependencies > 0)

_LAST_EDIT = Prepared(
    sa.select(dependency_edits.c.revision).where(
        dependency_edits.c.project_key == param("project_key")
    )
)
_FIRST_EDIT = Prepared(
    sa.insert(dependency_edits).from_select(
        ["project_key", "revision"],
        sa.select(param("project_key", type_=sa.String), journal.revision.label("revision")),
    )
)
_NEXT_EDIT = Prepared(
    sa.update(dependency_edits)
    .where(
        dependency_edits.c.project_key == param("project"),
        dependency_edits.c.revision == param("last_edit"),
    )
    .values(revision=journal.revision)
)


def completion(db: Reader, ids: Sequence[str], project_key: str) -> dict[str, bool]:
    """Which of the items are completed. Raises Invalid unless all of them are in the project."""
    if not ids:
        return {}
    rows = db.rows(sa.select(_c.id, _c.stage).where(_c.id.in_(ids), _c.project_key == project_key))
    completed = {row["id"]: row["stage"] == "completed" for row in rows}
    missing = [item_id for item_id in ids if item_id not in completed]
    if missing:
        problems = [
            f"There is no work item {item_id} in project {project_key!r}." for item_id in missing
        ]
        raise Invalid({"depends_on": problems})
    return completed


def link(
    change: Change[Any], item_id: str, added: Mapping[str, bool], removed: Iterable[str] = ()
) -> None:
    """`added`: the new dependencies, and whether each was completed when it was read."""
    for dependency in removed:
        change.add(_UNLINK, {"depends_on": dependency, "item_id": item_id}, expect=1)
    for dependency, completed in added.items():
        values = {"depends_on": dependency, "item_id": item_id, "completed": int(completed)}
        change.add(_LINK, values, expect=1)


def count_completion(change: Change[Any], item_id: str, *, completed: bool) -> None:
    """Tells the items that wait for this one that it is completed, or no longer is."""
    change.add(_COUNT_DEPENDENCY, {"depends_on": item_id, "more": -1 if completed else 1})
    change.add(_FREE if completed else _HOLD_UP, {"depends_on": item_id})


def must_not_depend_on_itself(item_id: str, depends_on: Iterable[str]) -> None:
    """Raises Invalid. A new item can close no other cycle: nothing depends on it yet."""
    if item_id in depends_on:
        raise _cycle([item_id, item_id])


def add_without_cycle(
    db: Reader, change: Change[Any], item_id: str, depends_on: Sequence[str], project_key: str
) -> None:
    """Raises Invalid when one of the new dependencies waits for the item.

    If anybody else adds dependencies in the project meanwhile, its guard fails and it is decided
    again.
    """
    last_edit = db.value(_LAST_EDIT, project_key=project_key)
    must_not_depend_on_itself(item_id, depends_on)
    if _has_dependents(db, item_id):
        _search(db, item_id, depends_on)
    if last_edit is None:
        change.add(_FIRST_EDIT, {"project_key": project_key}, expect=1)
    else:
        change.add(_NEXT_EDIT, {"project": project_key, "last_edit": last_edit}, expect=1)


def _has_dependents(db: Reader, item_id: str) -> bool:
    return (
        db.row(
            sa.select(dependencies.c.item_id).where(dependencies.c.depends_on == item_id).limit(1)
        )
        is not None
    )


def _search(db: Reader, item_id: str, depends_on: Iterable[str]) -> None:
    """Walks up from the new dependencies, a level at a time, and raises Invalid on meeting the
    item.
    """
    reached_from: dict[str, str] = dict.fromkeys(depends_on, item_id)
    level = list(reached_from)
    while level:
        rows = db.rows(sa.select(_c.id, _c.depends_on).where(_c.id.in_(level)))
        level = []
        for row in rows:
            if item_id in row["depends_on"]:
                raise _cycle([*_path(reached_from, row["id"], item_id), item_id])
            new = [dependency for dependency in row["depends_on"] if dependency not in reached_from]
            reached_from.update(dict.fromkeys(new, row["id"]))
            level += new


def _path(reached_from: Mapping[str, str], last: str, first: str) -> list[str]:
    path = [last]
    while path[0] != first:
        path.insert(0, reached_from[path[0]])
    return path


def _cycle(path: list[str]) -> Invalid:
    return Invalid(
        {"depends_on": [f"This would be a cycle, each waiting for the next: {' -> '.join(path)}."]}
    )
