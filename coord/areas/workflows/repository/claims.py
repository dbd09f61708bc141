"""Claiming the next work item.

It is chosen inside the change: changes are serial, so callers that claim at the same moment get different
items, the best first, and none of them has to try again.
"""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.workflows.models import work_item_claims, work_items, workflows
from coord.areas.workflows.repository.item_changes import workflow_of
from coord.areas.workflows.repository.items import answers
from coord.areas.workflows.rows import ClaimItem, ItemAnswer
from coord.areas.workflows.stages import READY
from coord.ids import digest, must_match
from coord.observed_at import now_or_newest
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, journal

_c = work_items.c
_claims = work_item_claims.c


@lru_cache(maxsize=4)
def _next(scope: tuple[str, ...]) -> sa.Select[Any]:
    """The item that is claimed next. `scope`: which of project_key and workflow_id the caller names."""
    for_caller = sa.or_(_c.assigned_to.is_(None), _c.assigned_to == param("session_id"))
    in_scope = [_c[name] == param(name) for name in scope]
    ready = sa.select(_c.id).where(_c.stage == READY, for_caller, *in_scope)
    return ready.order_by(_c.rank, _c.revision).limit(1)


@lru_cache(maxsize=4)
def _is_any_ready(scope: tuple[str, ...]) -> Prepared:
    return Prepared(_next(scope))


@lru_cache(maxsize=4)
def _insert(scope: tuple[str, ...]) -> Prepared:
    """Notes which item the claim gets. The item is changed by _TAKE: MariaDB does not tell which rows an UPDATE touched."""
    item = _next(scope).subquery("next")
    values: dict[str, Any] = {
        "revision": journal.revision,
        "id": param("claim_id", type_=_claims.id.type),
        "item_id": item.c.id,
        "digest": param("digest", type_=sa.String),
    }
    return Prepared(sa.insert(work_item_claims).from_select(list(values), sa.select(*values.values())))


_claimed = sa.and_(_claims.id == param("claim_id"), _c.id == _claims.item_id)

_TAKE = Prepared(
    sa.update(work_items)
    .where(_claimed, _c.stage == READY)
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
    .where(_claimed, workflows.c.id == _c.workflow_id)
    .values(
        items_pending=workflows.c.items_pending - 1,
        items_in_progress=workflows.c.items_in_progress + 1,
    )
)

_event_data = sa.func.json_object(
    *("title", _c.title, "status", "in_progress", "workflow_id", _c.workflow_id),
    *("priority", -_c.rank, "assigned_to", _c.assigned_to),
)
_RECORD_CLAIM = journal.recording(
    _claims.id == param("subject_id"),
    _c.id == _claims.item_id,
    subject_id=_c.id,
    project_key=_c.project_key,
    data=_event_data,
)

_ITEM_OF_CLAIM = Prepared(sa.select(*_c, _claims.digest.label("claim_digest")).where(_claimed))


def claim(db: Reader, body: ClaimItem, claim_id: str) -> Decision[ItemAnswer | None]:
    """The next ready item, now the caller's; None when there is none. Raises Invalid and IdConflict.

    May be repeated: the claim gives the same item. Leaves out items that are assigned to others, and those of
    closed workflows.
    """
    names = {"project_key": body["project_key"], "workflow_id": body["workflow_id"]}
    content_digest = digest({"session_id": body["session_id"], **names})
    earlier = db.row(_ITEM_OF_CLAIM, claim_id=claim_id)
    if earlier is not None:
        must_match({"id": claim_id, "digest": earlier["claim_digest"]}, content_digest, "claim")
        return Answer(answers([earlier])[0])
    in_scope = {name: value for name, value in names.items() if value is not None}
    scope, values = tuple(in_scope), {"session_id": body["session_id"], **in_scope}
    if db.row(_is_any_ready(scope), **values) is None:
        if body["workflow_id"] is not None:
            workflow_of(db, body["workflow_id"], body["project_key"])
        return Answer(None)
    change: Change[ItemAnswer | None] = Change()
    change.add(_insert(scope), {"claim_id": claim_id, "digest": content_digest, **values}, expect=1)
    change.add(_TAKE, {"claim_id": claim_id, "session": body["session_id"]}, expect=1)
    change.add(_COUNT_TAKEN, {"claim_id": claim_id}, expect=1)
    caller = body["session_id"]
    change.record(Event("work_item.claimed", "work_item", claim_id, session_id=caller, statement=_RECORD_CLAIM))
    change.answer_with(lambda rows: answers(rows)[0], _ITEM_OF_CLAIM, {"claim_id": claim_id})
    return change
