"""Messages as a session sees them: with what it has read, and who else has."""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.messages.models import Message, MessageRead
from coord.areas.messages.repository.members import padded_size, padded_values, revision_params
from coord.areas.messages.rows import BroadcastReadRow, MessageAnswer, MessageRow, ReaderRow
from coord.errors import NotFound
from coord.store import Prepared, Reader, journal

MAX_READERS = 500  # of one message
MAX_READERS_IN_LIST = 50  # of each message of a list

_messages = Message.__table__
_reads = MessageRead.__table__
_c = _messages.c
_r = _reads.c

_viewer = sa.and_(_r.message == _c.revision, _r.session_id == param("viewer", type_=sa.String))
viewer_marks = (_r.read_at.label("viewer_read_at"), _r.acked_at.label("viewer_acked_at"))
with_viewer = _messages.outerjoin(_reads, _viewer)

_last_seen = journal.last_seen(_c.to_session).label("recipient_last_seen_at")
_message = sa.select(*_c, *viewer_marks, _last_seen).select_from(with_viewer)

BY_ID = Prepared(_message.where(_c.id == param("id")))


@lru_cache(maxsize=16)
def _by_revision(size: int) -> Prepared:
    return Prepared(_message.where(_c.revision.in_(revision_params(size))))


@lru_cache(maxsize=16)
def _readers_of(size: int) -> Prepared:
    first = _r.nth <= param("most", type_=sa.Integer)
    query = sa.select(*_r).where(_r.message.in_(revision_params(size)), first)
    return Prepared(query.order_by(_r.message, _r.nth))


def get(db: Reader, message_id: str, viewer: str | None) -> MessageAnswer:
    """The message as this session sees it. Raises NotFound."""
    row = db.row(BY_ID, id=message_id, viewer=viewer)
    if row is None:
        raise not_found(message_id)
    return with_readers(db, [cast(MessageRow, row)], MAX_READERS)[0]


def not_found(message_id: str) -> NotFound:
    return NotFound(
        f"There is no message {message_id}. Messages are listed at /api/coord/messages."
    )


def get_several(db: Reader, revisions: list[int], viewer: str | None) -> list[MessageAnswer]:
    """The messages with these revisions, in that order."""
    if not revisions:
        return []
    values = padded_values(revisions)
    rows = db.rows(_by_revision(padded_size(revisions)), viewer=viewer, **values)
    answers = with_readers(db, cast(list[MessageRow], rows), MAX_READERS_IN_LIST)
    by_revision = {answer["revision"]: answer for answer in answers}
    return [by_revision[revision] for revision in revisions]


def with_readers(db: Reader, rows: Sequence[MessageRow], max_readers: int) -> list[MessageAnswer]:
    """Rows as they are answered, each with the first of its readers."""
    readers: dict[int, list[ReaderRow]] = {}
    read = [row["revision"] for row in rows if row["to_session"] is None and row["read_count"]]
    if read:
        statement = _readers_of(padded_size(read))
        reads = db.rows(statement, most=max_readers, **padded_values(read))
        for reader in cast(list[BroadcastReadRow], reads):
            readers.setdefault(reader["message"], []).append(reader)
    return [as_answered(row, readers.get(row["revision"], [])) for row in rows]


def as_answered(row: MessageRow, readers: list[ReaderRow]) -> MessageAnswer:
    if row["to_session"] is None:
        marks = (row["viewer_read_at"], row["viewer_acked_at"])
        return {
            **row,
            "read_at": marks[0],
            "acked_at": marks[1],
            "broadcast": True,
            "read_by": readers,
        }
    if row["read_at"] is not None:
        recipient = row["to_session"]
        readers = [
            {"session_id": recipient, "read_at": row["read_at"], "acked_at": row["acked_at"]}
        ]
    return {**row, "broadcast": False, "read_by": readers}
