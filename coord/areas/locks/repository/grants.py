"""Granting: the statements that make a lock, or make a shared one exclusive, unless it is
blocked."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.models import LockAlias
from coord.areas.locks.overlap import overlap_values, overlaps
from coord.areas.locks.repository import waiters
from coord.areas.locks.repository.statements import (
    HELD_INDEX,
    columns,
    held,
    lock_event,
    stale_at,
    table,
    unreleased_in_project,
)
from coord.areas.locks.resources import Resource
from coord.areas.locks.rows import LockAnswer, LockRow
from coord.areas.locks.terms import ClaimOutcome, ClaimTerms, Granted, RequestedLock
from coord.observed_at import new_observed_at
from coord.store import Change, Event, Prepared, Row, Rows, along, journal, microseconds, plus

_head = journal.JournalHead.__table__
_aliases = LockAlias.__table__.c


@lru_cache(maxsize=256)
def _insert(depth: int, tree: bool) -> Prepared:
    """Inserts the lock unless it is blocked: by another session's overlapping lock, by the
    caller's own of this very name, or by other waiters ahead than those that were read."""
    session_id, mode = param("session_id", type_=sa.String), param("mode", type_=sa.String)
    key, is_tree = param("key", type_=sa.String), param("tree", type_=sa.Boolean)
    same = sa.and_(columns.resource_key == key, columns.tree == is_tree)
    exclusive = sa.or_(mode == "exclusive", columns.mode == "exclusive")
    conflicting: sa.Select[Any] = along(
        sa.select(sa.literal_column("1")).select_from(table), table, HELD_INDEX
    ).where(
        # an expired one too: `claim` notes its end first
        overlaps(columns, depth, tree, unreleased_in_project(columns)),
        sa.or_(
            sa.and_(columns.session_id != session_id, exclusive),
            sa.and_(columns.session_id == session_id, same),
        ),
    )
    revision = journal.revision - param("back", type_=sa.BigInteger)
    values: dict[str, Any] = {
        "revision": revision,
        "id": param("id", type_=sa.String),
        "project_key": param("project_key", type_=sa.String),
        "resource": param("resource", type_=sa.String),
        "resource_key": key,
        "tree": is_tree,
        "session_id": session_id,
        "description": param("description", type_=sa.String),
        "mode": mode,
        "ttl_hours": param("ttl_hours", type_=sa.Float),
        "fencing_token": revision,
        "acquired_at": journal.moment,
        "decided_at": new_observed_at,
        "last_activity_at": journal.moment,
        "stale_at": stale_at(session_id),
        "expires_at": plus(journal.moment, param("ttl_us", type_=sa.BigInteger)),
        "digest": param("digest", type_=sa.String),
    }
    nobody_else_ahead = waiters.sum_ahead(depth, tree) == param("sum_ahead", type_=sa.BigInteger)
    granted = sa.select(*values.values()).where(~conflicting.exists(), nobody_else_ahead)
    return Prepared(sa.insert(table).from_select(list(values), granted))


_NO_ALIAS = Prepared(
    sa.update(_head)
    .where(_head.c.id == 1, ~sa.exists().where(_aliases.id == param("alias", type_=sa.String)))
    .values(id=_head.c.id)
)
"""Touches one row when the id is not an alias: a guard."""

_GRANTED_AT = Prepared(sa.select(journal.revision.label("revision"), journal.moment.label("at")))


def grant(terms: ClaimTerms) -> Change[ClaimOutcome]:
    """The change that grants the whole claim if nothing blocks it. Nothing is read
    before: the guards decide."""
    change: Change[ClaimOutcome] = Change()
    for request in terms.requests:
        add_grant(change, terms, request)
    answer_granted(change, terms)
    return change


def grant_to_waiter(terms: ClaimTerms, waiter_id: str, revision: int) -> Change[ClaimOutcome]:
    """`grant`, of a claim that waits since this revision and whose turn it may be: nothing is held
    against it any more, and nobody is ahead."""
    change: Change[ClaimOutcome] = Change()
    waiters.end_granted(change, waiter_id, len(terms.requests))
    for request in terms.requests:
        add_grant(change, terms, request, before=revision, **data_of_waiter(waiter_id))
    answer_granted(change, terms)
    return change


def data_of_waiter(waiter_id: str) -> Row:
    """What the events of a grant say of the waiter that it was made to."""
    return {"waited": True, "waiter": waiter_id}


def add_grant(
    change: Change[Any],
    terms: ClaimTerms,
    request: RequestedLock,
    *,
    before: int = waiters.BEHIND_ALL,
    sum_passed: int = 0,
    **data: Any,
) -> None:
    """Adds the grant of one resource.

    `before`: the revision of the claim's own waiter. `sum_passed`: of the waiters ahead of that
    which the claim need not let go first. `data`: what the event says besides.
    """
    resource = request.resource
    data = {"resource": request.name, "mode": terms.mode, "description": terms.description, **data}
    event = change.record(
        Event("lock.claimed", "lock", request.id, terms.project_key, terms.session_id, data)
    )
    if terms.may_be_repeated:
        change.add(_NO_ALIAS, {"alias": request.id}, expect=1)
    values = {
        "id": request.id,
        "project_key": terms.project_key,
        "resource": request.name,
        "tree": resource.tree,
        "session_id": terms.session_id,
        "description": terms.description,
        "mode": terms.mode,
        "ttl_hours": terms.new_ttl_hours,
        "ttl_us": microseconds(hours=terms.new_ttl_hours) or None,
        "stale_us": terms.stale_us,
        "digest": request.digest,
        "new_observed_at": terms.observed_at,
        "before": before,
        "sum_ahead": sum_passed,
        **overlap_values(resource),
    }
    change.add(_insert(len(resource.above), resource.tree), values, expect=1, event=event)


def answer_granted(change: Change[ClaimOutcome], terms: ClaimTerms) -> None:
    """Answers with the locks of a change whose last events are their grants, without reading
    them back: that would cost as much as writing them."""

    def finish(rows: Rows) -> ClaimOutcome:
        last = len(terms.requests) - 1
        return Granted(
            [
                _granted(terms, request, rows[0]["revision"] - last + nth, rows[0]["at"])
                for nth, request in enumerate(terms.requests)
            ],
            created=True,
        )

    change.answer_with(finish, _GRANTED_AT)


def _granted(terms: ClaimTerms, request: RequestedLock, revision: int, at: datetime) -> LockAnswer:
    """The lock as its row was just written."""
    ttl_us = microseconds(hours=terms.new_ttl_hours)
    return {
        "id": request.id,
        "project_key": terms.project_key,
        "resource": request.name,
        "session_id": terms.session_id,
        "description": terms.description,
        "mode": terms.mode,
        "ttl_hours": terms.new_ttl_hours,
        "fencing_token": revision,
        "acquired_at": at,
        "last_activity_at": at,
        "expires_at": at + timedelta(microseconds=ttl_us) if ttl_us else None,
        "stale": False,
        "released_at": None,
        "released_by": None,
        "release_reason": None,
    }


@lru_cache(maxsize=256)
def _upgrade(depth: int, tree: bool) -> Prepared:
    """Makes the caller's shared lock exclusive, with a new token, unless another session's
    overlaps it or another claim of the caller's was faster: the token that was told for that one
    stays. MariaDB reads the table that it updates only through a derived table."""
    other = table.alias("other")
    conflicting = (
        along(sa.select(other.c.id), other, HELD_INDEX)
        .where(
            overlaps(other.c, depth, tree, unreleased_in_project(other.c)),
            sa.or_(other.c.expires_at.is_(None), other.c.expires_at > journal.moment),
            other.c.session_id != param("by", type_=sa.String),
        )
        .subquery("conflicting")
    )
    return Prepared(
        sa.update(table)
        .where(
            columns.id == param("lock_id"),
            columns.session_id == param("by", type_=sa.String),
            columns.mode == "shared",
            held(journal.moment),
            ~sa.exists(sa.select(conflicting.c.id)),
        )
        .values(
            mode="exclusive", fencing_token=journal.revision - param("back", type_=sa.BigInteger)
        )
    )


def add_upgrade(change: Change[Any], own: LockRow, resource: Resource, **data: Any) -> None:
    """Adds that the caller's shared lock becomes exclusive."""
    event = change.record(
        lock_event("lock.upgraded", own, own["session_id"], mode="exclusive", **data)
    )
    values: Row = {"project_key": own["project_key"], "lock_id": own["id"], "by": own["session_id"]}
    upgrade = _upgrade(len(resource.above), resource.tree)
    change.add(upgrade, {**values, **overlap_values(resource)}, expect=1, event=event)
