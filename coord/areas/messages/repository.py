"""Every SQL statement of the messages area. Functions read, and return a Change or an answer; none of them commits.

Lists find their keys first and then read the rows: so each is a few ranges of an index that end after a page, and no body is read that
is not shown. All time is the database's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import takewhile
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import Notice
from coord.areas.messages.errors import NotRecipient
from coord.areas.messages.models import Message, MessageRead
from coord.errors import Invalid, NotFound
from coord.ids import digest, must_match, new_id
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Row, Rows, journal, microseconds, now, plus, unindexed

Given = frozenset[str]

FILTERS = ("to_session", "from_session", "project_key", "thread_id")
PAGE_CHARACTERS = 4_000_000  # bodies on one page: 500 of the longest would be half a gigabyte
MAX_IN_CHECKIN = 50
CHECKIN_CHARACTERS = 300_000  # bodies in a check-in, which takes 262,144 bytes at most
READERS_OF_ONE = 500
READERS_IN_LIST = 50
BATCH = 100  # messages marked in one change: others wait for their turn while it runs
MAX_MARKED = 2_000  # messages marked by one call, which takes some 0.3 s
MAX_SHOWN = 500  # messages in its answer
COORD = "coord"  # the session that coord's own messages come from
NEVER = 2**63 - 1  # a revision that no message has

_messages = Message.__table__
_reads = MessageRead.__table__
_c = _messages.c
_r = _reads.c


# --- what is seen: whole messages ------------------------------------------------------------------------------------------------

_viewer = sa.and_(_r.message == _c.revision, _r.session_id == param("viewer", type_=sa.String))
_seen = [_r.read_at.label("viewer_read_at"), _r.acked_at.label("viewer_acked_at")]
_with_viewer = _messages.outerjoin(_reads, _viewer)
_whole = sa.select(*_c, *_seen, journal.last_seen(_c.to_session).label("recipient_last_seen_at")).select_from(_with_viewer)

_BY_ID = Prepared(_whole.where(_c.id == param("id")))


def _members(size: int) -> list[sa.BindParameter[int]]:
    return [param(f"member_{at}", type_=sa.BigInteger) for at in range(size)]


def _size(members: Sequence[Any]) -> int:
    """The next power of two: with the last member repeated up to it, lists of every length share a few prepared statements."""
    return 1 << (len(members) - 1).bit_length()


def _values(members: Sequence[Any]) -> Row:
    padded = [*members, *[members[-1]] * (_size(members) - len(members))]
    return {f"member_{at}": member for at, member in enumerate(padded)}


@lru_cache(maxsize=16)
def _whole_of(size: int) -> Prepared:
    return Prepared(_whole.where(_c.revision.in_(_members(size))))


@lru_cache(maxsize=16)
def _readers_of(size: int) -> Prepared:
    most = _r.nth <= param("most", type_=sa.Integer)
    return Prepared(sa.select(*_r).where(_r.message.in_(_members(size)), most).order_by(_r.message, _r.nth))


def get(db: Reader, message_id: str, viewer: str | None) -> Row:
    """The message as this session sees it. Raises NotFound."""
    row = db.row(_BY_ID, id=message_id, viewer=viewer)
    if row is None:
        raise _not_found(message_id)
    return _shown(db, [row], READERS_OF_ONE)[0]


def _not_found(message_id: str) -> NotFound:
    return NotFound(f"There is no message {message_id}. Messages are listed at /api/coord/messages.")


def _several(db: Reader, revisions: list[int], viewer: str | None) -> Rows:
    """The messages with these revisions, in that order."""
    if not revisions:
        return []
    rows = db.rows(_whole_of(_size(revisions)), viewer=viewer, **_values(revisions))
    by_revision = {row["revision"]: row for row in _shown(db, rows, READERS_IN_LIST)}
    return [by_revision[revision] for revision in revisions]


def _shown(db: Reader, rows: Rows, most_readers: int) -> Rows:
    """Rows as they are answered, each with the first of its readers."""
    readers: dict[int, Rows] = {}
    read = [row["revision"] for row in rows if row["to_session"] is None and row["read_count"]]
    if read:
        for reader in db.rows(_readers_of(_size(read)), most=most_readers, **_values(read)):
            readers.setdefault(reader["message"], []).append(reader)
    return [_answer(row, readers.get(row["revision"], [])) for row in rows]


def _answer(row: Row, readers: Rows) -> Row:
    state = _state(row)
    if row["to_session"] is not None and row["read_at"] is not None:
        readers = [{"session_id": row["to_session"], "read_at": row["read_at"], "acked_at": row["acked_at"]}]
    return {**state, "broadcast": row["to_session"] is None, "read_by": readers}


def _state(row: Row) -> Row:
    """With the viewer's own `read_at` and `acked_at`, whichever table they are in."""
    if row["to_session"] is not None:
        return row
    return {**row, "read_at": row["viewer_read_at"], "acked_at": row["viewer_acked_at"]}


# --- what is seen: lists and inboxes ---------------------------------------------------------------------------------------------

_recent = _c.created_at > plus(now(), param("window_us", type_=sa.BigInteger))
_window_start = param("window_start", type_=sa.BigInteger)
_WINDOW_START = Prepared(sa.select(_c.revision).where(_recent).order_by(_c.created_at, _c.revision).limit(1))

# What a list may be a range of, best first: the index, and the filters that it takes.
_INDEXES = (
    ("ix_messages_of_thread", {"thread_id"}),
    ("ix_messages_unread", {"read_at"}),
    ("ix_messages_between", {"from_session", "to_session"}),
    ("ix_messages_to_in_project", {"to_session", "project_key"}),
    ("ix_messages_to", {"to_session"}),
    ("ix_messages_from", {"from_session"}),
    ("ix_messages_of_project", {"project_key"}),
)
_LEADING = {
    str(index.name): {*takewhile(lambda name: name != "revision", index.columns.keys())}
    for index in Message.metadata.tables[Message.__tablename__].indexes
}


@dataclass(frozen=True)
class _Part:
    """Some of what a list shows: messages with these values (None: null) for which more is true. It is a range of one index.

    Without statistics SQLite takes whichever index comes first, and MariaDB's guess changes with them; so the index is named here.
    """

    equal: Mapping[str, Any]
    more: tuple[sa.ColumnElement[bool], ...] = ()

    def select(self, *columns: Any) -> sa.Select[Any]:
        index = next((name for name, filters in _INDEXES if filters <= self.equal.keys()), None)
        query = sa.select(*columns).select_from(_messages).where(*self.more)
        for name, value in self.equal.items():
            query = query.where((_c[name] if name in _LEADING.get(index or "", ()) else unindexed(_c[name])) == value)
        return query if index is None else query.with_hint(_messages, f"FORCE INDEX ({index})", "mariadb")


def _parts(given: Given) -> list[_Part]:
    """What a list shows, in parts that do not overlap."""
    filters: Row = {name: param(name, type_=sa.String) for name in FILTERS if name in given}
    unread: Row = {"read_at": None} if "unread_only" in given else {}
    if "to_session" not in given:
        return [_Part({**filters, **unread}, (_c.to_session.is_not(None),) if unread else ())]
    me = filters["to_session"]
    of_others: tuple[sa.ColumnElement[bool], ...] = (_c.from_session != me,)
    if unread:
        of_others += (_c.revision >= _window_start, ~_read_by(me))
    projects: Rows = [{}, {"project_key": None}] if "project_key" in given else [{}]
    broadcasts = [_Part({**filters, "to_session": None, **project}, of_others) for project in projects]
    filters.pop("project_key", None)  # what is addressed to a session it sees, whatever project it works on
    return [_Part({**filters, **unread}), *broadcasts]


def _read_by(session: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The start of the window is said again, because MariaDB may read all that the session has read before it compares."""
    return sa.exists().where(_r.session_id == session, _r.message == _c.revision, _r.message >= _window_start).correlate(_messages)


@lru_cache(maxsize=64)
def _keys(given: Given) -> Prepared:
    """`revision` and `size` of what a list shows, in its order."""
    unread = "unread_only" in given
    beyond = param("after", type_=sa.BigInteger)

    def in_order(query: sa.Select[Any], revision: sa.ColumnElement[int]) -> sa.Select[Any]:
        return query.order_by(revision if unread else revision.desc()).limit(param("most", type_=sa.Integer))

    after = [_c.revision > beyond if unread else _c.revision < beyond] if "after" in given else []
    parts = [in_order(part.select(_c.revision).where(*after), _c.revision) for part in _parts(given)]
    found = sa.union_all(*(sa.select(part.subquery()) for part in parts)).subquery()
    sizes = _messages.alias("sizes")
    whole = sa.select(found.c.revision, sizes.c.size).join_from(found, sizes, sizes.c.revision == found.c.revision)
    return Prepared(in_order(whole, found.c.revision))


@lru_cache(maxsize=64)
def _count(given: Given) -> Prepared:
    parts = [part.select(sa.func.count()).scalar_subquery() for part in _parts(given)]
    return Prepared(sa.select(sum(parts[1:], start=parts[0]).label("count")))


def _asked(db: Reader, args: Row, broadcast_days: float) -> tuple[Given, Row]:
    """Which filters are given, and the values of a list's statement."""
    values = {name: value for name, value in args.items() if value is not None}
    given = {*values}
    if args["unread_only"]:
        start = db.value(_WINDOW_START, window_us=-microseconds(days=broadcast_days))
        values["window_start"] = NEVER if start is None else start
    else:
        given.discard("unread_only")
    return frozenset(given), values


def find(db: Reader, args: Row, broadcast_days: float, after: int | None, limit: int) -> tuple[Rows, Rows]:
    """A page of messages beyond the revision `after`, and the key of the next one, if there is one.

    Newest first; unread ones oldest first. Ends early when the bodies get long.
    """
    filters = {name: args[name] for name in (*FILTERS, "unread_only")}
    given, values = _asked(db, {**filters, "after": after}, broadcast_days)
    keys = db.rows(_keys(given), most=limit + 1, **values)
    shown = _that_fit(keys[:limit], PAGE_CHARACTERS)
    return _several(db, [key["revision"] for key in shown], args["to_session"] or args["session_id"]), keys[len(shown) :][:1]


def shows(args: Row, entry: Row) -> bool:
    """Whether the list may show the message that this entry of the journal tells of: who waits for it then looks again."""
    if entry["type"] != "message.sent" or args["from_session"] not in (None, entry["session_id"]):
        return False
    to_session = entry["data"]["to_session"]
    if args["to_session"] is None:
        return args["project_key"] in (None, entry["project_key"])
    if to_session is not None:
        return bool(to_session == args["to_session"])
    return entry["session_id"] != args["to_session"] and (
        args["project_key"] is None or entry["project_key"] in (None, args["project_key"])
    )


def _that_fit(keys: Rows, most: int) -> Rows:
    """As many as have so many characters at most; at least one."""
    total = 0
    for at, key in enumerate(keys):
        total += key["size"]
        if at and total > most:
            return keys[:at]
    return keys


def of_checkin(db: Reader, session_id: str, project_key: str | None, broadcast_days: float) -> tuple[Rows, int]:
    """The first unread messages of the session, and how many there are: all that are addressed to it, and broadcasts of the project."""
    asked = {"to_session": session_id, "project_key": project_key, "unread_only": True}
    given, values = _asked(db, asked, broadcast_days)
    keys = db.rows(_keys(given), most=MAX_IN_CHECKIN, **values)
    total = len(keys) if len(keys) < MAX_IN_CHECKIN else int(db.value(_count(given), **values))
    return _several(db, [key["revision"] for key in _that_fit(keys, CHECKIN_CHARACTERS)], session_id), total


def count_unread(db: Reader, broadcast_days: float, session_id: str | None = None, project_key: str | None = None) -> int:
    """How many messages the session's inbox holds unread, exactly; without a session, all unread direct ones."""
    args = {"to_session": session_id, "project_key": project_key, "unread_only": True}
    given, values = _asked(db, args, broadcast_days)
    return int(db.value(_count(given), **values))


# --- what is changed: sending ----------------------------------------------------------------------------------------------------

_PARENT = Prepared(sa.select(_c.thread_id).where(_c.id == param("id")))


def _send() -> Prepared:
    """Inserts the message, with the revision of its own event. A repeated id fails on the unique key."""
    asked = ("id", "thread_id", "reply_to", "project_key", "from_session", "to_session", "subject", "body", "importance", "digest")
    values: dict[str, sa.ColumnElement[Any]] = {
        "revision": journal.revision - param("back", type_=sa.BigInteger),
        "created_at": journal.moment,
        **{name: param(name, type_=sa.String) for name in asked},
        "size": param("size", type_=sa.Integer),
        "requires_ack": param("requires_ack", type_=sa.Boolean),
        "read_count": sa.literal_column("0"),
    }
    return Prepared(sa.insert(_messages).from_select(list(values), sa.select(*values.values())))


_SEND = _send()


def send(db: Reader, wanted: Row, message_id: str) -> Decision[tuple[Row, bool]]:
    """`(message, created)`. Raises IdConflict, and Invalid when it answers a message that is not there. May be repeated."""
    if db.row(_BRIEF_BY_ID, id=message_id, viewer=None) is not None:
        stored = get(db, message_id, None)
        must_match(stored, _digest(wanted), "message")
        return Answer((stored, False))
    return sending(wanted, message_id, _thread(db, wanted["reply_to"]))


def sending(wanted: Row, message_id: str, thread_id: str | None = None) -> Change[tuple[Row, bool]]:
    """The change that sends the message, when its id is new; without a thread it begins one."""
    change: Change[tuple[Row, bool]] = Change()
    _add_message(change, {**wanted, "id": message_id, "thread_id": thread_id or message_id})
    change.answer_with(lambda rows: (_answer(rows[0], []), True), _BY_ID, {"id": message_id, "viewer": None})
    return change


def deliver(change: Change[Any], notice: Notice) -> None:
    """Adds a message of coord's own, which begins a thread."""
    own = {"from_session": COORD, "reply_to": None, "importance": "high", "requires_ack": False}
    message_id = new_id()
    _add_message(change, {**own, **vars(notice), "id": message_id, "thread_id": message_id})


def _add_message(change: Change[Any], message: Row) -> None:
    nth = change.record(_event("message.sent", message, message["from_session"]))
    change.add(_SEND, {**message, "size": len(message["body"]), "digest": _digest(message)}, expect=1, event=nth)


def _digest(wanted: Row) -> str:
    return digest({name: value for name, value in wanted.items() if name not in ("id", "thread_id")})


def _thread(db: Reader, reply_to: str | None) -> str | None:
    if reply_to is None:
        return None
    parent = db.row(_PARENT, id=reply_to)
    if parent is None:
        raise Invalid({"reply_to": [f"There is no message {reply_to} to answer. Leave reply_to out to begin a new thread."]})
    return str(parent["thread_id"])


def _event(kind: str, message: Row, session_id: str) -> Event:
    data = {name: message[name] for name in ("subject", "importance", "to_session")}
    return Event(kind, "message", message["id"], message["project_key"], session_id, data)


# --- what is changed: reading ----------------------------------------------------------------------------------------------------

_names = ("revision", "id", "project_key", "to_session", "subject", "importance", "size", "read_at", "acked_at")
_brief = sa.select(*(_c[name] for name in _names), *_seen).select_from(_with_viewer)

_BRIEF_BY_ID = Prepared(_brief.where(_c.id == param("id")))


@lru_cache(maxsize=16)
def _brief_of(size: int) -> Prepared:
    return Prepared(_brief.where(_c.revision.in_(_members(size))).order_by(_c.revision))


@lru_cache(maxsize=16)
def _named(size: int) -> Prepared:
    ids = [param(f"member_{at}", type_=sa.String) for at in range(size)]
    return Prepared(sa.select(_c.revision, _c.id, _c.to_session).where(_c.id.in_(ids)).order_by(_c.revision))


@lru_cache(maxsize=16)
def _read_direct(size: int) -> Prepared:
    unread = sa.update(_messages).where(_c.revision.in_(_members(size)), _c.read_at.is_(None))
    return Prepared(unread.values(read_at=journal.moment, read_count=1))


@lru_cache(maxsize=16)
def _read_broadcasts(size: int) -> Prepared:
    """Of two that insert the same, the second fails on the unique key, and looks again."""
    values = {"message": _c.revision, "nth": _c.read_count + 1, "session_id": param("by", type_=sa.String), "read_at": journal.moment}
    unread = sa.select(*values.values()).where(_c.revision.in_(_members(size)))
    return Prepared(sa.insert(_reads).from_select(list(values), unread))


@lru_cache(maxsize=16)
def _count_reader(size: int) -> Prepared:
    return Prepared(sa.update(_messages).where(_c.revision.in_(_members(size))).values(read_count=_c.read_count + 1))


@lru_cache(maxsize=16)
def _ack_direct(size: int) -> Prepared:
    return Prepared(sa.update(_messages).where(_c.revision.in_(_members(size)), _c.acked_at.is_(None)).values(acked_at=journal.moment))


@lru_cache(maxsize=16)
def _ack_broadcasts(size: int) -> Prepared:
    unacked = sa.update(_reads).where(_r.session_id == param("by"), _r.message.in_(_members(size)), _r.acked_at.is_(None))
    return Prepared(unacked.values(acked_at=journal.moment))


@dataclass(frozen=True)
class MarkResult:
    """What marking did: how many are read now that were not, and the keys (`revision`, `size`) of all that it changed."""

    read: int = 0
    changed: Rows = field(default_factory=list)

    def __add__(self, other: "MarkResult") -> "MarkResult":
        return MarkResult(self.read + other.read, self.changed + other.changed)


def mark_one(db: Reader, message_id: str, session_id: str | None, ack: bool) -> Decision[Row]:
    """Marks the message read, with `ack` acknowledged too. May be repeated.

    Without a session the recipient is taken to be the caller. Raises NotFound and NotRecipient; Invalid for a broadcast without a session.
    """
    row = db.row(_BRIEF_BY_ID, id=message_id, viewer=session_id)
    if row is None:
        raise _not_found(message_id)
    if row["to_session"] is None and session_id is None:
        raise Invalid({"session_id": ["This is a broadcast, which each session reads for itself: say who has read it."]})
    _only_recipient(row, session_id)
    change, marked = _marking([row], session_id, ack)
    if not marked.changed:
        return Answer(get(db, message_id, session_id))
    change.answer_with(lambda rows: _shown(db, rows, READERS_OF_ONE)[0], _BY_ID, {"id": message_id, "viewer": session_id})
    return change


def _only_recipient(message: Row, session_id: str | None) -> None:
    if session_id is not None and message["to_session"] not in (None, session_id):
        raise NotRecipient(message, session_id)


def to_mark(db: Reader, body: Row, broadcast_days: float) -> list[int]:
    """The revisions of the messages named, or of all that are unread now; oldest first. Raises Invalid and NotRecipient."""
    if body["ids"] is None:
        args = {"to_session": body["session_id"], "project_key": body["project_key"], "unread_only": True}
        given, values = _asked(db, args, broadcast_days)
        return [key["revision"] for key in db.rows(_keys(given), most=MAX_MARKED, **values)]
    if not body["ids"]:
        return []
    found = db.rows(_named(_size(body["ids"])), **_values(body["ids"]))
    missing = {*body["ids"]} - {row["id"] for row in found}
    if missing:
        raise Invalid({"ids": [f"There is no message {each}." for each in sorted(missing)]})
    for row in found:
        _only_recipient(row, body["session_id"])
    return [row["revision"] for row in found]


def in_batches(revisions: list[int]) -> Iterator[list[int]]:
    """As many at a time as one change may mark."""
    for at in range(0, len(revisions), BATCH):
        yield revisions[at : at + BATCH]


def mark(db: Reader, revisions: list[int], session_id: str, ack: bool) -> Decision[MarkResult]:
    """Marks as read what is not yet, with `ack` as acknowledged too. May be repeated. `to_mark` has judged who may."""
    rows = db.rows(_brief_of(_size(revisions)), viewer=session_id, **_values(revisions))
    change, marked = _marking(rows, session_id, ack)
    change.answer_with(lambda _: marked)
    return change if marked.changed else Answer(marked)


def _marking(rows: Rows, session_id: str | None, ack: bool) -> tuple[Change[Any], MarkResult]:
    change: Change[Any] = Change()
    states = [_state(row) for row in rows]
    unread = [row for row in states if row["read_at"] is None]
    unacked = [row for row in states if ack and row["acked_at"] is None]
    _add(change, [_read_direct], [row for row in unread if row["to_session"] is not None])
    _add(change, [_read_broadcasts, _count_reader], [row for row in unread if row["to_session"] is None], by=session_id)
    _add(change, [_ack_direct], [row for row in unacked if row["to_session"] is not None])
    _add(change, [_ack_broadcasts], [row for row in unacked if row["to_session"] is None], by=session_id)
    for kind, changed in (("message.read", unread), ("message.acked", unacked)):
        for row in changed:
            change.record(_event(kind, row, session_id or row["to_session"]))
    touched = {row["revision"] for row in unread + unacked}
    return change, MarkResult(len(unread), [row for row in states if row["revision"] in touched])


def _add(change: Change[Any], statements: list[Callable[[int], Prepared]], rows: Rows, **values: Any) -> None:
    """Steps that must touch each of these messages."""
    members = [row["revision"] for row in rows]
    if members:
        for statement in statements:
            change.add(statement(_size(members)), {**values, **_values(members)}, expect=len(members))


def report(db: Reader, marked: MarkResult, session_id: str, project_key: str | None, broadcast_days: float) -> Row:
    """How many were marked, the first page of the messages that were changed, and how many of the inbox are still unread."""
    shown = [key["revision"] for key in _that_fit(marked.changed[:MAX_SHOWN], PAGE_CHARACTERS)]
    return {
        "read": marked.read,
        "items": _several(db, shown, session_id),
        "unread_message_count": count_unread(db, broadcast_days, session_id, project_key),
    }
