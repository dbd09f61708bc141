"""Why a session is not ended."""

from coord import errors
from coord.areas.sessions.rows import SessionAnswer
from coord.areas.sessions.schemas import SessionSchema
from coord.web import iso

_session = SessionSchema()


class Superseded(errors.Superseded):
    """The session was seen after its end was decided: it has come back, and keeps what it has.

    `session` is how it stands.
    """

    def __init__(self, session: SessionAnswer) -> None:
        super().__init__(
            f"'{session['session_id']}' was seen at {iso(session['last_seen_at'])}, after this end"
            " of it was decided: it has come back and keeps what it has. To end it even now, send"
            " it again without observed_at.",
            session=_session.dump(session),
        )
