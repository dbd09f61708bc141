"""Sending a message."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import Notice
from coord.areas.messages.models import Message
from coord.areas.messages.repository.messages import as_answered, get
from coord.areas.messages.rows import BriefRow, Content, MessageAnswer, NewMessage, StoredMessage
from coord.errors import Invalid
from coord.ids import digest, must_match, new_id
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Row, journal

COORD = "coord"  # the session that coord's own messages come from

_messages = Message.__table__
_c = _messages.c

_IS_STORED = Prepared(sa.select(_c.revision).where(_c.id == param("id")))
_THREAD = Prepared(sa.select(_c.thread_id).where(_c.id == param("id")))


def _insert() -> Prepared:
    """Inserts the message, with the revision of its own event.

    A repeated id fails on the unique key.
    """
    texts = (
        "id", "thread_id", "reply_to", "project_key", "from_session", "to_session",
        "subject", "body", "importance", "digest",
    )  # fmt: skip
    values: dict[str, sa.ColumnElement[Any]] = {
        "revision": journal.revision - param("back", type_=sa.BigInteger),
        "created_at": journal.moment,
        **{name: param(name, type_=sa.String) for name in texts},
        "size": param("size", type_=sa.Integer),
        "requires_ack": param("requires_ack", type_=sa.Boolean),
        "read_count": sa.literal_column("0"),
    }
    return Prepared(sa.insert(_messages).from_select(list(values), sa.select(*values.values())))


_INSERT = _insert()
_SENT_AT = Prepared(
    sa.select(
        journal.revision.label("revision"),
        journal.moment.label("at"),
        journal.last_seen(param("to_session", type_=sa.String)).label("recipient_last_seen_at"),
    )
)


def send(db: Reader, content: Content, message_id: str) -> Decision[tuple[MessageAnswer, bool]]:
    """`(message, created)`. Raises IdConflict, and Invalid when it answers a message that does not
    exist.

    May be repeated: it answers what is stored.
    """
    if db.row(_IS_STORED, id=message_id) is not None:
        stored = get(db, message_id, None)
        must_match(stored, _digest(content), "message")
        return Answer((stored, False))
    return send_new(content, message_id, _thread_of(db, content["reply_to"]))


def send_new(
    content: Content, message_id: str, thread_id: str | None = None
) -> Change[tuple[MessageAnswer, bool]]:
    """The change that sends the message, if its id is new; without a thread it begins one."""
    change: Change[tuple[MessageAnswer, bool]] = Change()
    message: NewMessage = {**content, "id": message_id, "thread_id": thread_id or message_id}
    stored = _add_message(change, message)
    recipient = {"to_session": message["to_session"]}
    change.answer_with(lambda rows: (_sent(stored, rows[0]), True), _SENT_AT, recipient)
    return change


def _sent(message: StoredMessage, row: Row) -> MessageAnswer:
    """The message as its row was just written: to read it back would cost as much as to write
    it.
    """
    return as_answered(
        {
            **message,
            "revision": row["revision"],
            "created_at": row["at"],
            "read_at": None,
            "acked_at": None,
            "viewer_read_at": None,
            "viewer_acked_at": None,
            "read_count": 0,
            "recipient_last_seen_at": row["recipient_last_seen_at"],
        },
        [],
    )


def deliver(change: Change[Any], notice: Notice) -> None:
    """Adds a message of coord's own, which begins a thread."""
    message_id = new_id()
    message: NewMessage = {
        "id": message_id,
        "thread_id": message_id,
        "project_key": notice.project_key,
        "from_session": COORD,
        "to_session": notice.to_session,
        "subject": notice.subject,
        "body": notice.body,
        "reply_to": None,
        "importance": "high",
        "requires_ack": False,
    }
    _add_message(change, message)


def _add_message(change: Change[Any], message: NewMessage) -> StoredMessage:
    nth = change.record(message_event("message.sent", message, message["from_session"]))
    stored: StoredMessage = {
        **message,
        "size": len(message["body"]),
        "digest": _digest(message),
    }
    change.add(_INSERT, stored, expect=1, event=nth)
    return stored


def _digest(content: Content) -> str:
    return digest(
        {name: value for name, value in content.items() if name not in ("id", "thread_id")}
    )


def _thread_of(db: Reader, reply_to: str | None) -> str | None:
    if reply_to is None:
        return None
    thread_id: str | None = db.value(_THREAD, id=reply_to)
    if thread_id is None:
        problem = (
            f"There is no message {reply_to} to answer. Leave reply_to out to begin a new thread."
        )
        raise Invalid({"reply_to": [problem]})
    return thread_id


def message_event(kind: str, message: NewMessage | BriefRow, session_id: str | None) -> Event:
    data = {
        "subject": message["subject"],
        "importance": message["importance"],
        "to_session": message["to_session"],
    }
    return Event(kind, "message", message["id"], message["project_key"], session_id, data)
