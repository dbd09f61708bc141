"""HTTP of the messages area."""

import time
from typing import Any
from uuid import UUID

from flask import current_app
from flask.typing import ResponseReturnValue

from coord.areas.messages import repository
from coord.areas.messages.errors import NotRecipient
from coord.areas.messages.rows import (
    GetQuery,
    ListFilters,
    ListQuery,
    MarkManyBody,
    MarkQuery,
    MarkReport,
    MessageAnswer,
    SendBody,
)
from coord.areas.messages.schemas import (
    MarkReportSchema,
    MessageList,
    MessageSchema,
    MessagesQuery,
    ReadManySchema,
    ReadSchema,
    SendSchema,
)
from coord.errors import IdConflict, NotFound
from coord.ids import new_id
from coord.live import subscribe
from coord.store import read, transact, transact_optimistically
from coord.web import Blueprint, Query, cursor_key, page_of

blp = Blueprint(
    "messages", __name__, url_prefix="/messages", description="What sessions tell each other."
)


def _broadcast_days() -> float:
    days: float = current_app.config["BROADCAST_DAYS"]
    return days


@blp.route("", methods=["POST"])
@blp.arguments(SendSchema)
@blp.response(
    201, MessageSchema, description="Sent. `recipient_last_seen_at` null: perhaps a misspelt name."
)
@blp.alt_response(200, schema=MessageSchema, description="A repeated `id`: the stored message.")
@blp.raises(IdConflict)
def send(body: SendBody) -> tuple[MessageAnswer, int]:
    """Send a message to one session, or without `to_session` to all."""
    message_id = body["id"] or new_id()
    if body["reply_to"] is None:
        message, created = transact_optimistically(
            lambda: repository.send_new(body, message_id), repository.send, body, message_id
        )
    else:
        message, created = transact(repository.send, body, message_id)
    return message, 201 if created else 200


@blp.route("", methods=["GET"])
@blp.arguments(MessagesQuery)
@blp.response(200, MessageList)
def find(query: ListQuery) -> ResponseReturnValue:
    """List messages, newest first; with `unread_only=true` oldest first. With `to_session`: that
    session's inbox.

    A page of very long messages holds fewer than `limit`; `next_cursor` says whether there are
    more. With `wait` the call answers as soon as there is something unread, or with an empty list
    when the time is up.
    """
    if query["unread_only"] is None:
        query["unread_only"] = bool(query["wait"])
    if not query["wait"]:
        return _page(query)
    until = time.monotonic() + query["wait"]
    with subscribe(
        lambda entry: repository.may_show(query, entry), "message", until=until
    ) as subscription:
        while True:
            page = _page(query)
            if page["items"] or subscription is None or not subscription.wait(until):
                return page


def _page(query: ListQuery) -> dict[str, Any]:
    kind = "unread messages" if query["unread_only"] else "messages"
    after = cursor_key(kind, query["cursor"])
    filters: ListFilters = {
        "to_session": query["to_session"],
        "from_session": query["from_session"],
        "project_key": query["project_key"],
        "thread_id": query["thread_id"],
        "unread_only": query["unread_only"],
    }
    items, more = read(
        repository.find,
        filters,
        query["session_id"],
        _broadcast_days(),
        after[0] if after else None,
        query["limit"],
    )
    return page_of(kind, items, more, lambda message: [message["revision"]])


@blp.route("/<uuid:message_id>", methods=["GET"])
@blp.arguments(Query)
@blp.response(200, MessageSchema)
@blp.raises(NotFound)
def get(query: GetQuery, message_id: UUID) -> MessageAnswer:
    """One message, and what became of it."""
    return read(repository.get, str(message_id), query["session_id"])


@blp.route("/<uuid:message_id>/read", methods=["PUT"])
@blp.arguments(ReadSchema)
@blp.response(200, MessageSchema)
@blp.raises(NotFound, NotRecipient)
def mark(query: MarkQuery, message_id: UUID) -> MessageAnswer:
    """Mark a message read, with `ack=true` acknowledged as well.

    A broadcast needs `session_id`. May be repeated.
    """
    return transact(repository.mark_message, str(message_id), query["session_id"], query["ack"])


@blp.route("/read", methods=["PUT"])
@blp.arguments(ReadManySchema)
@blp.response(200, MarkReportSchema)
@blp.raises(NotRecipient)
def mark_many(body: MarkManyBody) -> MarkReport:
    """Mark several messages read, or all that the inbox holds unread. May be repeated.

    One call marks at most 2,000; `unread_message_count` says whether there are more.
    """
    session_id, project_key, days = body["session_id"], body["project_key"], _broadcast_days()
    revisions = read(repository.find_to_mark, session_id, project_key, body["ids"], days)
    result = repository.MarkResult()
    for batch in repository.in_batches(revisions):
        result += transact(repository.mark, batch, session_id, body["ack"])
    return read(repository.report, result, session_id, project_key, days)
