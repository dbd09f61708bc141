"""What the rest of coord knows of an area, and what its hooks are called with."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from coord.area.board import BoardPart
from coord.area.parts import CheckinPart, Gauge, StatusPart
from coord.area.tools import Tool
from coord.store import Change, Reader
from coord.web import Blueprint


@dataclass
class SessionEnd:
    """The end of a session."""

    session_id: str
    gone: bool
    """It missed its TTL; else it ended by itself."""
    change: Change[Any]
    """Areas add to it what becomes of what the session had."""
    affected: dict[str, list[str]] = field(default_factory=dict)
    """Sentences for other sessions that this touches, by their names."""
    counts: dict[str, int] = field(default_factory=dict)
    """What the change does, for the answer."""
    incomplete: bool = False
    """An area has kept some of it for a further change: all are asked again, until none has."""
    observed_at: datetime | None = None
    """When the end was decided, if that was not now: what the session took later it keeps."""

    def affects(self, session_id: str | None, sentence: str) -> None:
        if session_id not in (None, self.session_id):
            sentences = self.affected.setdefault(str(session_id), [])
            if sentence not in sentences:
                sentences.append(sentence)


@dataclass(frozen=True)
class Notice:
    """A message that coord itself sends to a session."""

    to_session: str
    subject: str
    body: str
    project_key: str | None = None


@dataclass(frozen=True)
class Area:
    """A coordination area: all that the rest of coord needs to know of it.

    HOOKS has what each function is called with. What they are given to add to, they do not commit.
    """

    name: str
    blueprint: Blueprint
    at_root: bool = False
    """Its paths are not below `/api/coord`."""
    status: StatusPart | None = None
    gauges: Callable[[Reader], Iterable[Gauge]] | None = None
    commands: click.Group | None = None
    migrations: Path | None = None
    """The folder of its alembic revisions, when they are not among coord's own."""
    checkin: CheckinPart | None = None
    on_activity: Callable[[Change[Any], str], None] | None = None
    """Adds to a change what a sign of life means for what the session has."""
    on_checkin: Callable[[Change[Any], str], None] | None = None
    """Adds what a check-in means besides."""
    on_session_end: Callable[[Reader, SessionEnd], None] | None = None
    """Adds what becomes of what the session had."""
    waiters: Callable[[], sa.Select[tuple[str]]] | None = None
    """The sessions whose calls wait for something of the area: a select of one column,
    `session_id`, that an index begins with. It becomes a part of the statements that read sessions.
    """
    deliver: Callable[[Change[Any], Notice], None] | None = None
    """Adds the sending of a message."""
    on_tick: Callable[[], None] | None = None
    """Does what has come due without a call. About twice a second in one thread of each worker, so
    it must do little when there is nothing, and bear that another worker is faster.
    """
    tools: Sequence[Tool] = ()
    samples: Mapping[str, Callable[[], Change[Any]]] = field(default_factory=dict)
    """Its commonest writes, made from example values, for `flask coord sql NAME`."""
    board: BoardPart | None = None


HOOKS: Mapping[str, tuple[str, ...]] = {
    "gauges": ("db",),
    "on_activity": ("change", "session_id"),
    "on_checkin": ("change", "session_id"),
    "on_session_end": ("db", "end"),
    "waiters": (),
    "deliver": ("change", "notice"),
    "on_tick": (),
    "status.read": ("db", "scope"),
    "checkin.read": ("db", "scope"),
    "checkin.line": ("item",),
    "tool.call": ("arguments",),
    "samples": (),
    "board.read": ("db",),
    "board.changed": ("db", "ids"),
    "board.spans": ("db", "stretch"),
    "board.past": ("entry",),
}
"""What each hook of an area is called with."""
