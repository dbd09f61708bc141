"""What was held, waited for and refused in a stretch of time: held from the locks, the rest from
the journal.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from heapq import nlargest

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import Span, Stretch
from coord.areas.locks.models import LockWaiter
from coord.areas.locks.repository import waiters
from coord.areas.locks.repository.statements import HELD_INDEX, columns, lock_columns, table
from coord.areas.locks.rows import LockRow, lock_as_of_now
from coord.live import MAX_WAIT_S
from coord.store import Prepared, Reader, Row, along, moments

MAX_WAIT = timedelta(seconds=MAX_WAIT_S + waiters.GRACE_US / 1_000_000)
_WAITS = ("lock.waiting", "lock.wait_ended", "lock.refused")
_ENDINGS = {"released": None, "session_ended": "session ended"}

_WAITING = Prepared(sa.select(LockWaiter.__table__.c.waiter_id))

Place = tuple[str, str, str]
"""Project, session and resource: what tells which wait a grant ended."""


def spans(db: Reader, stretch: Stretch) -> list[Span]:
    """Where there are more than `stretch.limit`, the locks that ended last and the newest waits."""
    locks = _held_in(db, stretch)
    granted: dict[Place, list[datetime]] = {}
    for lock in sorted(locks, key=lambda lock: lock["acquired_at"]):
        place = (lock["project_key"], lock["session_id"], lock["resource"])
        granted.setdefault(place, []).append(lock["acquired_at"])
    waits = nlargest(stretch.limit, _waits(db, stretch, granted), key=lambda span: span.since)
    return [*map(_held, locks), *waits]


def _held_in(db: Reader, stretch: Stretch) -> list[LockRow]:
    values: Row = {"before": moments.first_since(db, stretch.until), "limit": stretch.limit}
    if stretch.project_key is not None:
        values["project_key"] = stretch.project_key
    of_project = stretch.project_key is not None
    rows = [
        *db.rows(_statement(still_held=True, of_project=of_project), **values),
        *db.rows(
            _statement(still_held=False, of_project=of_project), since=stretch.since, **values
        ),
    ]
    locks = map(lock_as_of_now, rows)
    return [lock for lock in locks if (lock["released_at"] or stretch.until) > stretch.since]


@lru_cache(maxsize=4)
def _statement(*, still_held: bool, of_project: bool) -> Prepared:
    """The index begins with `released_at` and ends with the revision, so what is too new is passed
    over inside it.
    """
    ended = columns.released_at.is_(None)
    query = sa.select(*lock_columns).where(
        ended if still_held else columns.released_at > param("since"),
        columns.revision < param("before", type_=sa.BigInteger),
    )
    if of_project:
        query = query.where(columns.project_key == param("project_key"))
    if not still_held:
        query = query.order_by(columns.released_at.desc())
    query = query.limit(param("limit", type_=sa.Integer))
    return Prepared(along(query, table, HELD_INDEX))


def _held(lock: LockRow) -> Span:
    reason = lock["release_reason"]
    return Span(
        session_id=lock["session_id"],
        project_key=lock["project_key"],
        text=lock["resource"],
        style="light" if lock["mode"] == "shared" else "solid",
        since=lock["acquired_at"],
        until=lock["released_at"],
        ending="stale" if lock["stale"] else _ENDINGS.get(str(reason), reason),
        to=("resource", lock["project_key"], lock["resource"]),
    )


def _waits(db: Reader, stretch: Stretch, granted: dict[Place, list[datetime]]) -> Iterator[Span]:
    since = stretch.since - MAX_WAIT
    begun: dict[str, Row] = {}
    ended: dict[str, Row] = {}
    for entry in moments.entries_between(
        db, since, stretch.until + MAX_WAIT, _WAITS, stretch.project_key
    ):
        if entry["type"] == "lock.refused":
            if stretch.since < entry["at"] < stretch.until:
                yield _refusal(entry)
            continue
        is_begin = entry["type"] == "lock.waiting"
        (begun if is_begin else ended)[entry["subject_id"]] = entry
    waiting = {row["waiter_id"] for row in db.rows(_WAITING)}
    for waiter, entry in begun.items():
        until, ending = _end_of_wait(entry, ended.get(waiter), granted)
        if waiter in waiting:
            until, ending = None, None
        if entry["at"] < stretch.until and (until is None or until > stretch.since):
            yield _wait(entry, until, ending)


def _end_of_wait(
    begin: Row, end: Row | None, granted: dict[Place, list[datetime]]
) -> tuple[datetime | None, str | None]:
    """When a wait ended and how. That it was granted says only the grant; one of what the session
    held already, or held only until before the stretch, is not known by its moment.
    """
    if end is not None:
        return end["at"], str(end["data"]["reason"]).replace("_", " ")
    place = (begin["project_key"], begin["session_id"], begin["data"]["resources"][0])
    latest = begin["at"] + MAX_WAIT
    grants = (at for at in granted.get(place, ()) if begin["at"] <= at <= latest)
    return next(grants, latest), "granted"


def _wait(entry: Row, until: datetime | None, ending: str | None) -> Span:
    resources = entry["data"]["resources"]
    return Span(
        session_id=entry["session_id"],
        project_key=entry["project_key"],
        text=", ".join(resources),
        style="hatched",
        since=entry["at"],
        until=until,
        ending=ending,
        to=("resource", entry["project_key"], resources[0]),
    )


def _refusal(entry: Row) -> Span:
    resource = entry["data"]["resource"]
    return Span(
        session_id=entry["session_id"],
        project_key=entry["project_key"],
        text=resource,
        style="mark",
        since=entry["at"],
        until=entry["at"],
        ending="refused",
        to=("resource", entry["project_key"], resource),
    )
