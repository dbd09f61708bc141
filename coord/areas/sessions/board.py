"""The sessions on the board: those that are there, those that fell silent, and those that
are gone.
"""

from collections.abc import Sequence
from pathlib import Path

from coord.area import BoardList, BoardPart
from coord.areas.sessions import repository
from coord.areas.sessions.rows import SessionAnswer
from coord.areas.sessions.schemas import SessionSchema
from coord.store import Reader

SHOWN = ("alive", "silent", "gone")
MAX_SESSIONS = 2_000


def _sessions(db: Reader) -> list[SessionAnswer]:
    return repository.find(db, None, SHOWN, None, MAX_SESSIONS - 1, repository.silent_us())


def _changed(db: Reader, names: Sequence[str]) -> list[SessionAnswer]:
    return repository.find_named(db, names, repository.silent_us())


board = BoardPart(
    folder=Path(__file__).parent / "static",
    lists=(
        BoardList(
            "sessions",
            SessionSchema,
            "session_id",
            frozenset({"session"}),
            _sessions,
            changed=_changed,
        ),
    ),
)
