"""An area's part of the board, the page for people: its files, the lists that they show, the
timeline, and how things stood in the past.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import marshmallow as ma

from coord.store import Reader

MAX_BOARD_ITEMS = 5_000
"""Items of one list: a page that shows more is no overview, and 5,000 locks are 2 MB."""


@dataclass(frozen=True)
class BoardList:
    """A list that the board shows."""

    name: str
    item: type[ma.Schema]
    """How an item is sent."""
    key: str
    """The field that tells an item from others."""
    kinds: frozenset[str]
    """Subjects of the journal whose events may change what is in the list: it is then read
    again.
    """
    read: Callable[[Reader], Sequence[Mapping[str, Any]]]
    """Its items: at most MAX_BOARD_ITEMS, of more the newest, newest first."""
    changed: Callable[[Reader, Sequence[str]], Sequence[Mapping[str, Any]]] | None = None
    """For a list that can be long: the items with these subjects' ids, without those that no longer
    belong to it.
    """


@dataclass(frozen=True)
class Stretch:
    """The time that a timeline shows."""

    since: datetime
    until: datetime
    project_key: str | None
    """None: all projects."""
    limit: int
    """Of more spans the newest are shown."""


@dataclass(frozen=True)
class Span:
    """What a session had or did for a while, as a bar of the timeline."""

    session_id: str
    project_key: str | None
    text: str
    style: Literal["solid", "light", "hatched", "asking", "idle", "limited", "mark"]
    """`asking`, `idle` and `limited` are of a session that waits for a human, or does nothing;
    `mark` is a moment and no bar.
    """
    since: datetime
    until: datetime | None
    """None: it goes on."""
    ending: str | None
    """The word for an end that is not the usual one."""
    to: tuple[str, ...]
    """The path of its page on the board."""


@dataclass(frozen=True)
class PastItem:
    """How something stood at a moment."""

    text: str
    state: str
    """One word."""
    session_id: str | None
    """Whose it was."""
    to: tuple[str, ...]
    """The path of its page on the board."""


@dataclass(frozen=True)
class PastList:
    """What there was of an area at a moment, rebuilt from the last event of each subject."""

    title: str
    types: tuple[str, ...]
    """Of the events: all about one kind of subject, and each says how that stands."""
    item: Callable[[Mapping[str, Any]], PastItem | None]
    """How a subject stood after an event; None: it was no more."""


@dataclass(frozen=True)
class BoardPart:
    """An area's part of the board. What its module can add to the page is in docs/board.md."""

    folder: Path
    """ES modules, style sheets and pictures, which are served to everybody below `/page/<name of
    the area>/`.
    """
    module: str = "board.js"
    """The file that the page imports."""
    style: str | None = None
    """The file that the page links."""
    lists: Sequence[BoardList] = ()
    spans: Callable[[Reader, Stretch], Sequence[Span]] | None = None
    """What the timeline shows."""
    past: PastList | None = None
    """What the page shows of a moment of the past."""
    counts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pictures of how often something happened, by title: the types of events."""
