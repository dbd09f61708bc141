"""Lists of messages and inboxes.

A list finds its keys first and then reads the rows: so each is a few ranges of an index that end
after a page, and no body is read that is not shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.messages.models import Message, MessageRead
from coord.areas.messages.repository.messages import get_several
from coord.areas.messages.repository.recent import (
    Inbox,
    Scope,
    complete_blocks,
    note_unread,
    number_in_blocks,
    window_of,
)
from coord.areas.messages.rows import KeyRow, ListFilters, ListKeyRow, MessageAnswer
from coord.store import Prepared, Reader, Row, unindexed

FilterNames = frozenset[str]

FILTERS = ("to_session", "from_session", "project_key", "thread_id")
MAX_PAGE_CHARACTERS = 4_000_000  # bodies on one page: 500 of the longest would be half a gigabyte
MAX_IN_CHECKIN = 50
FEW = 50  # messages that are rather read than counted
MAX_CHECKIN_CHARACTERS = 300_000  # bodies in a check-in, which takes 262,144 bytes at most

_messages = Message.__table__
_reads = MessageRead.__table__
_c = _messages.c
_r = _reads.c

_window_start = param("window_start", type_=sa.BigInteger)

# The indexes that a part of a list may be a range of, best first, each with the filters that it
# takes.
_INDEXES = (
    ("ix_messages_of_thread", {"thread_id"}),
    ("ix_messages_unread", {"read_at"}),
    ("ix_messages_between", {"from_session", "to_session"}),
    ("ix_messages_to_in_project", {"to_session", "project_key"}),
    ("ix_messages_to", {"to_session"}),
    ("ix_messages_from_in_project", {"from_session", "project_key"}),
    ("ix_messages_from", {"from_session"}),
    ("ix_messages_of_project", {"project_key"}),
)
_LEADING_COLUMNS = {
    str(index.name): {*takewhile(lambda name: name != "revision", index.columns.keys())}
    for index in Message.metadata.tables[Message.__tablename__].indexes
}


@dataclass(frozen=True)
class _Part:
    """Some of a list: messages with these values (None: null) that meet the conditions. One range
    of one index.

    Without statistics SQLite takes whichever index comes first, and MariaDB's guess changes with
    them; so the index is named here.
    """

    equal: Mapping[str, Any]
    conditions: tuple[sa.ColumnElement[bool], ...] = ()

    def select(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        index = next((name for name, filters in _INDEXES if filters <= self.equal.keys()), None)
        leading = _LEADING_COLUMNS.get(index or "", set())
        query = sa.select(*columns).select_from(_messages).where(*self.conditions)
        for name, value in self.equal.items():
            query = query.where((_c[name] if name in leading else unindexed(_c[name])) == value)
        return (
            query
            if index is None
            else query.with_hint(_messages, f"FORCE INDEX ({index})", "mariadb")
        )


def _parts(names: FilterNames) -> list[_Part]:
    """What a list with these filters shows, in parts that do not overlap."""
    filters: Row = {name: param(name, type_=sa.String) for name in FILTERS if name in names}
    unread: Row = {"read_at": None} if "unread_only" in names else {}
    if "to_session" not in names:
        return [_Part({**filters, **unread}, (_c.to_session.is_not(None),) if unread else ())]
    me = filters["to_session"]
    by_others: tuple[sa.ColumnElement[bool], ...] = (_c.from_session != me,)
    if unread:
        by_others += (_c.revision >= _window_start, ~_read_by(me))
    projects: list[Row] = [{}, {"project_key": None}] if "project_key" in names else [{}]
    broadcasts = [
        _Part({**filters, "to_session": None, **project}, by_others) for project in projects
    ]
    # a session sees what is addressed to it, whatever project it works on
    filters.pop("project_key", None)
    return [_Part({**filters, **unread}), *broadcasts]


def _read_by(session: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The start of the window is repeated: MariaDB may read all that the session has read before it
    compares.
    """
    in_window = _r.message >= _window_start
    read = sa.exists().where(_r.session_id == session, _r.message == _c.revision, in_window)
    return read.correlate(_messages)


@lru_cache(maxsize=64)
def _keys(names: FilterNames) -> Prepared:
    """A ListKeyRow for each message that a list shows, in its order."""
    unread = "unread_only" in names
    beyond = param("after", type_=sa.BigInteger)

    def in_order(query: sa.Select[Any], revision: sa.ColumnElement[int]) -> sa.Select[Any]:
        ordered = query.order_by(revision if unread else revision.desc())
        return ordered.limit(param("most", type_=sa.Integer))

    after = [_c.revision > beyond if unread else _c.revision < beyond] if "after" in names else []
    parts = [
        in_order(part.select(_c.revision).where(*after), _c.revision) for part in _parts(names)
    ]
    keys = sa.union_all(*(sa.select(part.subquery()) for part in parts)).subquery()
    sizes = _messages.alias("sizes")
    is_broadcast = sizes.c.to_session.is_(None).label("is_broadcast")
    with_sizes = sa.select(keys.c.revision, sizes.c.size, is_broadcast)
    joined = with_sizes.join_from(keys, sizes, sizes.c.revision == keys.c.revision)
    return Prepared(in_order(joined, keys.c.revision))


@lru_cache(maxsize=2)
def _unread_direct(in_project: bool) -> Prepared:
    """How many direct messages are unread, whoever they are for."""
    names = {"unread_only", *(["project_key"] if in_project else [])}
    (part,) = _parts(frozenset(names))
    return Prepared(part.select(sa.func.count()))


@lru_cache(maxsize=2)
def _unread_apart_from_blocks(in_project: bool) -> Prepared:
    """Of an inbox: direct ones, and the broadcasts of its window that no complete block has,
    without all of the window that are its session's own or that it has read.
    """
    me = param("to_session", type_=sa.String)
    project_key = param("project_key", type_=sa.String)
    scopes: list[Row] = [{"project_key": project_key}, {"project_key": None}]
    scopes = scopes if in_project else [{}]
    since = _c.revision >= _window_start
    first, end = (param(name, type_=sa.BigInteger) for name in ("first_block", "end_of_blocks"))

    def count(equal: Row, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return _Part(equal, conditions).select(sa.func.count()).scalar_subquery()

    total: sa.ColumnElement[int] = count({"to_session": me, "read_at": None})
    for scope in scopes:
        broadcasts: Row = {"to_session": None, **scope}
        total += count(broadcasts, since, _c.revision < first) + count(
            broadcasts, _c.revision >= end
        )
        total -= count({"from_session": me, **broadcasts}, since)
    in_scope = [sa.or_(_c.project_key == project_key, _c.project_key.is_(None))]
    read = (
        sa.select(sa.func.count())
        .select_from(_reads)
        .join(_messages, _c.revision == _r.message)
        .where(_r.session_id == me, _r.message >= _window_start)
        .where(_c.to_session.is_(None), _c.from_session != me, *(in_scope if in_project else []))
    )
    return Prepared(sa.select((total - read.scalar_subquery()).label("number")))


def _inbox_of(filters: Mapping[str, object]) -> Inbox:
    """The inbox that a list with these filters shows some messages of."""
    project_key = filters.get("project_key")
    return str(filters["to_session"]), None if project_key is None else str(project_key)


def _values(filters: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value for name, value in filters.items() if value is not None and value is not False
    }


def _keys_of(
    db: Reader, filters: Mapping[str, object], broadcast_days: float, limit: int
) -> list[ListKeyRow]:
    """`limit` at most."""
    values = _values(filters)
    names = frozenset(values)
    window = None
    if values.pop("unread_only", False) and "to_session" in values:
        window = window_of(db, _inbox_of(values), broadcast_days)
        values["window_start"] = window.start
    keys = cast(list[ListKeyRow], db.rows(_keys(names), most=limit, **values))
    if window is not None and names <= {"to_session", "project_key", "unread_only"}:
        note_unread(_inbox_of(values), window, keys, limit)
    return keys


def find(
    db: Reader,
    filters: ListFilters,
    viewer: str | None,
    broadcast_days: float,
    after: int | None,
    limit: int,
) -> tuple[list[MessageAnswer], bool]:
    """A page of messages beyond the revision `after`, and whether there are more.

    Newest first; unread ones oldest first. Ends early when the bodies get long.
    """
    keys = _keys_of(db, {**filters, "after": after}, broadcast_days, limit + 1)
    page = fitting(keys[:limit])
    items = get_several(db, [key["revision"] for key in page], filters["to_session"] or viewer)
    return items, len(page) < len(keys)


def may_show(filters: ListFilters, entry: Row) -> bool:
    """Whether the list may show the message that this entry of the journal is about."""
    if entry["type"] != "message.sent" or filters["from_session"] not in (
        None,
        entry["session_id"],
    ):
        return False
    recipient = entry["data"]["to_session"]
    if filters["to_session"] is None:
        return filters["project_key"] in (None, entry["project_key"])
    if recipient is not None:
        return bool(recipient == filters["to_session"])
    in_project = filters["project_key"] is None or entry["project_key"] in (
        None,
        filters["project_key"],
    )
    return in_project and entry["session_id"] != filters["to_session"]


def fitting(keys: Sequence[KeyRow], max_characters: int | None = None) -> Sequence[KeyRow]:
    """The first keys whose bodies have so many characters at most (None: as many as a page may); at
    least one.
    """
    most = MAX_PAGE_CHARACTERS if max_characters is None else max_characters
    total = 0
    for position, key in enumerate(keys):
        total += key["size"]
        if position and total > most:
            return keys[:position]
    return keys


def unread_keys(
    db: Reader, session_id: str, project_key: str | None, broadcast_days: float, limit: int
) -> list[ListKeyRow]:
    """The first unread messages of the inbox, oldest first."""
    filters = {"to_session": session_id, "project_key": project_key, "unread_only": True}
    return _keys_of(db, filters, broadcast_days, limit)


def find_unread(
    db: Reader, session_id: str, project_key: str | None, broadcast_days: float
) -> tuple[list[MessageAnswer], int]:
    """The first unread messages of the session's inbox, as many as a check-in can show, and how
    many there are.

    All that is addressed to it, and broadcasts of the project.
    """
    keys = unread_keys(db, session_id, project_key, broadcast_days, MAX_IN_CHECKIN)
    total = len(keys)
    if total == MAX_IN_CHECKIN:
        total = _count_unread(db, session_id, project_key, broadcast_days)
    page = fitting(keys, MAX_CHECKIN_CHARACTERS)
    return get_several(db, [key["revision"] for key in page], session_id), total


def count_unread(
    db: Reader, broadcast_days: float, session_id: str | None = None, project_key: str | None = None
) -> int:
    """How many messages the session's inbox holds unread, exactly; without a session, all unread
    direct ones.
    """
    if session_id is None:
        statement = _unread_direct(project_key is not None)
        return int(db.value(statement, project_key=project_key))
    keys = unread_keys(db, session_id, project_key, broadcast_days, FEW)
    if len(keys) < FEW:
        return len(keys)
    return _count_unread(db, session_id, project_key, broadcast_days)


def _count_unread(
    db: Reader, session_id: str, project_key: str | None, broadcast_days: float
) -> int:
    """What the session has read before its first unread one is no longer among what is counted:
    those were looked for just before, and that is remembered.
    """
    window = window_of(db, (session_id, project_key), broadcast_days)
    first, end = complete_blocks(window)
    apart = db.value(
        _unread_apart_from_blocks(project_key is not None),
        to_session=session_id,
        project_key=project_key,
        window_start=window.start,
        first_block=first,
        end_of_blocks=end,
    )
    scopes = [Scope(of_all=True)]
    if project_key is not None:
        scopes = [Scope(of_all=False, project_key=project_key), Scope(of_all=False)]
    return int(apart) + sum(number_in_blocks(db, scope, first, end) for scope in scopes)
