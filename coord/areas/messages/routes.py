"""HTTP of the messages area."""

import time
from typing import Any

from flask import current_app

from coord.areas.messages import repository
from coord.areas.messages.errors import NotRecipient
from coord.areas.messages.schemas import MarkedSchema, MessageList, MessageSchema, MessagesQuery, ReadManySchema, ReadSchema, SendSchema
from coord.errors import IdConflict, NotFound
from coord.ids import new_id
from coord.live import subscribe
from coord.store import read, transact, transact_optimistically
from coord.web import Blueprint, Query, cursor_key, paginate

blp = Blueprint("messages", __name__, url_prefix="/messages", description="What sessions tell each other.")


def _broadcast_days() -> float:
    days: float = current_app.config["BROADCAST_DAYS"]
    return days


@blp.route("", methods=["POST"])
@blp.arguments(SendSchema)
@blp.response(201, MessageSchema, description="Sent. `recipient_last_seen_at` null: perhaps a misspelt name.")
@blp.alt_response(200, schema=MessageSchema, description="A repeated `id`: the stored message.")
@blp.raises(IdConflict)
def send(body: dict[str, Any]) -> Any:
    """Send a message to one session, or without `to_session` to all."""
    message_id = body["id"] or new_id()
    if body["reply_to"] is None:
        message, created = transact_optimistically(lambda: repository.sending(body, message_id), repository.send, body, message_id)
    else:
        message, created = transact(repository.send, body, message_id)
    return message, 201 if created else 200


@blp.route("", methods=["GET"])
@blp.arguments(MessagesQuery)
@blp.response(200, MessageList)
def find(query: dict[str, Any]) -> Any:
    """List messages, newest first; with `unread_only=true` oldest first. With `to_session`: that session's inbox.

    A page of very long messages holds fewer than `limit`; `next_cursor` says whether there are more. With `wait` the call answers as soon
    as there is something unread, or with an empty list when the time is over.
    """
    query["unread_only"] = bool(query["wait"]) if query["unread_only"] is None else query["unread_only"]
    if not query["wait"]:
        return _page(query)
    until = time.monotonic() + query["wait"]
    with subscribe(lambda entry: repository.shows(query, entry), "message") as waiter:
        while True:
            found = _page(query)
            if found["items"] or waiter is None or not waiter.wait(until):
                return found


def _page(query: dict[str, Any]) -> dict[str, Any]:
    kind = "unread messages" if query["unread_only"] else "messages"
    after = cursor_key(kind, query["cursor"])
    items, more = read(repository.find, query, _broadcast_days(), after[0] if after else None, query["limit"])
    return paginate(kind, items + more, len(items), lambda row: [row["revision"]])


@blp.route("/<uuid:message_id>", methods=["GET"])
@blp.arguments(Query)
@blp.response(200, MessageSchema)
@blp.raises(NotFound)
def get(query: dict[str, Any], message_id: Any) -> Any:
    """One message, and what became of it."""
    return read(repository.get, str(message_id), query["session_id"])


@blp.route("/<uuid:message_id>/read", methods=["PUT"])
@blp.arguments(ReadSchema)
@blp.response(200, MessageSchema)
@blp.raises(NotFound, NotRecipient)
def mark(query: dict[str, Any], message_id: Any) -> Any:
    """Mark a message read, with `ack=true` acknowledged as well. A broadcast needs `session_id`. Repeating it is fine."""
    return transact(repository.mark_one, str(message_id), query["session_id"], query["ack"])


@blp.route("/read", methods=["PUT"])
@blp.arguments(ReadManySchema)
@blp.response(200, MarkedSchema)
@blp.raises(NotRecipient)
def mark_many(body: dict[str, Any]) -> Any:
    """Mark several messages read, or all that the inbox holds unread. Repeating it is fine.

    One call marks at most 2,000; `unread_message_count` says whether there are more.
    """
    session_id, days = body["session_id"], _broadcast_days()
    marked = repository.MarkResult()
    for some in repository.in_batches(read(repository.to_mark, body, days)):
        marked += transact(repository.mark, some, session_id, body["ack"])
    return read(repository.report, marked, session_id, body["project_key"], days)
