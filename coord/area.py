"""What an area is, and how areas are found.

An area is a folder of its own: a blueprint with its schemas, repository and models. Whatever crosses areas goes through the fields of
`Area`; no area imports another, and the kernel imports none. Built-in areas and a stranger's come through the same door: the list in
`config.default`, `COORD_AREAS`, and installed packages' entry points in the group `coord.areas`. See docs/adding-an-area.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
import marshmallow as ma
from flask import current_app

from coord.change import Change, Look
from coord.schemas import Schema, Session
from coord.web import SESSION_HEADER, Blueprint

ENTRY_POINTS = "coord.areas"


@dataclass(frozen=True)
class Scope:
    """What a status is asked about; None: everything."""

    project_key: str | None = None
    session_id: str | None = None


@dataclass(frozen=True)
class StatusPart:
    """An area's part of `/status`: `fields` says what it adds and how it is shown, `read` gets it.

    `read(look, scope)` returns a value for each field and, under `counts`, exact numbers. A list holds at most 50 items, newest first.
    """

    fields: Mapping[str, ma.fields.Field[Any]]
    read: Callable[[Look, Scope], Mapping[str, Any]]


@dataclass(frozen=True)
class Gauge:
    """A number that `/metrics` shows, read from the database at each scrape. `name` without the prefix `coord_`."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckinPart:
    """An area's part of a session's check-in: `name` is its field in the answer, `heading` its title in the text.

    `read(look, scope)` returns the items that come first (at most 50) and how many there are in all; `item` says how one is shown, and
    `line` turns it, shown, into its text. Parts come in the order of `rank`, and when there is not room for all, the last are left out.
    `texts`: fields that may be cut. `moving`: those that change by themselves, as the time left does: they make no check-in a new one.
    """

    name: str
    heading: str
    rank: int
    item: type[ma.Schema]
    read: Callable[[Look, Scope], tuple[Sequence[Mapping[str, Any]], int]]
    line: Callable[[Mapping[str, Any]], str]
    texts: tuple[str, ...] = ()
    moving: frozenset[str] = frozenset()


@dataclass
class Departure:
    """A session leaves: it ended by itself, or (`gone`) broke its promise. Areas add to `change` what becomes of what it had.

    `affected`: sentences for other sessions that this touches, by their names. `done`: what the change does, counted, for the answer.
    `more`: an area has left some of it for a further change; it is asked again, until nothing is left.
    `observed_at`: when the end was decided, if that was not now; what the session took after that it keeps.
    """

    session_id: str
    gone: bool
    change: Change
    affected: dict[str, list[str]] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    more: bool = False
    observed_at: datetime | None = None

    def affects(self, session_id: str | None, sentence: str) -> None:
        if session_id not in (None, self.session_id):
            told = self.affected.setdefault(str(session_id), [])
            if sentence not in told:
                told.append(sentence)


@dataclass(frozen=True)
class Notice:
    """A message that coord itself sends to a session."""

    to_session: str
    subject: str
    body: str
    project_key: str | None = None


@dataclass(frozen=True)
class Call:
    """A call below `/api/coord`. `path` as it is sent: a name in it is quoted. `sent`: the query of a GET, the JSON body of others.

    `if_empty`: what to say where the answer has no body.
    """

    method: str
    path: str
    sent: Mapping[str, Any] = field(default_factory=dict)
    if_empty: str = "Done."


@dataclass(frozen=True, eq=False)
class Tool:
    """What agents can do over MCP, in as few words as they need: everybody pays for them in each session.

    `takes`: its arguments. `session_id` and `project_key` come from the client's headers where the arguments leave them out.
    `call` turns the arguments, as they were sent, into the call that does it. That judges them and answers for them, so a tool has no
    rules of its own; it may raise a CoordError where there is no call to make. `reads`: it changes nothing.
    """

    name: str
    description: str
    takes: Mapping[str, ma.fields.Field[Any]]
    call: Callable[[Mapping[str, Any]], Call]
    reads: bool = False


CALLER: Mapping[str, ma.fields.Field[Any]] = {
    "session_id": Session(
        required=True,
        metadata={"description": "You, as HOST/agent"},
        error_messages={"required": f"Needed: say who you are, here or in the header {SESSION_HEADER}."},
    )
}
"""What every tool takes."""


def chosen(schema: type[Schema], /, **described: str) -> dict[str, ma.fields.Field[Any]]:
    """Some fields of a call's schema, for a tool that takes them too, described in fewer words or (empty) in none."""
    found = {name: copy(schema._declared_fields[name]) for name in described}
    for name, each in found.items():
        each.metadata = {"description": described[name]} if described[name] else {}
    return found


@dataclass(frozen=True)
class Area:
    """A coordination area: all that the rest of coord needs to know of it.

    `at_root`: its paths are not below `/api/coord`. `migrations`: the folder of its alembic revisions, when they are not in coord's own.
    `seen(change, session)`: adds to a change what a sign of life means for what the session has; `renewed` what a check-in means besides.
    `left(look, departure)`: adds what becomes of what it had. `deliver(change, notice)`: adds the sending of a message.
    `tools`: what agents can do with it over MCP.
    `upkeep()`: does what has come due without a call; about twice a second in one thread of each worker, so it must do little when there
    is nothing, and bear that another worker is faster.
    """

    name: str
    blueprint: Blueprint
    at_root: bool = False
    status: StatusPart | None = None
    gauges: Callable[[Look], Iterable[Gauge]] | None = None
    commands: click.Group | None = None
    migrations: Path | None = None
    checkin: CheckinPart | None = None
    seen: Callable[[Change, str], None] | None = None
    renewed: Callable[[Change, str], None] | None = None
    left: Callable[[Look, Departure], None] | None = None
    deliver: Callable[[Change, Notice], None] | None = None
    upkeep: Callable[[], None] | None = None
    tools: Sequence[Tool] = ()


class BadArea(Exception):
    """An area that cannot be used; the message says which and why."""


def find(built_in: Sequence[str], further: Sequence[str]) -> list[Area]:
    """All areas, the built-in first, each once. Raises BadArea."""
    found = [_from_module(name) for name in (*built_in, *further)]
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda p: p.name):
        loaded = point.load()
        if not isinstance(loaded, Area):
            raise BadArea(f"The entry point {point.name!r} ({point.value}) of group {ENTRY_POINTS} is not an Area.")
        if loaded not in found:
            found.append(loaded)
    names = [area.name for area in found]
    for name in names:
        if names.count(name) > 1:
            raise BadArea(f"Two areas are called {name!r}: rename one, or take one out of COORD_AREAS.")
    tools = [tool.name for area in found for tool in area.tools]
    for name in tools:
        if tools.count(name) > 1:
            raise BadArea(f"Two tools are called {name!r}: rename one, or take its area out of COORD_AREAS.")
    return found


def _from_module(name: str) -> Area:
    try:
        area = import_module(name).area
    except ModuleNotFoundError as missing:
        raise BadArea(f"The area {name!r} cannot be imported: {missing}.") from missing
    except AttributeError:
        raise BadArea(f"The module {name!r} has no `area`.") from None
    if not isinstance(area, Area):
        raise BadArea(f"`area` of {name!r} is not an Area.")
    return area


def areas() -> list[Area]:
    """The areas of the running app."""
    found: list[Area] = current_app.extensions["coord.areas"]
    return found
