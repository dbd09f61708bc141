"""Every SQL statement about work items. Functions read, and return a Change or an answer; none of them commits.

What was decided upon a row is guarded by its `changed`. The next item of the queue is chosen inside the change: changes are serial, so
callers that claim at the same moment get different items, the best first, and none of them has to try again.
"""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import SessionEnd
from coord.areas.workflows import decisions
from coord.areas.workflows import dependencies as deps
from coord.areas.workflows.models import work_item_claims, work_items, workflows
from coord.areas.workflows.ranges import first_of, one_of
from coord.areas.workflows.stages import (
    OVER_WORKFLOWS,
    PENDING_STAGES,
    READY,
    READY_STAGES,
    SHELVED,
    UNSHELVED,
    stage_of,
    stages_of,
    status_of,
)
from coord.errors import Invalid, NotFound
from coord.ids import digest, must_match
from coord.observed_at import decided_at, not_superseded, now_or_newest
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Row, Rows, journal, now

_c = work_items.c

_CHANGEABLE = ("title", "description", "status", "priority", "depends_on", "assigned_to")

_BY_ID = Prepared(sa.select(*_c).where(_c.id == param("id")))
_WORKFLOW = Prepared(sa.select(workflows.c.project_key, workflows.c.status).where(workflows.c.id == param("id")))
_TO_CHANGE = Prepared(
    sa.select(*_c, workflows.c.status.label("workflow_status"), now().label("now"))
    .join(workflows, workflows.c.id == _c.workflow_id)
    .where(_c.id == param("id"))
)


def _insert() -> Prepared:
    given = ("id", "workflow_id", "project_key", "title", "description", "stage", "rank", "depends_on", "blocked_by", "assigned_to")
    status = param("status", type_=sa.String)
    values: dict[str, Any] = {
        **{name: param(name, type_=_c[name].type) for name in (*given, "created_by", "digest")},
        "revision": journal.revision,
        "changed": journal.revision,
        "created_at": journal.moment,
        "updated_at": journal.moment,
        "claimed_at": sa.case((status == "in_progress", journal.moment)),
        "completed_at": sa.case((status == "completed", journal.moment)),
    }
    return Prepared(sa.insert(work_items).from_select(list(values), sa.select(*values.values())))


_INSERT = _insert()

_SET = ("title", "description", "stage", "rank", "depends_on", "blocked_by", "assigned_to")

_UPDATE = Prepared(
    sa.update(work_items)
    .where(_c.id == param("item_id"), _c.changed == param("seen"), not_superseded(_c.observed_at))
    .values(
        {
            **{name: param(f"new_{name}") for name in (*_SET, "decisions")},
            "claimed_at": sa.case(
                (param("claims", type_=sa.Integer) == 1, journal.moment), else_=param("old_claimed_at", type_=_c.claimed_at.type)
            ),
            "completed_at": sa.case(
                (param("completes", type_=sa.Integer) == 1, journal.moment), else_=param("old_completed_at", type_=_c.completed_at.type)
            ),
            "updated_at": journal.moment,
            "observed_at": decided_at(_c.observed_at),
            "changed": journal.revision,
        }
    )
)

_over = sa.case((one_of(workflows.c.status, OVER_WORKFLOWS), 1), else_=0)


@lru_cache(maxsize=64)
def _count(old: str | None, new: str) -> Prepared:
    """Counts an item of the workflow under its new status, if the workflow is still over, or not, as it was when the stage was chosen."""
    columns = {f"items_{new}": workflows.c[f"items_{new}"] + 1}
    if old is not None:
        columns[f"items_{old}"] = workflows.c[f"items_{old}"] - 1
    guard = _over == param("over", type_=sa.Integer)
    return Prepared(sa.update(workflows).where(workflows.c.id == param("workflow_id"), guard).values(columns))


_SHELVE = deps.restaged(SHELVED, _c.workflow_id == param("workflow"))
_UNSHELVE = deps.restaged(UNSHELVED, _c.workflow_id == param("workflow"))


# --- what is seen ----------------------------------------------------------------------------------------------------------------


def shown(row: Row) -> Row:
    """A row as it is answered."""
    more = {"status": status_of(row["stage"]), "priority": -row["rank"], "ready": row["stage"] in READY_STAGES}
    return {**row, **more, "observed_at": row["observed_at"] or row["created_at"]}


def get(db: Reader, item_id: str) -> Row:
    """Raises NotFound."""
    row = db.row(_BY_ID, id=item_id)
    if row is None:
        raise _not_found(item_id)
    return shown(row)


def _not_found(item_id: str) -> NotFound:
    return NotFound(f"There is no work item {item_id}. All are listed at /api/coord/work-items.")


# Past the cursor, as two ranges: no spelling as one condition finds its place in the index on both databases.
_BEYOND = (
    [_c.rank == param("after_rank"), _c.revision > param("after_revision")],
    [_c.rank > param("after_rank")],
)

_FILTERS = ("workflow_id", "project_key", "assigned_to")


def find(db: Reader, args: Row, after: list[int] | None, limit: int) -> Rows:
    """`limit + 1` items at most, highest priority first, then oldest, beyond the rank and revision `after`."""
    stages = stages_of(args["status"], args["ready"])
    if not stages:
        return []
    filters = tuple(name for name in _FILTERS if args[name] is not None)
    rank, revision = after or (None, None)
    values = {name: args[name] for name in filters}
    listing = _listing(stages, filters, after is not None)
    return [shown(row) for row in db.rows(listing, **values, after_rank=rank, after_revision=revision, limit=limit + 1)]


def of_workflow(db: Reader, workflow_id: str, limit: int) -> Rows:
    """The first items of the workflow, in the order of `find`."""
    listing = _listing(stages_of(None, None), ("workflow_id",), False)
    return [shown(row) for row in db.rows(listing, workflow_id=workflow_id, limit=limit)]


_IN_HAND = Prepared(
    sa.select(sa.func.count()).select_from(work_items).where(_c.assigned_to == param("assigned_to"), _c.stage == "in_progress")
)


@lru_cache(maxsize=256)
def _listing(stages: tuple[str, ...], filters: tuple[str, ...], paged: bool) -> Prepared:
    common = [_c[name] == param(name) for name in filters]
    ranges = [[_c.stage == stage, *common, *beyond] for stage in stages for beyond in (_BEYOND if paged else ([],))]
    return Prepared(first_of(work_items, ranges, ["rank", "revision"], param("limit", type_=sa.Integer)))


MAX_IN_CHECKIN = 50


def of_checkin(db: Reader, session_id: str) -> tuple[Rows, int]:
    """The first items that the session has in progress, in whatever project, and how many there are."""
    rows = db.rows(_listing(("in_progress",), ("assigned_to",), False), assigned_to=session_id, limit=MAX_IN_CHECKIN)
    total = len(rows) if len(rows) < MAX_IN_CHECKIN else int(db.value(_IN_HAND, assigned_to=session_id))
    return [shown(row) for row in rows], total


def count(db: Reader, project_key: str | None) -> dict[str, int]:
    """How many items are pending, in progress and blocked, and how many are ready, exactly."""
    counted = (*PENDING_STAGES, "in_progress", "blocked")
    query = sa.select(_c.stage, sa.func.count().label("items")).where(_c.stage.in_(counted)).group_by(_c.stage)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    found = {row["stage"]: int(row["items"]) for row in db.rows(query)}
    return {
        "pending": sum(found.get(stage, 0) for stage in PENDING_STAGES),
        "in_progress": found.get("in_progress", 0),
        "blocked": found.get("blocked", 0),
        "ready": sum(found.get(stage, 0) for stage in READY_STAGES),
    }


# --- what is changed -------------------------------------------------------------------------------------------------------------


def create(db: Reader, wanted: Row, item_id: str) -> Decision[tuple[Row, bool]]:
    """`(item, created)`. Raises Invalid and IdConflict. May be repeated: it answers what is stored."""
    workflow = _workflow_of(db, wanted["workflow_id"], wanted["project_key"])
    depends_on = list(dict.fromkeys(wanted["depends_on"]))
    content = {name: wanted[name] for name in ("workflow_id", "title", "description", "status", "priority", "assigned_to")}
    content["created_by"] = wanted["created_by"] or wanted["session_id"]
    content_digest = digest({**content, "depends_on": sorted(depends_on)})
    stored = db.row(_BY_ID, id=item_id)
    if stored is not None:
        must_match(stored, content_digest, "work item")
        return Answer((shown(stored), False))
    deps.must_not_depend_on_itself(item_id, depends_on)
    completed = deps.completion(db, depends_on, workflow["project_key"])
    item = {**content, "id": item_id, "project_key": workflow["project_key"], "depends_on": depends_on}
    if item["status"] == "in_progress" and item["assigned_to"] is None:
        item["assigned_to"] = wanted["session_id"]
    over = workflow["status"] in OVER_WORKFLOWS
    change: Change[tuple[Row, bool]] = Change()
    change.add(_count(None, item["status"]), {"workflow_id": item["workflow_id"], "over": int(over)}, expect=1)
    change.add(_INSERT, {**item, **_placed(item, completed, over=over), "digest": content_digest}, expect=1)
    deps.link(change, item_id, completed)
    change.record(_event("work_item.created", item, wanted["session_id"] or item["created_by"]))
    change.answer_with(lambda rows: (shown(rows[0]), True), _BY_ID, {"id": item_id})
    return change


def _workflow_of(db: Reader, workflow_id: str, project_key: str | None) -> Row:
    """The workflow that a call names, with the project that it names, if any. Raises Invalid."""
    workflow = db.row(_WORKFLOW, id=workflow_id)
    if workflow is None:
        raise Invalid({"workflow_id": [f"There is no workflow {workflow_id}. Create it first, or look at /api/coord/workflows."]})
    if project_key not in (None, workflow["project_key"]):
        theirs = workflow["project_key"]
        raise Invalid({"project_key": [f"The workflow belongs to project {theirs!r}. Leave project_key out, or give that."]})
    return workflow


def _placed(item: Row, completed: dict[str, bool], *, over: bool) -> Row:
    """Where the item stands in the lists and the queue."""
    blocked_by = list(completed.values()).count(False)
    return {"blocked_by": blocked_by, "stage": stage_of(item["status"], blocked_by, shelved=over), "rank": -item["priority"]}


def update(db: Reader, item_id: str, fields: Row) -> Decision[Row]:
    """Changes what is given. Raises NotFound, Invalid and Superseded. May be repeated: what is so already changes nothing."""
    row = db.row(_TO_CHANGE, id=item_id)
    if row is None:
        raise _not_found(item_id)
    decisions.must_not_be_late("work_item", row, fields, shown)
    was = shown(row)
    new: Row = {name: fields.get(name, was[name]) for name in _CHANGEABLE}
    new["assigned_to"] = _assignee(was, fields)
    if set(new["depends_on"]) == set(was["depends_on"]):
        new["depends_on"] = was["depends_on"]
    changed = [name for name in _CHANGEABLE if new[name] != was[name]]
    if decisions.is_known(row, fields) or not (changed or decisions.confirms(row, fields)):
        return Answer(was)
    new["depends_on"] = list(dict.fromkeys(new["depends_on"]))
    item = {**was, **new}
    change: Change[Row] = Change()
    _change_row(db, change, was, item, decisions.noted(row, fields))
    if item["status"] != was["status"]:
        _change_status(change, was, item)
    kind = _what_happened(was, item) if changed else "work_item.confirmed"
    change.record(_event(kind, item, fields["session_id"], changed=changed))
    change.answer_with(lambda rows: shown(rows[0]), _BY_ID, {"id": item_id})
    return change


def _assignee(was: Row, fields: Row) -> str | None:
    """Who has the item after a PATCH: whoever it says; the caller that takes an unassigned one into work; nobody when a claimed one goes
    back into the queue."""
    assigned: str | None = was["assigned_to"]
    if "assigned_to" in fields:
        assigned = fields["assigned_to"]
    elif fields.get("status") == "in_progress" and assigned is None:
        assigned = fields["session_id"]
    elif fields.get("status") == "pending" and was["claimed_at"] is not None:
        assigned = None
    return assigned


def _change_row(db: Reader, change: Change[Any], was: Row, item: Row, decided: Row) -> None:
    """The guarded UPDATE of the item's own row, and its links to what it depends on."""
    completed = deps.completion(db, item["depends_on"], was["project_key"])
    added = {each: done for each, done in completed.items() if each not in was["depends_on"]}
    removed = [each for each in was["depends_on"] if each not in completed]
    if added:
        deps.add_without_cycle(db, change, was["id"], list(added), was["project_key"])
    place = _placed(item, completed, over=was["workflow_status"] in OVER_WORKFLOWS)
    in_progress = item["status"] == "in_progress"
    taken = in_progress and (was["status"] != "in_progress" or item["assigned_to"] not in (None, was["assigned_to"]))
    change.add(
        _UPDATE,
        {
            "item_id": was["id"],
            "seen": was["changed"],
            "claims": int(taken),
            "old_claimed_at": None if item["status"] == "pending" else was["claimed_at"],
            "completes": int(item["status"] == "completed" != was["status"]),
            "old_completed_at": was["completed_at"] if item["status"] == "completed" else None,
            **{f"new_{name}": {**item, **place}[name] for name in _SET},
            **decided,
        },
        expect=1,
    )
    deps.link(change, was["id"], added, removed)


def _change_status(change: Change[Any], was: Row, item: Row) -> None:
    """What follows elsewhere: the workflow's counts, and the items that wait for this one."""
    over = was["workflow_status"] in OVER_WORKFLOWS
    change.add(_count(was["status"], item["status"]), {"workflow_id": was["workflow_id"], "over": int(over)}, expect=1)
    if "completed" in (was["status"], item["status"]):
        deps.count_completion(change, was["id"], completed=item["status"] == "completed")


_HAPPENED = {"in_progress": "work_item.claimed", "completed": "work_item.completed", "cancelled": "work_item.cancelled"}


def _what_happened(was: Row, item: Row) -> str:
    return "work_item.updated" if item["status"] == was["status"] else _HAPPENED.get(item["status"], "work_item.updated")


_TOLD = ("title", "status", "workflow_id", "priority", "assigned_to")


def _event(kind: str, item: Row, session_id: str | None, **more: Any) -> Event:
    data = {name: item[name] for name in _TOLD}
    return Event(kind, "work_item", item["id"], item["project_key"], session_id, {**data, **more})


def shelve(change: Change[Any], workflow_id: str, *, over: bool) -> None:
    """Takes the pending items of a workflow that is over out of the queue; puts them back when it goes on."""
    change.add(_SHELVE if over else _UNSHELVE, {"workflow": workflow_id})


# --- the queue -------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _next(scope: tuple[str, ...]) -> sa.Select[Any]:
    """The item that is claimed next. `scope`: which of project_key and workflow_id the caller names."""
    mine = sa.or_(_c.assigned_to.is_(None), _c.assigned_to == param("session_id"))
    return (
        sa.select(_c.id)
        .where(_c.stage == READY, mine, *(_c[name] == param(name) for name in scope))
        .order_by(_c.rank, _c.revision)
        .limit(1)
    )


@lru_cache(maxsize=4)
def _is_any(scope: tuple[str, ...]) -> Prepared:
    return Prepared(_next(scope))


@lru_cache(maxsize=4)
def _give(scope: tuple[str, ...]) -> Prepared:
    """Gives the next item to a claim. The item itself is changed by _TAKE: MariaDB does not tell which rows an UPDATE touched."""
    item = _next(scope).subquery("next")
    values: dict[str, Any] = {
        "revision": journal.revision,
        "id": param("claim_id", type_=work_item_claims.c.id.type),
        "item_id": item.c.id,
        "digest": param("digest", type_=sa.String),
    }
    return Prepared(sa.insert(work_item_claims).from_select(list(values), sa.select(*values.values())))


_given = sa.and_(work_item_claims.c.id == param("claim_id"), _c.id == work_item_claims.c.item_id)

_TAKE = Prepared(
    sa.update(work_items)
    .where(_given, _c.stage == READY)
    .values(
        stage="in_progress",
        assigned_to=param("session"),
        claimed_at=journal.moment,
        updated_at=journal.moment,
        observed_at=now_or_newest(_c.observed_at),
        changed=journal.revision,
    )
)

_COUNT_TAKEN = Prepared(
    sa.update(workflows)
    .where(_given, workflows.c.id == _c.workflow_id)
    .values(items_pending=workflows.c.items_pending - 1, items_in_progress=workflows.c.items_in_progress + 1)
)

_RECORD_CLAIM = journal.recording(
    work_item_claims.c.id == param("subject_id"),
    _c.id == work_item_claims.c.item_id,
    subject_id=_c.id,
    project_key=_c.project_key,
    data=sa.func.json_object(
        *("title", _c.title, "status", "in_progress", "workflow_id", _c.workflow_id, "priority", -_c.rank, "assigned_to", _c.assigned_to)
    ),
)

_CLAIMED = Prepared(sa.select(*_c, work_item_claims.c.digest.label("claimed_with")).where(_given))


def claim(db: Reader, wanted: Row, claim_id: str) -> Decision[Row | None]:
    """The next ready item, now the caller's; None when there is none. Raises Invalid and IdConflict.

    May be repeated: the claim gives the same item. Passes over items that are assigned to others, and workflows that are over.
    """
    content = {name: wanted[name] for name in ("session_id", "project_key", "workflow_id")}
    content_digest = digest(content)
    given = db.row(_CLAIMED, claim_id=claim_id)
    if given is not None:
        must_match({"id": claim_id, "digest": given["claimed_with"]}, content_digest, "claim")
        return Answer(shown(given))
    scope = tuple(name for name in ("project_key", "workflow_id") if wanted[name] is not None)
    values = {name: wanted[name] for name in ("session_id", *scope)}
    if db.row(_is_any(scope), **values) is None:
        if wanted["workflow_id"] is not None:
            _workflow_of(db, wanted["workflow_id"], wanted["project_key"])
        return Answer(None)
    change: Change[Row | None] = Change()
    change.add(_give(scope), {"claim_id": claim_id, "digest": content_digest, **values}, expect=1)
    change.add(_TAKE, {"claim_id": claim_id, "session": wanted["session_id"]}, expect=1)
    change.add(_COUNT_TAKEN, {"claim_id": claim_id}, expect=1)
    change.record(Event("work_item.claimed", "work_item", claim_id, session_id=wanted["session_id"], statement=_RECORD_CLAIM))
    change.answer_with(lambda rows: shown(rows[0]), _CLAIMED, {"claim_id": claim_id})
    return change


# --- a session leaves ------------------------------------------------------------------------------------------------------------

MAX_RETURNED = 100  # items given back in one change: others wait for their turn while it runs


def had(most: int) -> Prepared:
    """What a session has claimed and not finished: `most` items, and one more when there are more. Not what it claimed after it decided
    to end."""
    workflow = [workflows.c[name].label(f"workflow_{name}") for name in ("status", "name", "created_by")]
    return Prepared(
        sa.select(*_c, *workflow)
        .join(workflows, workflows.c.id == _c.workflow_id)
        .where(
            _c.assigned_to == param("session"),
            _c.stage == "in_progress",
            _c.claimed_at.is_not(None),
            not_superseded(_c.claimed_at),
        )
        .order_by(_c.rank, _c.revision)
        .limit(most + 1)
    )


_HAD = had(MAX_RETURNED)

_RETURN = Prepared(
    sa.update(work_items)
    .where(_c.id == param("item_id"), _c.changed == param("seen"))
    .values(
        stage=param("to_stage"),
        assigned_to=sa.null(),
        claimed_at=sa.null(),
        updated_at=journal.moment,
        observed_at=now_or_newest(_c.observed_at),
        changed=journal.revision,
    )
)


def on_session_end(db: Reader, end: SessionEnd) -> None:
    """Gives back what the session has claimed and not finished: its items are pending again, for anybody."""
    had = db.rows(_HAD, session=end.session_id, new_observed_at=end.observed_at)
    end.incomplete = end.incomplete or len(had) > MAX_RETURNED
    by, reason = (None, "session_gone") if end.gone else (end.session_id, "session_ended")
    for row in had[:MAX_RETURNED]:
        over = row["workflow_status"] in OVER_WORKFLOWS
        stage = stage_of("pending", row["blocked_by"], shelved=over)
        end.change.add(_RETURN, {"item_id": row["id"], "seen": row["changed"], "to_stage": stage}, expect=1)
        end.change.add(_count("in_progress", "pending"), {"workflow_id": row["workflow_id"], "over": int(over)}, expect=1)
        item = {**shown(row), "status": "pending", "assigned_to": None}
        end.change.record(_event("work_item.returned", item, by, was_assigned_to=end.session_id, reason=reason))
        for creator in (row["created_by"], row["workflow_created_by"]):
            end.affects(creator, f"Work item {row['title']!r} ({row['id']}) of {row['workflow_name']!r} is pending again.")
    end.counts["work_items_returned"] = len(had[:MAX_RETURNED])
