"""Why a message cannot be marked."""

from coord.errors import CoordError


class NotRecipient(CoordError):
    """The message is addressed to another session: only its recipient marks it read."""

    status, code = 403, "not_recipient"

    def __init__(self, message_id: str, recipient: str, session_id: str) -> None:
        super().__init__(
            f"Message {message_id} is addressed to {recipient!r}, not to you ({session_id!r}). Only"
            " its recipient marks it read.",
            to_session=recipient,
        )
