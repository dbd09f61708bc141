"""Waiters: claims that wait for what others hold. Who goes before whom, who is dead, how waiting
begins and ends.

A waiter has a row for each of its resources. The row blocks every later claim that conflicts with
it, whether that waits or not: so a waiter for a tree is not starved by claims of files.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks import waiting_claims
from coord.areas.locks.models import LockWaiter
from coord.areas.locks.overlap import overlap_values, overlaps
from coord.areas.locks.repository.statements import columns as locks
from coord.areas.locks.repository.statements import held
from coord.areas.locks.rows import (
    LockRow,
    ResourceRow,
    WaiterRow,
    resource_of,
)
from coord.areas.locks.terms import Ahead, Begun, ClaimTerms
from coord.live import processes
from coord.store import (
    Answer,
    Change,
    Decision,
    Event,
    Id,
    Prepared,
    Reader,
    Row,
    Rows,
    Statement,
    along,
    journal,
    now,
    plus,
)

BEHIND_ALL = 2**62  # a revision larger than any: where a claim stands that does not wait
# a row outlives its call's wait by this: it may be in the middle of its last try
GRACE_US = 5_000_000
MAX_REMOVED = 100  # dead waiters removed by one change
# read when a claim begins to wait: whoever takes itself for the first too early tries in vain, and
# knows then
MAX_AHEAD = 100

_table = LockWaiter.__table__
_c = _table.c
_RESOURCE_INDEX = "ix_lock_waiters_of_resource"

_in_time = sa.case((_c.until > now(), 1), else_=0).label("in_time")
waiter_rows = [*_c, _in_time]
_rows = sa.select(*waiter_rows)


_in_project = _c.project_key == param("project_key", type_=sa.String)
_conflicts = sa.and_(
    _c.session_id != param("session_id", type_=sa.String),
    sa.or_(param("mode", type_=sa.String) == "exclusive", _c.mode == "exclusive"),
)


def sum_ahead(depth: int, tree: bool) -> sa.ScalarSelect[int]:
    """For the guard of a grant: the sum of the revisions of the waiters ahead that conflict with
    it.

    It must be the sum of those that were seen. Revisions are of the journal and never used twice,
    so two different sets have one sum only in theory.
    """
    total = sa.select(sa.func.coalesce(sa.func.sum(_c.revision), 0)).where(_is_ahead(depth, tree))
    return along(total, _table, _RESOURCE_INDEX).scalar_subquery()


def _is_ahead(depth: int, tree: bool) -> sa.ColumnElement[bool]:
    return sa.and_(
        overlaps(_c, depth, tree, [_in_project]),
        _c.revision < param("before", type_=sa.BigInteger),
        _conflicts,
    )


@lru_cache(maxsize=256)
def _ahead(depth: int, tree: bool) -> Prepared:
    return Prepared(along(_rows.where(_is_ahead(depth, tree)), _table, _RESOURCE_INDEX))


def ahead(db: Reader, claimed: ResourceRow, before: int) -> list[WaiterRow]:
    """Those that conflict with this and began to wait before this revision, dead ones too; the
    first comes first."""
    resource = resource_of(claimed)
    waiting = _read(
        db,
        _ahead(len(resource.above), resource.tree),
        project_key=claimed["project_key"],
        session_id=claimed["session_id"],
        mode=claimed["mode"],
        before=before,
        **overlap_values(resource),
    )
    return sorted(waiting, key=lambda row: (row["revision"], row["nth"]))


def blocked_by(db: Reader, lock: LockRow) -> list[WaiterRow]:
    """Those whom this lock keeps waiting."""
    return ahead(db, lock, BEHIND_ALL)


_OF_WAITER = Prepared(_rows.where(_c.waiter_id == param("waiter")).order_by(_c.nth))
_OF_SESSION = Prepared(
    _rows.where(_c.session_id == param("session_id")).order_by(_c.revision, _c.nth)
)
_ALL = Prepared(_rows.order_by(_c.revision, _c.nth))
_PROCESSES = Prepared(sa.select(_c.process).distinct())
_OF_PROCESS = Prepared(sa.select(_c.waiter_id).where(_c.process == param("process")))
_OVERDUE = Prepared(sa.select(_c.waiter_id).where(_c.until <= now()).limit(1))


def rows_of(db: Reader, waiter_id: str) -> list[WaiterRow]:
    """One for each of its resources; none when it no longer waits."""
    return _read(db, _OF_WAITER, waiter=waiter_id)


def of_session(db: Reader, session_id: str) -> list[WaiterRow]:
    """What a session waits for."""
    return _read(db, _OF_SESSION, session_id=session_id)


def dead_among(db: Reader, rows: list[WaiterRow]) -> set[str]:
    """The waiters among the rows that no call is behind any more: its time is over, its process is
    gone, or this is its process and knows nothing of it."""
    if not rows:
        return set()
    alive, own = processes.alive(db), processes.own_id()
    return {
        row["waiter_id"]
        for row in rows
        if not row["in_time"]
        or row["process"] not in alive
        or (row["process"] == own and not waiting_claims.has_call(row["waiter_id"]))
    }


def find_dead(db: Reader) -> list[str]:
    """Those among all, some at a time. When nobody has died only this process's own are read."""
    their_processes = {row["process"] for row in db.rows(_PROCESSES)}
    if not their_processes:
        return []
    if their_processes <= processes.alive(db) and db.row(_OVERDUE) is None:
        return _without_call(db, their_processes)[:MAX_REMOVED]
    return sorted(dead_among(db, _read(db, _ALL)))[:MAX_REMOVED]


def _without_call(db: Reader, their_processes: set[str]) -> list[str]:
    """The waiters of this process that it knows nothing of.

    A database that stood still goes on with what it was sent before: so the row of a claim may come
    long after its call was answered 503, and was to end a wait that was not there yet.
    """
    own = processes.own_id()
    rows = db.rows(_OF_PROCESS, process=own) if own in their_processes else []
    waiter_ids = {row["waiter_id"] for row in rows}
    return sorted(waiter_id for waiter_id in waiter_ids if not waiting_claims.has_call(waiter_id))


@lru_cache(maxsize=2)
def _counting(in_project: bool) -> Prepared:
    query = sa.select(sa.func.count()).select_from(_table).where(_c.nth == 0)
    return Prepared(query.where(_c.project_key == param("project_key")) if in_project else query)


def count(db: Reader, project_key: str | None = None) -> int:
    """How many there are, exactly, but for those that have just died."""
    return int(db.value(_counting(project_key is not None), project_key=project_key))


def sessions() -> sa.Select[tuple[str]]:
    """The sessions that wait, once for each of their resources, but for those that have just
    died."""
    waiting = sa.select(_c.session_id).where(_c.until > now())
    return along(waiting, _table, "ix_lock_waiters_of_session")


_values: dict[str, Any] = {
    "revision": journal.revision - param("back", type_=sa.BigInteger),
    "nth": param("nth", type_=sa.Integer),
    "waiter_id": param("waiter_id", type_=Id),
    "process": param("process", type_=Id),
    "project_key": param("project_key", type_=sa.String),
    "resource": param("resource", type_=sa.String),
    "resource_key": param("key", type_=sa.String),
    "tree": param("tree", type_=sa.Boolean),
    "session_id": param("session_id", type_=sa.String),
    "mode": param("mode", type_=sa.String),
    "description": param("description", type_=sa.String),
    "since": journal.moment,
    "until": plus(journal.moment, param("wait_us", type_=sa.BigInteger)),
}
_INSERT = Prepared(sa.insert(_table).from_select(list(_values), sa.select(*_values.values())))
_DELETE = Prepared(sa.delete(_table).where(_c.waiter_id == param("waiter")))


@lru_cache(maxsize=256)
def _begun(shapes: tuple[tuple[int, bool], ...]) -> Prepared:
    """The waiter that was just added and those ahead of it, the last first, and whether others may
    wait for its session. `shapes`: depth and tree of each resource."""
    session, waiter = param("session_id", type_=sa.String), param("waiter_id", type_=Id)
    others = _table.alias("others").c
    holds = sa.exists().where(locks.session_id == session, held(journal.moment))
    waits = sa.exists().where(others.session_id == session, others.waiter_id != waiter)
    overlapping = [
        overlaps(_c, *shape, [_in_project], _prefix(nth)) for nth, shape in enumerate(shapes)
    ]
    query = sa.select(
        _c.waiter_id,
        _c.revision,
        _c.mode,
        sa.or_(holds, waits).label("may_be_waited_for"),
    ).where(
        sa.or_(*overlapping),
        sa.or_(_conflicts, _c.waiter_id == waiter),
    )
    last = query.order_by(_c.revision.desc()).limit(MAX_AHEAD + len(shapes))
    return Prepared(along(last, _table, _RESOURCE_INDEX))


def _prefix(nth: int) -> str:
    return f"of_{nth}_"


def add(terms: ClaimTerms, waiter_id: str, wait_us: int) -> Change[Begun]:
    """The claim begins to wait, behind all that wait already. `wait_us`: for how many
    microseconds."""
    change: Change[Begun] = Change()
    names = [request.name for request in terms.requests]
    data = {"resources": names, "mode": terms.mode, "description": terms.description}
    event = change.record(
        Event("lock.waiting", "waiter", waiter_id, terms.project_key, terms.session_id, data)
    )
    for nth, request in enumerate(terms.requests):
        values = {
            "nth": nth,
            "waiter_id": waiter_id,
            "process": processes.own_id(),
            "project_key": terms.project_key,
            "resource": request.name,
            "key": request.resource.key,
            "tree": request.resource.tree,
            "session_id": terms.session_id,
            "mode": terms.mode,
            "description": terms.description,
            "wait_us": wait_us + GRACE_US,
        }
        change.add(_INSERT, values, expect=1, event=event)
    _answer_begun(change, terms, waiter_id)
    return change


def _answer_begun(change: Change[Begun], terms: ClaimTerms, waiter_id: str) -> None:
    resources = [request.resource for request in terms.requests]
    values: Row = {
        "project_key": terms.project_key,
        "session_id": terms.session_id,
        "mode": terms.mode,
        "waiter_id": waiter_id,
    }
    for nth, resource in enumerate(resources):
        values |= overlap_values(resource, _prefix(nth))

    def finish(rows: Rows) -> Begun:
        own, *_ = rows  # the last of all
        others = {
            row["waiter_id"]: Ahead(row["revision"], row["mode"])
            for row in rows
            if row["waiter_id"] != waiter_id
        }
        return Begun(own["revision"], others, own["may_be_waited_for"])

    shapes = tuple((len(resource.above), resource.tree) for resource in resources)
    change.answer_with(finish, _begun(shapes), values)


def add_once(db: Reader, terms: ClaimTerms, waiter_id: str, wait_us: int) -> Decision[Begun]:
    """`add`, where it may have happened already: nobody knows what became of a commit whose
    connection broke."""
    rows = rows_of(db, waiter_id)
    if not rows:
        return add(terms, waiter_id, wait_us)
    return Answer(Begun(rows[0]["revision"], {}, may_be_waited_for=True))


def end_granted(change: Change[Any], waiter_id: str, resources: int) -> None:
    """Ends a wait for so many resources by the grant that the same change makes; the event
    `lock.claimed` says so."""
    change.add(_DELETE, {"waiter": waiter_id}, expect=resources)


def end_wait(db: Reader, change: Change[Any], waiter_id: str, reason: str) -> None:
    """Ends a wait that is not granted, if it has not ended already."""
    rows = rows_of(db, waiter_id)
    if not rows:
        return
    change.add(_DELETE, {"waiter": waiter_id}, expect=len(rows))
    data = {
        "resources": [row["resource"] for row in rows],
        "mode": rows[0]["mode"],
        "reason": reason,
    }
    change.record(
        Event(
            "lock.wait_ended",
            "waiter",
            waiter_id,
            rows[0]["project_key"],
            rows[0]["session_id"],
            data,
        )
    )


def end_waits(db: Reader, waiter_ids: Iterable[str], reason: str) -> Decision[bool]:
    """Ends those of these waits that have not ended yet; whether there were any. May be
    repeated."""
    change: Change[bool] = Change()
    for waiter_id in waiter_ids:
        end_wait(db, change, waiter_id, reason)
    change.answer_with(lambda _: True)
    return change if change.steps else Answer(False)


def end_dead_waits(db: Reader) -> Decision[bool]:
    """Ends the waits that no call is behind any more, some at a time."""
    return end_waits(db, find_dead(db), "died")


def _read(db: Reader, statement: Statement, /, **values: Any) -> list[WaiterRow]:
    return cast(list[WaiterRow], db.rows(statement, **values))
