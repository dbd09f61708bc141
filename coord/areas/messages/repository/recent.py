"""What this app knows of recent broadcasts, so that they are not gone through anew each time a
session asks for its inbox: before which of them it has nothing unread, and how many there are.

Neither ever turns untrue: what is read stays read, whatever is sent later has a higher revision,
and retention deletes only what is no longer recent. So nothing has to be noted where messages are
sent, read or deleted, by whatever process and version. What is known is known of one database: when
the newest message that was seen in it is no longer there, all is forgotten.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.messages.models import Message
from coord.areas.messages.rows import ListKeyRow
from coord.live import memory as app_memory
from coord.store import Prepared, Reader, along, microseconds, now, plus

BLOCK = 4_096  # revisions whose broadcasts are counted together, once
MAX_INBOXES = 10_000
MAX_BLOCKS = 100_000
NO_REVISION = 2**63 - 1  # higher than any message's

Inbox = tuple[str, str | None]
"""A session, and the project by which its inbox is filtered."""

_messages = Message.__table__
_c = _messages.c

_recent = _c.created_at > plus(now(), param("window_us", type_=sa.BigInteger))
_oldest = sa.select(_c.revision).where(_recent).order_by(_c.created_at, _c.revision).limit(1)
_newest = _messages.alias("newest")
_last_newest = _messages.alias("last_newest")
_is_newest = _newest.c.revision == sa.select(sa.func.max(_c.revision)).scalar_subquery()
_WINDOW = Prepared(
    sa.select(
        along(_oldest, _messages, "ix_messages_created").scalar_subquery().label("start"),
        sa.select(_newest.c.revision).where(_is_newest).scalar_subquery().label("newest"),
        sa.select(_newest.c.id).where(_is_newest).scalar_subquery().label("newest_id"),
        sa.select(_last_newest.c.id)
        .where(_last_newest.c.revision == param("last_newest", type_=sa.BigInteger))
        .scalar_subquery()
        .label("last_newest_id"),
    )
)


@dataclass(frozen=True)
class Window:
    """Of an inbox: before the revision `start` no broadcast is unread, or recent. `newest`: of
    whatever message."""

    start: int
    newest: int


@dataclass(frozen=True)
class Scope:
    """Broadcasts to all that look at every project, or those of one (None: of none)."""

    of_all: bool
    project_key: str | None = None


class _Memory:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.newest: tuple[int, str | None] = (0, None)
        self.starts: OrderedDict[Inbox, int] = OrderedDict()
        self.blocks: dict[tuple[Scope, int], int] = {}

    def forget(self) -> None:
        self.starts.clear()
        self.blocks.clear()


def _of_app() -> _Memory:
    return app_memory.kept("recent broadcasts", _Memory)


def window_of(db: Reader, inbox: Inbox, days: float) -> Window:
    memory = _of_app()
    last_newest, last_newest_id = memory.newest
    row = db.row(_WINDOW, window_us=-microseconds(days=days), last_newest=last_newest) or {}
    start = NO_REVISION if row["start"] is None else int(row["start"])
    newest = int(row["newest"] or 0)
    with memory.lock:
        if row["last_newest_id"] != last_newest_id:
            memory.forget()
        memory.newest = (newest, row["newest_id"])
        return Window(max(start, memory.starts.get(inbox, 0)), newest)


def note_unread(inbox: Inbox, window: Window, keys: Sequence[ListKeyRow], limit: int) -> None:
    """`keys`: the first unread messages of the inbox, read after the window was; `limit` of them at
    most."""
    first = next((key["revision"] for key in keys if key["is_broadcast"]), None)
    if first is None:
        first = keys[-1]["revision"] if len(keys) == limit else window.newest + 1
    memory = _of_app()
    with memory.lock:
        if memory.newest[0] < window.newest:
            return  # all has been forgotten since
        memory.starts[inbox] = max(first, memory.starts.get(inbox, 0))
        memory.starts.move_to_end(inbox)
        if len(memory.starts) > MAX_INBOXES:
            memory.starts.popitem(last=False)


def complete_blocks(window: Window) -> tuple[int, int]:
    """The revisions of the window that complete blocks have, from the first up to but without the
    second; none where the two are equal."""
    first = -(-window.start // BLOCK) * BLOCK
    end = (window.newest + 1) // BLOCK * BLOCK
    return (first, end) if first < end else (window.start, window.start)


def number_in_blocks(db: Reader, scope: Scope, first: int, end: int) -> int:
    """How many broadcasts these blocks have; one that was counted before is not again."""
    memory = _of_app()
    keys = [(scope, block) for block in range(first, end, BLOCK)]
    cached = {key: memory.blocks[key] for key in keys if key in memory.blocks}
    missing = [block for _, block in keys if (scope, block) not in cached]
    if not missing:
        return sum(cached.values())
    newest = memory.newest
    rows = db.rows(
        _blocks(scope.of_all, scope.project_key is not None),
        project_key=scope.project_key,
        first=missing[0],
        end=missing[-1] + BLOCK,
        size=BLOCK,
    )
    number = {int(row["block"]): int(row["number"]) for row in rows}
    counted = {(scope, block): number.get(block, 0) for block in missing}
    with memory.lock:
        if len(memory.blocks) > MAX_BLOCKS:
            memory.blocks.clear()
        if memory.newest[0] >= newest[0]:
            memory.blocks |= counted
    return sum(cached.values()) + sum(counted.values())


@lru_cache(maxsize=3)
def _blocks(of_all: bool, in_project: bool) -> Prepared:
    block = _c.revision - _c.revision % param("size", type_=sa.BigInteger)
    query = sa.select(block.label("block"), sa.func.count().label("number")).where(
        _c.to_session.is_(None),
        _c.revision >= param("first", type_=sa.BigInteger),
        _c.revision < param("end", type_=sa.BigInteger),
    )
    if in_project:
        query = query.where(_c.project_key == param("project_key"))
    elif not of_all:
        query = query.where(_c.project_key.is_(None))
    index = "ix_messages_to" if of_all else "ix_messages_to_in_project"
    return Prepared(along(query, _messages, index).group_by(block))
