"""Which part of the journal is of which time.

Revisions and times grow together, but for the moments that a change has waited for its turn; so a
revision is found by halving, with about twenty reads by primary key, and no index of times.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.store import journal
from coord.store.reader import Reader, Row, Rows
from coord.store.statements import Prepared

WINDOW = 20_000  # revisions looked through by one statement: about 20 ms where nothing fits

_entry = journal.JournalEntry.__table__
_c = _entry.c
_FROM = Prepared(
    sa.select(_c.revision, _c.at)
    .where(_c.revision >= param("revision"))
    .order_by(_c.revision)
    .limit(1)
)


def first_since(db: Reader, moment: datetime) -> int:
    """The first revision that is kept and no older than the moment; one more than the last where
    all are older.
    """
    head = journal.head(db)
    low, high = head.trimmed + 1, head.revision + 1
    while low < high:
        middle = (low + high) // 2
        entry = db.row(_FROM, revision=middle)
        if entry is None or entry["at"] >= moment:
            high = middle
        else:
            low = int(entry["revision"]) + 1
    return low


def entries_between(
    db: Reader, since: datetime, until: datetime, types: Sequence[str], project_key: str | None
) -> Iterator[Row]:
    """Events of these types, oldest first; read as they are asked for."""
    start, end = first_since(db, since), first_since(db, until)
    statement = _between(tuple(types), project_key is not None)
    while start < end:
        upto = min(start + WINDOW, end)
        rows: Rows = db.rows(statement, start=start, upto=upto, project_key=project_key)
        yield from rows
        start = upto


@lru_cache(maxsize=32)
def _between(types: tuple[str, ...], of_project: bool) -> Prepared:
    of_types = sa.or_(*[_c.type == type_ for type_ in types])  # a prepared statement takes no list
    query = sa.select(*_c).where(
        _c.revision >= param("start"), _c.revision < param("upto"), of_types
    )
    if of_project:
        query = query.where(_c.project_key == param("project_key"))
    return Prepared(query.order_by(_c.revision))


def latest_before(
    db: Reader, moment: datetime, types: Sequence[str], project_key: str | None, limit: int
) -> Rows:
    """Of each subject the last event of these types before the moment; the newest first."""
    statement = _latest(tuple(types), project_key is not None)
    return db.rows(statement, before=first_since(db, moment), limit=limit, project_key=project_key)


@lru_cache(maxsize=32)
def _latest(types: tuple[str, ...], of_project: bool) -> Prepared:
    latest = sa.select(sa.func.max(_c.revision).label("revision")).where(
        sa.or_(*[_c.type == type_ for type_ in types]), _c.revision < param("before")
    )
    if of_project:
        latest = latest.where(_c.project_key == param("project_key"))
    latest = latest.group_by(_c.subject_id).order_by(sa.desc("revision")).limit(param("limit"))
    latest_of_each = latest.subquery()
    query = sa.select(*_c).join_from(
        _entry, latest_of_each, _c.revision == latest_of_each.c.revision
    )
    return Prepared(query.order_by(_c.revision.desc()))


def times_of(
    db: Reader,
    since: datetime,
    until: datetime,
    types: Sequence[str],
    project_key: str | None,
    limit: int,
) -> Rows:
    """When events of these types happened, by whom and in which project: the newest, in no
    order.
    """
    start, end = first_since(db, since), first_since(db, until)
    statement = _times(project_key is not None)
    return [
        row
        for type_ in types
        for row in db.rows(
            statement, type=type_, start=start, end=end, limit=limit, project_key=project_key
        )
    ]


@lru_cache(maxsize=2)
def _times(of_project: bool) -> Prepared:
    query = sa.select(_c.at, _c.project_key, _c.session_id).where(
        _c.type == param("type"), _c.revision >= param("start"), _c.revision < param("end")
    )
    if of_project:
        query = query.where(_c.project_key == param("project_key"))
    return Prepared(query.order_by(_c.revision.desc()).limit(param("limit")))
