"""What the messages area is called with, and its rows: dicts whose keys are checked."""

from datetime import datetime
from typing import TypedDict


class Content(TypedDict):
    """What a sender gives of a message. Equal content under one `id` is the same message."""

    project_key: str | None
    from_session: str
    to_session: str | None
    subject: str
    body: str
    reply_to: str | None
    importance: str
    requires_ack: bool


class SendBody(Content):
    """A call that sends a message. `id`: chosen by the client, or None."""

    id: str | None


class NewMessage(Content):
    """A message that is to be stored."""

    id: str
    thread_id: str


class StoredMessage(NewMessage):
    """A message as its row is written, but for what its change says. `size`: of the body."""

    size: int
    digest: str


class ListFilters(TypedDict):
    """Which messages a list shows; None: any."""

    to_session: str | None
    from_session: str | None
    project_key: str | None
    thread_id: str | None
    unread_only: bool | None


class ListQuery(ListFilters):
    """A call that lists messages. `wait` in seconds."""

    session_id: str | None
    cursor: str | None
    limit: int
    wait: float


class MarkManyBody(TypedDict):
    """A call that marks messages: those with the `ids`, or all of the inbox that are unread."""

    session_id: str
    ids: list[str] | None
    project_key: str | None
    ack: bool


class GetQuery(TypedDict):
    """A call that asks for one message."""

    session_id: str | None


class MarkQuery(GetQuery):
    """A call that marks one message."""

    ack: bool


class KeyRow(TypedDict):
    """What places a message in a list, and how many characters its body has."""

    revision: int
    size: int


class ListKeyRow(KeyRow):
    """That of a list."""

    is_broadcast: bool


class ReaderRow(TypedDict):
    """A session that has read a message."""

    session_id: str
    read_at: datetime
    acked_at: datetime | None


class BroadcastReadRow(ReaderRow):
    """A row of message_reads: the `nth` session to read the broadcast with the revision
    `message`.
    """

    message: int
    nth: int


class _Marks(TypedDict):
    """`read_at` and `acked_at` are a direct message's own; the viewer's are those of a
    broadcast.
    """

    revision: int
    id: str
    project_key: str | None
    to_session: str | None
    subject: str
    importance: str
    size: int
    read_at: datetime | None
    acked_at: datetime | None
    viewer_read_at: datetime | None
    viewer_acked_at: datetime | None


class BriefRow(_Marks):
    """As much of a message as it takes to mark it."""


class MessageRow(_Marks):
    """A message as it is stored, with what the viewer has done about it."""

    thread_id: str
    reply_to: str | None
    from_session: str
    body: str
    requires_ack: bool
    created_at: datetime
    read_count: int
    digest: str
    recipient_last_seen_at: datetime | None


class MessageAnswer(MessageRow):
    """A message as it is answered: `read_at` and `acked_at` are the viewer's own."""

    broadcast: bool
    read_by: list[ReaderRow]


class MarkReport(TypedDict):
    """What marking several did: see MarkReportSchema."""

    read: int
    items: list[MessageAnswer]
    unread_message_count: int
