"""Every SQL statement about workflows. Functions read, and return a Change or an answer; none of them commits."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.workflows import decisions, item_repository
from coord.areas.workflows.models import workflows
from coord.areas.workflows.ranges import first_of
from coord.areas.workflows.stages import ITEM_STATUSES, OPEN_WORKFLOWS, OVER_WORKFLOWS, WORKFLOW_STATUSES
from coord.errors import NotFound
from coord.ids import digest, must_match
from coord.observed_at import decided_at, not_superseded
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Row, Rows, journal, now

ITEMS_WITH_ONE = 500  # work items shown with a workflow: the longest page of their own list

_c = workflows.c

_CHANGEABLE = ("name", "description", "status")

_BY_ID = Prepared(sa.select(*_c).where(_c.id == param("id")))
_TO_CHANGE = Prepared(sa.select(*_c, now().label("now")).where(_c.id == param("id")))


def _insert() -> Prepared:
    given = {name: param(name, type_=_c[name].type) for name in ("id", "project_key", *_CHANGEABLE, "created_by", "digest")}
    counts = {f"items_{status}": sa.literal(0) for status in ITEM_STATUSES}
    made = {"revision": journal.revision, "changed": journal.revision, "created_at": journal.moment, "updated_at": journal.moment}
    values: dict[str, Any] = {**given, **counts, **made}
    return Prepared(sa.insert(workflows).from_select(list(values), sa.select(*values.values())))


_INSERT = _insert()

_UPDATE = Prepared(
    sa.update(workflows)
    .where(_c.id == param("workflow_id"), _c.changed == param("seen"), not_superseded(_c.observed_at))
    .values(
        {
            **{name: param(f"new_{name}") for name in (*_CHANGEABLE, "decisions")},
            "updated_at": journal.moment,
            "observed_at": decided_at(_c.observed_at),
            "changed": journal.revision,
        }
    )
)


# --- what is seen ----------------------------------------------------------------------------------------------------------------


def shown(row: Row) -> Row:
    """A row as it is answered, with its progress."""
    progress = {status: row[f"items_{status}"] for status in ITEM_STATUSES}
    observed_at = row["observed_at"] or row["created_at"]
    return {**row, "observed_at": observed_at, "progress": {**progress, "total": sum(progress.values())}}


def get(db: Reader, workflow_id: str) -> Row:
    """The workflow with the first of its items. Raises NotFound."""
    workflow = shown(_stored(db, _BY_ID, workflow_id))
    return {**workflow, "work_items": item_repository.of_workflow(db, workflow_id, ITEMS_WITH_ONE)}


def _stored(db: Reader, statement: Prepared, workflow_id: str) -> Row:
    row = db.row(statement, id=workflow_id)
    if row is None:
        raise NotFound(f"There is no workflow {workflow_id}. All are listed at /api/coord/workflows.")
    return row


def find(db: Reader, project_key: str | None, statuses: Sequence[str] | None, after: int | None, limit: int) -> Rows:
    """`limit + 1` workflows at most, newest first, older than the revision `after`."""
    wanted = tuple(status for status in WORKFLOW_STATUSES if statuses is None or status in statuses)
    listing = _listing(wanted, project_key is not None, after is not None)
    rows = db.rows(listing, project_key=project_key, after=after, limit=limit + 1)
    return [shown(row) for row in rows]


@lru_cache(maxsize=256)
def _listing(statuses: tuple[str, ...], in_project: bool, paged: bool) -> Prepared:
    common = []
    if in_project:
        common.append(_c.project_key == param("project_key"))
    if paged:
        common.append(_c.revision < param("after"))
    ranges = [[_c.status == status, *common] for status in statuses]
    return Prepared(first_of(workflows, ranges, ["revision"], param("limit", type_=sa.Integer), newest_first=True))


def count_open(db: Reader, project_key: str | None) -> int:
    """How many workflows are neither completed nor cancelled, exactly."""
    query = sa.select(sa.func.count()).select_from(workflows).where(_c.status.in_(OPEN_WORKFLOWS))
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    return int(db.value(query))


# --- what is changed -------------------------------------------------------------------------------------------------------------


def create(db: Reader, wanted: Row, workflow_id: str) -> Decision[tuple[Row, bool]]:
    """`(workflow, created)`. Raises IdConflict. May be repeated: it answers what is stored."""
    content = {name: wanted[name] for name in ("project_key", *_CHANGEABLE)}
    content["created_by"] = wanted["created_by"] or wanted["session_id"]
    content_digest = digest(content)
    stored = db.row(_BY_ID, id=workflow_id)
    if stored is not None:
        must_match(stored, content_digest, "workflow")
        return Answer((shown(stored), False))
    change: Change[tuple[Row, bool]] = Change()
    change.add(_INSERT, {"id": workflow_id, "digest": content_digest, **content}, expect=1)
    change.record(_event("workflow.created", {**content, "id": workflow_id}, wanted["session_id"] or content["created_by"]))
    change.answer_with(lambda rows: (shown(rows[0]), True), _BY_ID, {"id": workflow_id})
    return change


def update(db: Reader, workflow_id: str, fields: Row) -> Decision[Row]:
    """Changes what is given. Raises NotFound, Invalid and Superseded. May be repeated: what is so already changes nothing."""
    was = _stored(db, _TO_CHANGE, workflow_id)
    decisions.must_not_be_late("workflow", was, fields, shown)
    new = {name: fields.get(name, was[name]) for name in _CHANGEABLE}
    changed = [name for name in _CHANGEABLE if new[name] != was[name]]
    if decisions.is_known(was, fields) or not (changed or decisions.confirms(was, fields)):
        return Answer(shown(was))
    change: Change[Row] = Change()
    values = {f"new_{name}": new[name] for name in _CHANGEABLE}
    change.add(_UPDATE, {"workflow_id": workflow_id, "seen": was["changed"], **values, **decisions.noted(was, fields)}, expect=1)
    over = new["status"] in OVER_WORKFLOWS
    if over != (was["status"] in OVER_WORKFLOWS):
        item_repository.shelve(change, workflow_id, over=over)
    change.record(_event(_what_happened(new, changed), {**was, **new}, fields["session_id"], changed=changed))
    change.answer_with(lambda rows: shown(rows[0]), _BY_ID, {"id": workflow_id})
    return change


_OVER = {"completed": "workflow.completed", "cancelled": "workflow.cancelled"}


def _what_happened(new: Row, changed: Sequence[str]) -> str:
    if not changed:
        return "workflow.confirmed"
    return _OVER.get(str(new["status"]), "workflow.updated") if "status" in changed else "workflow.updated"


def _event(kind: str, workflow: Row, session_id: str | None, **more: Any) -> Event:
    data = {name: workflow[name] for name in ("name", "status")}
    return Event(kind, "workflow", workflow["id"], workflow["project_key"], session_id, {**data, **more})
