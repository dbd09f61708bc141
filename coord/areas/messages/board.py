"""The messages on the board: what nobody has read yet, and the newest."""

from pathlib import Path

from flask import current_app

from coord.area import BoardList, BoardPart
from coord.areas.messages import repository
from coord.areas.messages.rows import ListFilters, MessageAnswer
from coord.areas.messages.schemas import MessageSchema
from coord.store import Reader

MAX_UNREAD = 200
NEWEST = 50


class BoardMessageSchema(MessageSchema):
    """A message without what changes by other events than its own."""

    class Meta(MessageSchema.Meta):
        exclude = ("recipient_last_seen_at",)


def _unread(db: Reader) -> list[MessageAnswer]:
    return _read(db, True, MAX_UNREAD)


def _newest(db: Reader) -> list[MessageAnswer]:
    return _read(db, None, NEWEST)


def _read(db: Reader, unread_only: bool | None, limit: int) -> list[MessageAnswer]:
    filters: ListFilters = {
        "to_session": None,
        "from_session": None,
        "project_key": None,
        "thread_id": None,
        "unread_only": unread_only,
    }
    return repository.find(db, filters, None, current_app.config["BROADCAST_DAYS"], None, limit)[0]


_KINDS = frozenset({"message"})

board = BoardPart(
    folder=Path(__file__).parent / "static",
    counts={"Messages": ("message.sent",)},
    lists=(
        BoardList("unread_messages", BoardMessageSchema, "id", _KINDS, _unread),
        BoardList("messages", BoardMessageSchema, "id", _KINDS, _newest),
    ),
)
