"""What an area is: the contract between one kind of thing to coordinate and the rest of coord.

An area is a folder of its own: a blueprint with its schemas, repository and models. Whatever
crosses areas goes through the fields of `Area`; no area imports another, and the kernel imports
none. How they are found is in coord.plugins; how one is written is in docs/adding-an-area.md.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import click
import marshmallow as ma
import sqlalchemy as sa
from flask import current_app

from coord.errors import CoordError
from coord.live import presence
from coord.store import Change, Reader, faults
from coord.web import SESSION_HEADER, Blueprint, Schema, SessionId

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Scope:
    """What a status is asked about; None: everything."""

    project_key: str | None = None
    session_id: str | None = None


@dataclass(frozen=True)
class StatusPart:
    """An area's part of `/status`: `fields` says what it adds and how it is shown, `read` gets it.

    `read(db, scope)` returns a value for each field and, under `counts`, exact numbers. A list
    holds at most 50 items, newest first.
    """

    fields: Mapping[str, ma.fields.Field[Any]]
    read: Callable[[Reader, Scope], Mapping[str, Any]]

    @cached_property
    def schema(self) -> ma.Schema:
        """How the fields are shown: made once, since `/status` is asked for often."""
        return Schema.from_dict(self.fields)()


@dataclass(frozen=True)
class Gauge:
    """A number that `/metrics` shows, read from the database at each scrape.

    `name` without the prefix `coord_`.
    """

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckinPart:
    """An area's part of a session's check-in: `name` is its field in the answer, `heading` its
    title in the text.

    `read(db, scope)` returns the items that come first (at most 50) and how many there are in all;
    `item` says how one is shown, and `line(item)` turns it, shown, into its text. Parts come in the
    order of `rank`; when there is not room for all, the last are left out. `texts`: fields that may
    be cut. `volatile`: those that change by themselves, as the time that remains does: they alone
    make no check-in differ from the one before.
    """

    name: str
    heading: str
    rank: int
    item: type[ma.Schema]
    read: Callable[[Reader, Scope], tuple[Sequence[Mapping[str, Any]], int]]
    line: Callable[[Mapping[str, Any]], str]
    texts: tuple[str, ...] = ()
    volatile: frozenset[str] = frozenset()

    @cached_property
    def schema(self) -> ma.Schema:
        return self.item()


@dataclass(frozen=True)
class BoardList:
    """A list that the board shows: `read(db)` returns its items, newest first where it is cut, and
    at most MAX_BOARD_ITEMS.

    `item` says how one is sent, `key` names the field that tells it from others. `kinds`: subjects
    of the journal whose events may change what is in it; the list is then read again. One that can
    be long says in `changed(db, ids)` what has become of single items, by the subjects' ids, and
    leaves out those that no longer belong to it.
    """

    name: str
    item: type[ma.Schema]
    key: str
    kinds: frozenset[str]
    read: Callable[[Reader], Sequence[Mapping[str, Any]]]
    changed: Callable[[Reader, Sequence[str]], Sequence[Mapping[str, Any]]] | None = None


MAX_BOARD_ITEMS = 5_000
"""Items of one list of the board: a page that is told more is no overview, and 5,000 locks are 2
MB.
"""


@dataclass(frozen=True)
class Stretch:
    """The time that a timeline shows, of one project or all; `limit`: of more spans, the newest."""

    since: datetime
    until: datetime
    project_key: str | None
    limit: int


@dataclass(frozen=True)
class Span:
    """What a session had or did for a while, as a bar of the timeline; with `style` `mark`, at one
    moment. `asking`, `idle` and `limited` are of a session that waits for a human, or does nothing.

    `until`: None while it goes on. `ending`: the word for an end that is not the usual one. `to`:
    the path of its page on the board.
    """

    session_id: str
    project_key: str | None
    text: str
    style: Literal["solid", "light", "hatched", "asking", "idle", "limited", "mark"]
    since: datetime
    until: datetime | None
    ending: str | None
    to: tuple[str, ...]


@dataclass(frozen=True)
class PastItem:
    """How something stood at a moment: `state` in one word, `session_id`: whose it was."""

    text: str
    state: str
    session_id: str | None
    to: tuple[str, ...]


@dataclass(frozen=True)
class PastList:
    """What there was of an area at a moment, rebuilt from the journal: of each subject the last
    event of these `types`, which are all of one kind of subject and say how it stands.

    `item(entry)`: how it stood after that; None: it was no more.
    """

    title: str
    types: tuple[str, ...]
    item: Callable[[Mapping[str, Any]], PastItem | None]


@dataclass(frozen=True)
class BoardPart:
    """An area's part of the board, the page for people: its files, and the lists that they show.

    `folder` holds ES modules, style sheets and pictures, which are served to everybody below
    `/page/<name of the area>/`; the page imports `module` and links `style`. What a module can add
    is in docs/board.md. `spans(db, stretch)`: what the timeline shows of a stretch of time; `past`:
    of a moment. `counts`: pictures of how often something happened, by title: the types of events.
    """

    folder: Path
    module: str = "board.js"
    style: str | None = None
    lists: Sequence[BoardList] = ()
    spans: Callable[[Reader, Stretch], Sequence[Span]] | None = None
    past: PastList | None = None
    counts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class SessionEnd:
    """The end of a session: it ended by itself, or (`gone`) missed its TTL. Areas add to `change`
    what becomes of what it had.

    `affected`: sentences for other sessions that this touches, by their names. `counts`: what the
    change does, for the answer. `incomplete`: an area has kept some of it for a further change; all
    are asked again, until none has. `observed_at`: when the end was decided, if that was not now;
    what the session took after that it keeps.
    """

    session_id: str
    gone: bool
    change: Change[Any]
    affected: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    incomplete: bool = False
    observed_at: datetime | None = None

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
class ToolCall:
    """The call below `/api/coord` that a tool makes. `path` as it is sent: a name in it is quoted.

    `arguments`: the query of a GET, the JSON body of others. `if_empty`: what to say where the
    answer has no body.
    """

    method: str
    path: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    if_empty: str = "Done."


@dataclass(frozen=True, eq=False)
class Tool:
    """What agents can do over MCP, in as few words as they need: everybody pays for them in each
    session.

    `arguments`: what it takes. `session_id` and `project_key` come from the client's headers where
    a call leaves them out. `call(arguments)` turns them, as they were sent, into the call that does
    it. That judges them and answers for them, so a tool has no rules of its own; it may raise a
    CoordError where there is no call to make. `read_only`: it changes nothing.
    """

    name: str
    description: str
    arguments: Mapping[str, ma.fields.Field[Any]]
    call: Callable[[Mapping[str, Any]], ToolCall]
    read_only: bool = False


CALLER_FIELDS: Mapping[str, ma.fields.Field[Any]] = {
    "session_id": SessionId(
        required=True,
        metadata={"description": "You, as HOST/agent"},
        error_messages={
            "required": f"Needed: say who you are, here or in the header {SESSION_HEADER}."
        },
    )
}
"""What every tool takes."""


def pick_fields(schema: type[Schema], /, **descriptions: str) -> dict[str, ma.fields.Field[Any]]:
    """Some fields of a call's schema, for a tool that takes them too, described in fewer words or
    (empty) in none.
    """
    picked = {name: copy(schema._declared_fields[name]) for name in descriptions}
    for name, field_ in picked.items():
        field_.metadata = {"description": descriptions[name]} if descriptions[name] else {}
    return picked


@dataclass(frozen=True)
class Area:
    """A coordination area: all that the rest of coord needs to know of it.

    HOOKS has what each function is called with. What they are given to add to, they do not commit.
    """

    name: str
    blueprint: Blueprint
    at_root: bool = False  # its paths are not below `/api/coord`
    status: StatusPart | None = None
    gauges: Callable[[Reader], Iterable[Gauge]] | None = None
    commands: click.Group | None = None
    migrations: Path | None = None  # its alembic revisions, when they are not in coord's own
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


class HookFailed(CoordError):
    """A hook of an area raised an error of its own: a bug in that area, which the answer and the
    log name.
    """

    def __init__(self, area: str, hook: str) -> None:
        super().__init__(
            f"A bug in the area {area!r}: its {hook} failed; nothing was changed. Report it to who"
            " maintains that area, not to coord.",
            area=area,
            hook=hook,
        )


def call_hook(
    area: str, hook: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Calls a hook of the area.

    Raises HookFailed for any error that is neither an answer nor the database's.
    """
    try:
        return function(*args, **kwargs)
    except CoordError:
        raise
    except Exception as error:
        if faults.classify(error) is not faults.BUG:
            raise
        log.exception("%s of the area %r failed", hook, area)
        raise HookFailed(area, hook) from error


def deliver(change: Change[Any], notice: Notice) -> None:
    """Adds the sending of the message, through the first area that delivers; nothing where none
    does. Raises HookFailed.
    """
    for area in areas():
        if area.deliver is not None:
            call_hook(area.name, "deliver", area.deliver, change, notice)
            return


def hand_over(
    db: Reader, change: Change[Any], author: str, successor: str, taken_over: str
) -> None:
    """Sends a session the note that the one before it left, if there is one that it has not got.

    `taken_over`: what the successor has of the other now, as a clause. Raises HookFailed.
    """
    note = presence.handover_note(db, author)
    if note is None or note["handed_to"] == successor:
        return
    at = note["handover_at"]
    values = {"author": author, "written_at": at, "successor": successor}
    change.add(presence.NOTE_HANDED_OVER, values, expect=1)
    body = f"{author} left this at {at:%Y-%m-%dT%H:%M:%SZ}; {taken_over}.\n\n{note['handover']}"
    deliver(change, Notice(successor, f"Hand-over note of {author}", body, note["project_key"]))


def areas() -> list[Area]:
    """The areas of the running app."""
    installed: list[Area] = current_app.extensions["coord.areas"]
    return installed
