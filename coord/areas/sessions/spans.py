"""What sessions waited for and reported in a stretch of time, rebuilt from the journal: bars of the
timeline, and marks where they ended.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Any, Literal

from coord.area import Span, Stretch
from coord.areas.sessions import repository
from coord.areas.sessions.rows import SessionAnswer
from coord.store import Reader, moments

ENDINGS = {"session.gone": "gone", "session.ended": "ended"}
_TYPES = (
    "session.announced", "session.waiting", "session.wait_ended", "session.state_reported",
    *ENDINGS,
)  # fmt: skip
LOOK_BACK = timedelta(hours=24)  # a bar that began earlier is seen only while it goes on
SHOWN = ("idle", "rate_limited", "waiting_for_human")

Style = Literal["asking", "idle", "limited"]


@dataclass(frozen=True)
class _State:
    """What is drawn of a session: one bar at a time, its wait for a human before all else."""

    style: Style
    text: str


class _Session:
    """A session on its way through the journal."""

    def __init__(self) -> None:
        self.waiting_for: str | None = None
        self.reported: str | None = None
        self.shown: _State | None = None
        self.entry: Mapping[str, Any] = {}

    def take(self, entry: Mapping[str, Any]) -> None:
        kind, data = entry["type"], entry["data"]
        if kind == "session.waiting":
            self.waiting_for = data["waiting_for"]
        elif kind == "session.wait_ended":
            self.waiting_for = None
        elif kind == "session.state_reported":
            self.reported = data["state"]
        else:
            self.waiting_for = self.reported = None


def _state(waiting_for: str | None, reported: str | None) -> _State | None:
    if waiting_for is not None:
        return _State("asking", waiting_for)
    if reported == "rate_limited":
        return _State("limited", "")
    return _State("idle", "") if reported == "idle" else None


def spans(db: Reader, stretch: Stretch) -> list[Span]:
    """The newest of them where there are more than `stretch.limit`."""
    return nlargest(stretch.limit, _spans(db, stretch), key=lambda span: span.since)


def _spans(db: Reader, stretch: Stretch) -> Iterator[Span]:
    since = stretch.since - LOOK_BACK
    sessions: dict[str, _Session] = {}
    for entry in moments.entries_between(db, since, stretch.until, _TYPES, stretch.project_key):
        if entry["type"] in ENDINGS and entry["at"] >= stretch.since:
            yield _end(entry)
        session = sessions.setdefault(entry["subject_id"], _Session())
        session.take(entry)
        state = _state(session.waiting_for, session.reported)
        if state == session.shown:
            continue
        if session.shown is not None and entry["at"] > stretch.since:
            yield _bar(session.entry, session.shown, entry["at"])
        session.shown, session.entry = state, entry
    going_on = {row["session_id"]: row for row in _going_on(db, stretch)}
    for name, session in sessions.items():
        if session.shown is not None:
            yield _bar(session.entry, session.shown, None if name in going_on else stretch.until)
    for name, row in going_on.items():
        began = row["state_since"]
        if name not in sessions and began is not None and began < stretch.until:
            yield _since_long(row)


def _going_on(db: Reader, stretch: Stretch) -> list[SessionAnswer]:
    """Those that wait for a human, are idle or rate-limited now."""
    silent = repository.silent_us()
    return repository.find(db, None, stretch.project_key, SHOWN, None, stretch.limit, silent)


def _bar(entry: Mapping[str, Any], state: _State, until: datetime | None) -> Span:
    name = entry["subject_id"]
    return Span(
        session_id=name,
        project_key=entry["project_key"],
        text=state.text,
        style=state.style,
        since=entry["at"],
        until=until,
        ending=None,
        to=("session", name),
    )


def _since_long(row: SessionAnswer) -> Span:
    state = _state(row["waiting_for"], row["reported_state"]) or _State("idle", "")
    entry = {
        "subject_id": row["session_id"],
        "project_key": row["project_key"],
        "at": row["state_since"],
    }
    return _bar(entry, state, None)


def _end(entry: Mapping[str, Any]) -> Span:
    """Where a session went: both events have it as their subject."""
    return Span(
        session_id=entry["subject_id"],
        project_key=entry["project_key"],
        text="",
        style="mark",
        since=entry["at"],
        until=entry["at"],
        ending=ENDINGS[entry["type"]],
        to=("session", entry["subject_id"]),
    )
