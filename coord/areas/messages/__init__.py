"""Messages: direct ones and broadcasts, each session's inbox, and threads."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app
from marshmallow import fields

from coord.area import Area, Gauge, Scope, StatusPart
from coord.areas.messages import repository
from coord.areas.messages.routes import blp
from coord.change import Look


def _status(look: Look, scope: Scope) -> Mapping[str, Any]:
    unread = repository.count_unread(look, current_app.config["BROADCAST_DAYS"], scope.session_id, scope.project_key)
    return {"unread_message_count": unread, "counts": {"unread_messages": unread}}


def _gauges(look: Look) -> Iterable[Gauge]:
    unread = repository.count_unread(look, current_app.config["BROADCAST_DAYS"])
    yield Gauge("messages_unread", "Direct messages that their recipients have not read.", unread)


area = Area(
    name="messages",
    blueprint=blp,
    status=StatusPart(fields={"unread_message_count": fields.Integer()}, read=_status),
    gauges=_gauges,
    deliver=repository.deliver,
)
