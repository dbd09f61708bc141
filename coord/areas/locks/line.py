"""The line of those who wait for a lock: who stands in it, who stands in front of whom, and who has died in it.

A waiting claim has a row for each of its resources. A row blocks every claim that conflicts with it and stands behind it, waiting or not:
so a waiter for a tree is not starved by claims of files. Functions read, and return rows or add to a Change; none of them commits.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.locks.models import LockWaiter
from coord.areas.locks.overlap import by_index, meets, values_of
from coord.areas.locks.resources import Resource, canonical
from coord.live import processes
from coord.store import Answer, Change, Decision, Event, Id, Prepared, Reader, Row, Rows, journal, now, plus

LAST_PLACE = 2**62  # behind everybody: where a claim stands that does not wait
GRACE_US = 5_000_000  # a row counts for so much longer than its call waits: the call may be in the middle of its last try
MAX_REMOVED = 100  # dead waiters removed by one change

_table = LockWaiter.__table__
_c = _table.c


def against(depth: int, tree: bool) -> sa.ScalarSelect[int]:
    """For the guard of a grant: the sum of the places of those in front that conflict with it. What is expected is the sum of those seen:
    revisions of the journal, so that two different sets have one sum only in theory."""
    places = sa.select(sa.func.coalesce(sa.func.sum(_c.revision), 0)).where(_in_front(depth, tree))
    return by_index(places, _table, "ix_lock_waiters_of_resource").scalar_subquery()  # type: ignore[no-any-return]


def _in_front(depth: int, tree: bool) -> sa.ColumnElement[bool]:
    return sa.and_(
        _c.project_key == param("project_key", type_=sa.String),
        meets(_c, depth, tree),
        _c.session_id != param("session_id", type_=sa.String),
        _c.revision < param("place", type_=sa.BigInteger),
        sa.or_(param("mode", type_=sa.String) == "exclusive", _c.mode == "exclusive"),
    )


@lru_cache(maxsize=256)
def _ahead(depth: int, tree: bool) -> Prepared:
    select = sa.select(*_c, sa.case((_c.until > now(), 1), else_=0).label("in_time")).where(_in_front(depth, tree))
    return Prepared(by_index(select, _table, "ix_lock_waiters_of_resource"))


def ahead(db: Reader, resource: Resource, terms: Row, place: int) -> Rows:
    """The rows in front of this place that conflict with the claim, dead ones too, in the order of the line."""
    asked = {name: terms[name] for name in ("project_key", "session_id", "mode")}
    found = db.rows(_ahead(len(resource.above), resource.tree), **asked, place=place, **values_of(resource))
    return sorted(found, key=lambda row: (row["revision"], row["nth"]))


_OF_WAIT = Prepared(sa.select(*_c).where(_c.wait_id == param("wait_id")).order_by(_c.nth))
_ALL = Prepared(sa.select(*_c, sa.case((_c.until > now(), 1), else_=0).label("in_time")).order_by(_c.revision, _c.nth))
_PROCESSES = Prepared(sa.select(_c.process).distinct())
_ANY_OVERDUE = Prepared(sa.select(_c.wait_id).where(_c.until <= now()).limit(1))
_OF_SESSION = Prepared(sa.select(*_c).where(_c.session_id == param("session_id")).order_by(_c.revision, _c.nth))


def of_wait(db: Reader, wait_id: str) -> Rows:
    """The rows of one waiting claim; none when it has left the line."""
    return db.rows(_OF_WAIT, wait_id=wait_id)


def of_session(db: Reader, session_id: str) -> Rows:
    """What a session waits for."""
    return db.rows(_OF_SESSION, session_id=session_id)


def find_conflicting(db: Reader, lock: Row) -> Rows:
    """Those in the line, of whatever place, whom this lock keeps out."""
    return ahead(db, resource_of(lock), lock, LAST_PLACE)


def dead(db: Reader, rows: Rows) -> set[str]:
    """The waits among the rows (with `in_time`) that nobody is behind any more."""
    if not rows:
        return set()
    alive = processes.alive(db)
    return {row["wait_id"] for row in rows if not row["in_time"] or row["process"] not in alive}


def all_dead(db: Reader) -> list[str]:
    """Those in the whole line, some at a time. When nobody has died it reads no row of the line."""
    processes_of_line = {row["process"] for row in db.rows(_PROCESSES)}
    if not processes_of_line or (processes_of_line <= processes.alive(db) and db.row(_ANY_OVERDUE) is None):
        return []
    return sorted(dead(db, db.rows(_ALL)))[:MAX_REMOVED]


# --- entering and leaving --------------------------------------------------------------------------------------------------------

_values: dict[str, Any] = {
    "revision": journal.revision - param("back", type_=sa.BigInteger),
    "nth": param("nth", type_=sa.Integer),
    "wait_id": param("wait_id", type_=Id),
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
_ENTER = Prepared(sa.insert(_table).from_select(list(_values), sa.select(*_values.values())))
_LEAVE = Prepared(sa.delete(_table).where(_c.wait_id == param("wait")))
_PLACE = Prepared(sa.select(journal.revision.label("revision")))


def enter(claims: Rows, terms: Row, wait_id: str, wait_us: int) -> Change[int]:
    """The change that puts the claim at the end of the line; it answers its place."""
    change: Change[int] = Change()
    told = {"resources": [each["resource"] for each in claims], "mode": terms["mode"], "description": terms["description"]}
    event = change.record(Event("lock.queued", "wait", wait_id, terms["project_key"], terms["session_id"], told))
    for nth, each in enumerate(claims):
        change.add(
            _ENTER,
            {
                "nth": nth,
                "wait_id": wait_id,
                "process": processes.own_id(),
                "resource": each["resource"],
                "key": each["canonical"].key,
                "tree": each["canonical"].tree,
                "wait_us": wait_us + GRACE_US,
                **{name: terms[name] for name in ("project_key", "session_id", "mode", "description")},
            },
            expect=1,
            event=event,
        )
    change.answer_with(lambda rows: int(rows[0]["revision"]), _PLACE)
    return change


def enter_once(db: Reader, claims: Rows, terms: Row, wait_id: str, wait_us: int) -> Decision[int]:
    """`enter`, when it may have been done already: nobody knows what became of a commit whose connection broke."""
    standing = of_wait(db, wait_id)
    return Answer(int(standing[0]["revision"])) if standing else enter(claims, terms, wait_id, wait_us)


def grant_ends(change: Change[Any], rows: Rows) -> None:
    """The wait is over because it is granted in the same change; `lock.claimed` tells of it."""
    change.add(_LEAVE, {"wait": rows[0]["wait_id"]}, expect=len(rows))


def remove(db: Reader, change: Change[Any], wait_ids: Iterable[str], reason: str) -> None:
    """Takes waits out of the line that are still in it."""
    for wait_id in wait_ids:
        rows = of_wait(db, wait_id)
        if rows:
            change.add(_LEAVE, {"wait": wait_id}, expect=len(rows))
            told = {"resources": [row["resource"] for row in rows], "mode": rows[0]["mode"], "reason": reason}
            change.record(Event("lock.unqueued", "wait", wait_id, rows[0]["project_key"], rows[0]["session_id"], told))


def leave(db: Reader, wait_ids: list[str], reason: str) -> Decision[None]:
    """The change that takes them out; None when none of them is in the line. May be repeated."""
    change: Change[None] = Change()
    remove(db, change, wait_ids, reason)
    return change if change.steps else Answer(None)


# --- what is seen ----------------------------------------------------------------------------------------------------------------


def find(db: Reader, args: Row, after: int | None, limit: int) -> Rows:
    """`limit + 1` waiting claims at most, first come first, behind the place `after`. Those that have died are left out."""
    rows = [row for row in db.rows(_ALL) if args["project_key"] in (None, row["project_key"])]
    gone = dead(db, rows)
    wanted = None if args["resource"] is None else canonical(args["resource"])
    found = []
    for together in _by_wait(rows):
        first = together[0]
        if first["wait_id"] in gone or args["session_id"] not in (None, first["session_id"]) or first["revision"] <= (after or 0):
            continue
        if wanted is None or any(wanted.meets(resource_of(row)) for row in together):
            found.append(shown(together))
    return found[: limit + 1]


def _by_wait(rows: Rows) -> list[Rows]:
    waits: dict[str, Rows] = {}
    for row in rows:
        waits.setdefault(row["wait_id"], []).append(row)
    return list(waits.values())


def shown(rows: Rows) -> Row:
    """A waiting claim as it is answered."""
    return {**rows[0], "id": rows[0]["wait_id"], "resources": [row["resource"] for row in rows]}


def resource_of(row: Row) -> Resource:
    """The resource of a row, of a waiter or of a lock."""
    return Resource(row["resource_key"], bool(row["tree"]))


def conflict(one: Row, other: Row) -> bool:
    """Whether two rows, of waiters or of locks, keep each other out."""
    return (
        one["project_key"] == other["project_key"]
        and one["session_id"] != other["session_id"]
        and "exclusive" in (one["mode"], other["mode"])
        and resource_of(one).meets(resource_of(other))
    )


def count(db: Reader, project_key: str | None = None) -> int:
    """How many calls wait, exactly, but for those that have just died."""
    query = sa.select(sa.func.count(sa.distinct(_c.wait_id))).select_from(_table)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    return int(db.value(query))
