"""Why a message cannot be marked."""

from typing import Any

from coord.errors import CoordError


class NotRecipient(CoordError):
    """The message is addressed to another session: only its recipient marks it read."""

    status, code = 403, "not_recipient"

    def __init__(self, message: dict[str, Any], session_id: str) -> None:
        recipient = message["to_session"]
        super().__init__(
            f"Message {message['id']} is addressed to {recipient!r}, not to you ({session_id!r}). Only its recipient marks it read.",
            to_session=recipient,
        )
