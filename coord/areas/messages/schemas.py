"""What the messages area takes and answers."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from coord.areas.messages.models import BODY_LENGTH, SUBJECT_LENGTH
from coord.live import MAX_WAIT_S
from coord.web import (
    Body,
    Boolean,
    Choice,
    ListOf,
    Name,
    Number,
    PageQuery,
    ProjectKey,
    Query,
    Schema,
    SessionId,
    Text,
    Time,
    Uuid,
    list_of,
)

IMPORTANCES = ("low", "normal", "high", "urgent")
MAX_IDS = 500


class ReaderSchema(Schema):
    """A session that has read a message."""

    session_id = SessionId(required=True)
    read_at = Time(required=True)
    acked_at = Time(required=True, allow_none=True)


class MessageSchema(Schema):
    """A message.

    `read_at` and `acked_at` of a broadcast are those of the session that asks, or whose inbox is
    listed.
    """

    id = Uuid(required=True)
    thread_id = Uuid(
        required=True, metadata={"description": "The `id` of the message that began the thread."}
    )
    reply_to = Uuid(required=True, allow_none=True)
    project_key = ProjectKey(required=True, allow_none=True)
    from_session = SessionId(required=True)
    to_session = SessionId(
        required=True, allow_none=True, metadata={"description": "null: a broadcast."}
    )
    broadcast = fields.Boolean(required=True)
    subject = Text(max_length=SUBJECT_LENGTH, required=True)
    body = Text(max_length=BODY_LENGTH, required=True)
    importance = Choice(IMPORTANCES, required=True)
    requires_ack = fields.Boolean(required=True)
    created_at = Time(required=True)
    read_at = Time(required=True, allow_none=True)
    read_by = fields.List(
        fields.Nested(ReaderSchema),
        required=True,
        metadata={"description": "Who read it, first readers first: at most 500, in lists 50."},
    )
    read_count = fields.Integer(
        required=True, metadata={"description": "How many sessions have read it, all of them."}
    )
    acked_at = Time(required=True, allow_none=True)
    recipient_last_seen_at = Time(
        required=True,
        allow_none=True,
        metadata={
            "description": (
                "When the recipient last changed anything here. null: never, perhaps a misspelt"
                " name; or a broadcast."
            )
        },
    )


MessageList = list_of(MessageSchema)


class UnreadSchema(Schema):
    """An unread message, as a check-in shows it."""

    id = Uuid(required=True)
    thread_id = Uuid(required=True)
    project_key = ProjectKey(required=True, allow_none=True)
    from_session = SessionId(required=True)
    to_session = SessionId(required=True, allow_none=True)
    importance = Choice(IMPORTANCES, required=True)
    requires_ack = fields.Boolean(required=True)
    created_at = Time(required=True)
    subject = Text(max_length=SUBJECT_LENGTH, required=True)
    body = Text(max_length=BODY_LENGTH, required=True)


class MarkReportSchema(Schema):
    """What marking several did."""

    read = fields.Integer(
        required=True, metadata={"description": "How many were unread and are no longer."}
    )
    items = fields.List(
        fields.Nested(MessageSchema),
        required=True,
        metadata={"description": "What this call changed: the first of it when that is much."},
    )
    unread_message_count = fields.Integer(
        required=True, metadata={"description": "What is still unread in this inbox."}
    )


class SendSchema(Body):
    """A message to one session, or to all."""

    example = {
        "id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c13",
        **{"from_session": "web-1/claude", "to_session": "ci-2/claude", "project_key": "shop"},
        **{"subject": "Cart totals", "body": "src/cart.py is free again."},
    }

    id = Uuid(
        load_default=None,
        metadata={
            "description": "Chosen by the client, so that a repeated call sends nothing twice."
        },
    )
    from_session = SessionId(
        load_default=None, metadata={"description": "Who sends it; left out: `session_id`."}
    )
    to_session = SessionId(
        load_default=None, metadata={"description": "Left out: a broadcast to everyone."}
    )
    project_key = ProjectKey(load_default=None)
    subject = Name(max_length=SUBJECT_LENGTH, min_length=1, required=True)
    body = Text(max_length=BODY_LENGTH, required=True)
    reply_to = Uuid(
        load_default=None,
        allow_none=True,
        metadata={"description": "The `id` of the message that this one answers."},
    )
    importance = Choice(IMPORTANCES, load_default="normal")
    requires_ack = Boolean(
        load_default=False,
        metadata={"description": "Reading it is not enough: the recipient is to acknowledge it."},
    )

    @ma.post_load
    def sender(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        named = data.pop("session_id")
        if data["from_session"] is None:
            data["from_session"] = named
        if data["from_session"] is None:
            raise ma.ValidationError({"from_session": ["Say who sends it, here or as session_id."]})
        return data


class MessagesQuery(PageQuery):
    """Which messages to list."""

    to_session = SessionId(
        load_default=None,
        metadata={
            "description": (
                "This session's inbox: what is addressed to it, and broadcasts of others."
            )
        },
    )
    unread_only = Boolean(
        load_default=None,
        metadata={
            "description": (
                "Only what is unread, oldest first. Without `to_session`: direct ones. Left out:"
                " only with `wait`."
            )
        },
    )
    wait = Number(
        min=0,
        max=MAX_WAIT_S,
        load_default=0,
        metadata={"description": "Seconds to wait for a message when there is none to show."},
    )
    project_key = ProjectKey(
        load_default=None,
        metadata={
            "description": (
                "Of this project. In an inbox: of the broadcasts only, those of this project and of"
                " none."
            )
        },
    )
    from_session = SessionId(load_default=None, metadata={"description": "Sent by this session."})
    thread_id = Uuid(load_default=None)


def _ack() -> Boolean:
    return Boolean(load_default=False, metadata={"description": "Acknowledge as well."})


class ReadSchema(Query):
    """Who has read it. May also be sent as a JSON body."""

    ack = _ack()


class ReadManySchema(Body):
    """Which messages a session has read: those named, or its whole inbox."""

    example = {"session_id": "ci-2/claude"}

    session_id = SessionId(required=True)
    ids = ListOf(
        Uuid(),
        max_items=MAX_IDS,
        load_default=None,
        metadata={"description": "Left out: all that is unread."},
    )
    project_key = ProjectKey(
        load_default=None, metadata={"description": "Only what the inbox shows with this filter."}
    )
    ack = _ack()

    @ma.validates_schema
    def not_both(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data.get("ids") is not None and data.get("project_key") is not None:
            raise ma.ValidationError(
                {
                    "project_key": [
                        "Not together with ids: name messages, or mark what the project's inbox"
                        " shows."
                    ]
                }
            )
