"""The sessions on the board: those that are there, those that fell silent, and those that
are gone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from coord.area import BoardList, BoardPart, PastItem, PastList
from coord.areas.sessions import repository
from coord.areas.sessions.rows import SessionAnswer
from coord.areas.sessions.schemas import SessionSchema
from coord.areas.sessions.spans import ENDINGS, spans
from coord.store import Reader

MAX_SESSIONS = 2_000


class BoardSessionSchema(SessionSchema):
    """A session without what only its own page shows."""

    class Meta(SessionSchema.Meta):
        exclude = ("handover",)


def _sessions(db: Reader) -> list[SessionAnswer]:
    return repository.find_for_board(db, MAX_SESSIONS - 1, repository.silent_us())


def _changed(db: Reader, names: Sequence[str]) -> list[SessionAnswer]:
    return repository.find_named(db, names, repository.silent_us())


def _stood(entry: Mapping[str, Any]) -> PastItem | None:
    if entry["type"] == "session.ended":
        return None
    name = entry["subject_id"]
    text = entry["data"].get("task") or ""
    state = "gone" if entry["type"] == "session.gone" else "there"
    return PastItem(text, state, name, ("session", name))


board = BoardPart(
    folder=Path(__file__).parent / "static",
    past=PastList("Sessions", ("session.announced", *ENDINGS), _stood),
    spans=spans,
    lists=(
        BoardList(
            "sessions",
            BoardSessionSchema,
            "session_id",
            frozenset({"session"}),
            _sessions,
            changed=_changed,
        ),
    ),
)
