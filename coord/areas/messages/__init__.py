"""Messages: direct ones and broadcasts, each session's inbox, and threads."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import current_app
from marshmallow import fields

from coord.area import Area, CheckinPart, Gauge, Scope, StatusPart
from coord.areas.messages import repository
from coord.areas.messages.board import board
from coord.areas.messages.retention import retention
from coord.areas.messages.routes import blp
from coord.areas.messages.samples import send_message
from coord.areas.messages.schemas import UnreadSchema
from coord.areas.messages.tools import inbox, send
from coord.store import Reader


def _status(db: Reader, scope: Scope) -> Mapping[str, Any]:
    days = current_app.config["BROADCAST_DAYS"]
    unread = repository.count_unread(db, days, scope.session_id, scope.project_key)
    return {"unread_message_count": unread, "counts": {"unread_messages": unread}}


def _gauges(db: Reader) -> Iterable[Gauge]:
    unread = repository.count_unread(db, current_app.config["BROADCAST_DAYS"])
    yield Gauge("messages_unread", "Direct messages that their recipients have not read.", unread)


def _unread(db: Reader, scope: Scope) -> tuple[Sequence[Mapping[str, Any]], int]:
    return repository.find_unread(
        db, str(scope.session_id), scope.project_key, current_app.config["BROADCAST_DAYS"]
    )


def _banner(message: Mapping[str, Any]) -> str:
    """As the protocol shows it."""
    ack = "  wants an ack" if message["requires_ack"] else ""
    names = f"{message['from_session']} -> {message['to_session'] or 'all'}"
    head = f"[{message['importance']}] {names}: {message['subject']}"
    return f"{head}\n  {message['created_at']}  {message['id']}{ack}\n{message['body']}"


area = Area(
    name="messages",
    blueprint=blp,
    status=StatusPart(fields={"unread_message_count": fields.Integer()}, read=_status),
    gauges=_gauges,
    deliver=repository.deliver,
    on_tick=retention.run,
    checkin=CheckinPart("messages", "unread", 10, UnreadSchema, _unread, _banner, texts=("body",)),
    samples={"message": send_message},
    tools=(send, inbox),
    board=board,
)
