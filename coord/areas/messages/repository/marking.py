"""Marking messages read, and acknowledged."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.messages.errors import NotRecipient
from coord.areas.messages.models import Message, MessageRead
from coord.areas.messages.repository.lists import count_unread, fitting, unread_keys
from coord.areas.messages.repository.members import (
    id_params,
    padded_size,
    padded_values,
    revision_params,
)
from coord.areas.messages.repository.messages import (
    BY_ID,
    MAX_READERS,
    get,
    get_several,
    not_found,
    viewer_marks,
    with_readers,
    with_viewer,
)
from coord.areas.messages.repository.sending import message_event
from coord.areas.messages.rows import BriefRow, KeyRow, MarkReport, MessageAnswer, MessageRow
from coord.errors import Invalid
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, journal, read

BATCH = 100  # messages marked in one change: others wait for their turn while it runs
MAX_MARKED = 2_000  # messages marked by one call, which takes some 0.3 s
MAX_ANSWERED = 500  # messages in its answer

_messages = Message.__table__
_reads = MessageRead.__table__
_c = _messages.c
_r = _reads.c

_names = (
    "revision", "id", "project_key", "to_session", "subject", "importance",
    "size", "read_at", "acked_at",
)  # fmt: skip
_brief = sa.select(*(_c[name] for name in _names), *viewer_marks).select_from(with_viewer)

_BRIEF_BY_ID = Prepared(_brief.where(_c.id == param("id")))


@lru_cache(maxsize=16)
def _brief_by_revision(size: int) -> Prepared:
    return Prepared(_brief.where(_c.revision.in_(revision_params(size))).order_by(_c.revision))


@lru_cache(maxsize=16)
def _by_ids(size: int) -> Prepared:
    query = sa.select(_c.revision, _c.id, _c.to_session).where(_c.id.in_(id_params(size)))
    return Prepared(query.order_by(_c.revision))


@lru_cache(maxsize=16)
def _read_direct(size: int) -> Prepared:
    unread = sa.update(_messages).where(
        _c.revision.in_(revision_params(size)), _c.read_at.is_(None)
    )
    return Prepared(unread.values(read_at=journal.moment, read_count=1))


@lru_cache(maxsize=16)
def _read_broadcasts(size: int) -> Prepared:
    """Of two that insert the same, the second fails on the unique key and decides again."""
    values = {
        "message": _c.revision,
        "nth": _c.read_count + 1,
        "session_id": param("by", type_=sa.String),
        "read_at": journal.moment,
    }
    unread = sa.select(*values.values()).where(_c.revision.in_(revision_params(size)))
    return Prepared(sa.insert(_reads).from_select(list(values), unread))


@lru_cache(maxsize=16)
def _count_reader(size: int) -> Prepared:
    several = sa.update(_messages).where(_c.revision.in_(revision_params(size)))
    return Prepared(several.values(read_count=_c.read_count + 1))


@lru_cache(maxsize=16)
def _ack_direct(size: int) -> Prepared:
    unacked = sa.update(_messages).where(
        _c.revision.in_(revision_params(size)), _c.acked_at.is_(None)
    )
    return Prepared(unacked.values(acked_at=journal.moment))


@lru_cache(maxsize=16)
def _ack_broadcasts(size: int) -> Prepared:
    mine = sa.and_(_r.session_id == param("by"), _r.message.in_(revision_params(size)))
    unacked = sa.update(_reads).where(mine, _r.acked_at.is_(None))
    return Prepared(unacked.values(acked_at=journal.moment))


@dataclass(frozen=True)
class MarkResult:
    """What marking did: how many are read now that were not, and all that it changed."""

    read: int = 0
    changed: Sequence[KeyRow] = field(default_factory=tuple)

    def __add__(self, other: "MarkResult") -> "MarkResult":
        return MarkResult(self.read + other.read, [*self.changed, *other.changed])


def mark_message(
    db: Reader, message_id: str, session_id: str | None, ack: bool
) -> Decision[MessageAnswer]:
    """Marks the message read, with `ack` acknowledged too. May be repeated.

    Without a session the recipient is taken to be the caller. Raises NotFound and NotRecipient;
    Invalid for a broadcast without a session.
    """
    row = cast(BriefRow | None, db.row(_BRIEF_BY_ID, id=message_id, viewer=session_id))
    if row is None:
        raise not_found(message_id)
    if row["to_session"] is None and session_id is None:
        problem = "This is a broadcast, which each session reads for itself: say who has read it."
        raise Invalid({"session_id": [problem]})
    _check_recipient(row["id"], row["to_session"], session_id)
    change: Change[MessageAnswer] = Change()
    result = _add_marks(change, [row], session_id, ack)
    if not result.changed:
        return Answer(get(db, message_id, session_id))
    change.answer_with(
        lambda rows: read(with_readers, cast(list[MessageRow], rows), MAX_READERS)[0],
        BY_ID,
        {"id": message_id, "viewer": session_id},
    )
    return change


def _check_recipient(message_id: str, recipient: str | None, session_id: str | None) -> None:
    """Raises NotRecipient when another session than the caller is meant."""
    if recipient is not None and session_id not in (None, recipient):
        raise NotRecipient(message_id, recipient, str(session_id))


def find_to_mark(
    db: Reader,
    session_id: str,
    project_key: str | None,
    ids: Sequence[str] | None,
    broadcast_days: float,
) -> list[int]:
    """The revisions of the messages with these ids (None: of all in the inbox that are unread),
    oldest first.

    Raises Invalid for an id that no message has, and NotRecipient.
    """
    if ids is None:
        keys = unread_keys(db, session_id, project_key, broadcast_days, MAX_MARKED)
        return [key["revision"] for key in keys]
    if not ids:
        return []
    rows = db.rows(_by_ids(padded_size(ids)), **padded_values(ids))
    missing = {*ids} - {row["id"] for row in rows}
    if missing:
        raise Invalid(
            {"ids": [f"There is no message {message_id}." for message_id in sorted(missing)]}
        )
    for row in rows:
        _check_recipient(row["id"], row["to_session"], session_id)
    return [row["revision"] for row in rows]


def in_batches(revisions: list[int]) -> Iterator[list[int]]:
    """As many at a time as one change may mark."""
    for start in range(0, len(revisions), BATCH):
        yield revisions[start : start + BATCH]


def mark(db: Reader, revisions: list[int], session_id: str, ack: bool) -> Decision[MarkResult]:
    """Marks as read what is not yet, with `ack` as acknowledged too. May be repeated.

    `find_to_mark` has checked that the session may.
    """
    statement = _brief_by_revision(padded_size(revisions))
    rows = db.rows(statement, viewer=session_id, **padded_values(revisions))
    change: Change[MarkResult] = Change()
    result = _add_marks(change, cast(list[BriefRow], rows), session_id, ack)
    change.answer_with(lambda _: result)
    return change if result.changed else Answer(result)


def _marked_event(kind: str, row: BriefRow, session_id: str | None) -> Event:
    """Says so where nobody named itself, and the recipient is only taken to be the caller."""
    event = message_event(kind, row, session_id or row["to_session"])
    return event if session_id else replace(event, data={**event.data, "assumed": True})


def _add_marks(
    change: Change[Any], rows: Sequence[BriefRow], session_id: str | None, ack: bool
) -> MarkResult:
    direct = [row for row in rows if row["to_session"] is not None]
    broadcasts = [row for row in rows if row["to_session"] is None]
    unread_direct = [row for row in direct if row["read_at"] is None]
    unread_broadcasts = [row for row in broadcasts if row["viewer_read_at"] is None]
    unacked_direct = [row for row in direct if ack and row["acked_at"] is None]
    unacked_broadcasts = [row for row in broadcasts if ack and row["viewer_acked_at"] is None]
    _add_steps(change, [_read_direct], unread_direct)
    _add_steps(change, [_read_broadcasts, _count_reader], unread_broadcasts, by=session_id)
    _add_steps(change, [_ack_direct], unacked_direct)
    _add_steps(change, [_ack_broadcasts], unacked_broadcasts, by=session_id)
    unread = [*unread_direct, *unread_broadcasts]
    unacked = [*unacked_direct, *unacked_broadcasts]
    for kind, marked in (("message.read", unread), ("message.acked", unacked)):
        for row in sorted(marked, key=lambda row: row["revision"]):
            change.record(_marked_event(kind, row, session_id))
    touched = {row["revision"] for row in unread + unacked}
    changed: list[KeyRow] = [
        {"revision": row["revision"], "size": row["size"]}
        for row in rows
        if row["revision"] in touched
    ]
    return MarkResult(len(unread), changed)


def _add_steps(
    change: Change[Any],
    statements: Sequence[Callable[[int], Prepared]],
    rows: Sequence[BriefRow],
    **values: object,
) -> None:
    """Steps that must touch each of these messages."""
    revisions = [row["revision"] for row in rows]
    if revisions:
        for statement in statements:
            step_values = {**values, **padded_values(revisions)}
            change.add(statement(padded_size(revisions)), step_values, expect=len(revisions))


def report(
    db: Reader, result: MarkResult, session_id: str, project_key: str | None, broadcast_days: float
) -> MarkReport:
    """How many were marked, the first page of what was changed, and how many of the inbox are still
    unread.
    """
    answered = [key["revision"] for key in fitting(result.changed[:MAX_ANSWERED])]
    return {
        "read": result.read,
        "items": get_several(db, answered, session_id),
        "unread_message_count": count_unread(db, broadcast_days, session_id, project_key),
    }
