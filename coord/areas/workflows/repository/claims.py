"""Claiming the next work item.

It is chosen inside the change: changes are serial, so callers that claim at the same moment get
different items, the best first, and none of them has to try again.
"""

from datetime import timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import hand_over
from coord.areas.workflows.models import work_item_claims, work_items, workflows
from coord.areas.workflows.repository.item_changes import workflow_of
from coord.areas.workflows.repository.items import COLUMNS, INDEXES, answers
from coord.areas.workflows.rows import ClaimItem, ItemAnswer
from coord.areas.workflows.stages import READY
from coord.ids import digest, must_match
from coord.observed_at import now_or_newest
from coord.store import (
    Answer,
    Change,
    Decision,
    Event,
    Prepared,
    Range,
    Reader,
    along,
    first_of,
    journal,
    now,
)

REMEMBER_EMPTY = timedelta(minutes=10)  # a proxy or a queue delivers a call again within seconds
NO_ITEM = "00000000-0000-0000-0000-000000000000"  # the item of a claim that was answered 204

_c = work_items.c
_claims = work_item_claims.c
_entries = journal.JournalEntry.__table__.c


@lru_cache(maxsize=4)
def _next(scope: tuple[str, ...]) -> sa.Select[Any]:
    """The item that is claimed next: the first of those that nobody was assigned to, and of those
    that the caller was, however many wait for others.

    `scope`: which of project_key and workflow_id the caller names.
    """
    in_scope = [_c.stage == READY, *(_c[name] == param(name) for name in scope)]
    narrowest = {"workflow_id"} if "workflow_id" in scope else set(scope)
    index = INDEXES[frozenset({"assigned_to", *narrowest})]
    ranges = [
        Range([for_caller, *in_scope], index)
        for for_caller in (_c.assigned_to.is_(None), _c.assigned_to == param("session_id"))
    ]
    one = sa.literal(1, sa.Integer)
    return first_of(work_items, ranges, ["rank", "revision"], one, columns=[_c.id])


@lru_cache(maxsize=4)
def _is_any_ready(scope: tuple[str, ...]) -> Prepared:
    return Prepared(_next(scope))


@lru_cache(maxsize=4)
def _insert(scope: tuple[str, ...]) -> Prepared:
    """Notes which item the claim gets.

    The item is changed by _TAKE: MariaDB does not tell which rows an UPDATE touched.
    """
    item = _next(scope).subquery("next")
    values: dict[str, Any] = {
        "revision": journal.revision,
        "id": param("claim_id", type_=_claims.id.type),
        "item_id": item.c.id,
        "digest": param("digest", type_=sa.String),
    }
    return Prepared(
        sa.insert(work_item_claims).from_select(list(values), sa.select(*values.values()))
    )


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
    "title", _c.title, "status", "in_progress", "workflow_id", _c.workflow_id,
    "priority", -_c.rank, "assigned_to", _c.assigned_to,
)  # fmt: skip
_RECORD_CLAIM = journal.recording(
    _claims.id == param("subject_id"),
    _c.id == _claims.item_id,
    subject_id=_c.id,
    project_key=_c.project_key,
    data=_event_data,
)

_EMPTY_CLAIM = Prepared(
    sa.select(_claims.digest, _entries.at, now().label("now"))
    .select_from(
        work_item_claims.outerjoin(
            journal.JournalEntry.__table__, _entries.revision == _claims.revision
        )
    )
    .where(
        _claims.id == param("claim_id"),
        _claims.item_id == sa.literal(NO_ITEM, _claims.item_id.type),
    )
)
"""A claim that was answered 204, and when."""

_FORGET_EMPTY = Prepared(
    sa.delete(work_item_claims).where(
        _claims.id == param("claim_id"),
        _claims.item_id == sa.literal(NO_ITEM, _claims.item_id.type),
    )
)


_CLAIMED_BEFORE = Prepared(
    along(
        sa.select(_entries.session_id)
        .where(
            _entries.subject_id == param("item", type_=sa.String),
            _entries.type == sa.literal("work_item.claimed"),
            _entries.session_id != param("session_id", type_=sa.String),
        )
        .order_by(_entries.revision.desc())
        .limit(1),
        journal.JournalEntry.__table__,
        "ix_journal_subject",
    )
)
"""Who claimed the item last, before the session."""


@lru_cache(maxsize=4)
def _remember_empty(scope: tuple[str, ...]) -> Prepared:
    """Notes that there was nothing for the claim, if that is still so."""
    values: dict[str, Any] = {
        "revision": journal.revision,
        "id": param("claim_id", type_=_claims.id.type),
        "item_id": sa.literal(NO_ITEM, _claims.item_id.type),
        "digest": param("digest", type_=sa.String),
    }
    nothing = sa.select(*values.values()).where(~sa.exists(_next(scope)))
    return Prepared(sa.insert(work_item_claims).from_select(list(values), nothing))


_ITEM_OF_CLAIM = Prepared(sa.select(*COLUMNS, _claims.digest.label("claim_digest")).where(_claimed))


def claim(db: Reader, body: ClaimItem, claim_id: str) -> Decision[ItemAnswer | None]:
    """The next ready item, now the caller's; None when there is none. Raises Invalid and
    IdConflict.

    May be repeated: the claim gives the same item, and for REMEMBER_EMPTY nothing if there was
    nothing. Leaves out items that are assigned to others, and those of closed workflows.
    """
    names = {"project_key": body["project_key"], "workflow_id": body["workflow_id"]}
    content_digest = digest({"session_id": body["session_id"], **names})
    earlier = db.row(_ITEM_OF_CLAIM, claim_id=claim_id)
    if earlier is not None:
        must_match({"id": claim_id, "digest": earlier["claim_digest"]}, content_digest, "claim")
        return Answer(answers([earlier])[0])
    empty = db.row(_EMPTY_CLAIM, claim_id=claim_id)
    if empty is not None:
        must_match({"id": claim_id, "digest": empty["digest"]}, content_digest, "claim")
        if empty["at"] is not None and empty["now"] - empty["at"] < REMEMBER_EMPTY:
            return Answer(None)
    scope = tuple(name for name, value in names.items() if value is not None)
    values = {name: value for name, value in names.items() if value is not None}
    values = {"session_id": body["session_id"], **values}
    change: Change[ItemAnswer | None] = Change()
    if empty is not None:
        change.add(_FORGET_EMPTY, {"claim_id": claim_id}, expect=1)
    claim_values = {"claim_id": claim_id, "digest": content_digest, **values}
    if db.row(_is_any_ready(scope), **values) is None:
        if body["workflow_id"] is not None:
            workflow_of(db, body["workflow_id"], body["project_key"])
        if body["claim_id"] is None:
            return Answer(None)  # nobody can repeat it
        return _add_empty(change, scope, claim_values, body["project_key"])
    return _add_claim(change, scope, claim_values)


def _add_claim(
    change: Change[ItemAnswer | None], scope: tuple[str, ...], values: dict[str, str]
) -> Change[ItemAnswer | None]:
    claim_id, caller = values["claim_id"], values["session_id"]
    change.add(_insert(scope), values, expect=1)
    change.add(_TAKE, {"claim_id": claim_id, "session": caller}, expect=1)
    change.add(_COUNT_TAKEN, {"claim_id": claim_id}, expect=1)
    change.record(
        Event(
            "work_item.claimed", "work_item", claim_id, session_id=caller, statement=_RECORD_CLAIM
        )
    )
    change.answer_with(lambda rows: answers(rows)[0], _ITEM_OF_CLAIM, {"claim_id": claim_id})
    return change


def hand_over_item(db: Reader, item: ItemAnswer, session_id: str) -> Decision[None]:
    """Sends the session, which has just taken the item, the note that the one before it left. By a
    change of its own: which item a claim gets is known only once it has it. Raises HookFailed.
    """
    change: Change[None] = Change()
    author = db.value(_CLAIMED_BEFORE, item=item["id"], session_id=session_id)
    if author is not None:
        hand_over(db, change, author, session_id, f"you have taken on its item '{item['title']}'")
    return change if change.events else Answer(None)


def _add_empty(
    change: Change[ItemAnswer | None],
    scope: tuple[str, ...],
    values: dict[str, str],
    project_key: str | None,
) -> Change[ItemAnswer | None]:
    """Remembers that there was nothing, so that a second delivery does not take an item
    for nobody.
    """
    change.add(_remember_empty(scope), values, expect=1)
    change.record(
        Event(
            "work_item.none_ready", "claim", values["claim_id"], project_key, values["session_id"]
        )
    )
    return change
