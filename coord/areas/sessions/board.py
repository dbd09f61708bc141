"""The sessions on the board: those that are there, those that fell silent, and those that
are gone.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from coord.area import BoardList, BoardPart, PastItem, PastList, Span, Stretch
from coord.areas.sessions import repository
from coord.areas.sessions.rows import SessionAnswer
from coord.areas.sessions.schemas import SessionSchema
from coord.store import Reader, moments

MAX_SESSIONS = 2_000
ENDINGS = {"session.gone": "gone", "session.ended": "ended"}


def _sessions(db: Reader) -> list[SessionAnswer]:
    return repository.find_for_board(db, MAX_SESSIONS - 1, repository.silent_us())


def _changed(db: Reader, names: Sequence[str]) -> list[SessionAnswer]:
    return repository.find_named(db, names, repository.silent_us())


def _ends(db: Reader, stretch: Stretch) -> list[Span]:
    """Where sessions went: both events have the session as their subject."""
    entries = moments.entries_between(
        db, stretch.since, stretch.until, tuple(ENDINGS), stretch.project_key
    )
    return [
        Span(
            session_id=entry["subject_id"],
            project_key=entry["project_key"],
            text="",
            style="mark",
            since=entry["at"],
            until=entry["at"],
            ending=ENDINGS[entry["type"]],
            to=("session", entry["subject_id"]),
        )
        for entry in islice(entries, stretch.limit)
    ]


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
    spans=_ends,
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
