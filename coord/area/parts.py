"""An area's part of what is asked about all of them: the status, the metrics, a check-in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import marshmallow as ma

from coord.store import Reader
from coord.web import Schema


@dataclass(frozen=True)
class Scope:
    """What is asked about; None: everything."""

    project_key: str | None = None
    session_id: str | None = None


@dataclass(frozen=True)
class StatusPart:
    """An area's part of `/status`."""

    fields: Mapping[str, ma.fields.Field[Any]]
    """What it adds, and how that is shown."""
    read: Callable[[Reader, Scope], Mapping[str, Any]]
    """A value for each field and, under `counts`, exact numbers. A list holds at most 50 items,
    newest first.
    """

    @cached_property
    def schema(self) -> ma.Schema:
        """Made once, since `/status` is asked for often."""
        return Schema.from_dict(self.fields)()


@dataclass(frozen=True)
class Gauge:
    """A number that `/metrics` shows, read from the database at each scrape."""

    name: str
    """Without the prefix `coord_`."""
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckinPart:
    """An area's part of a session's check-in."""

    name: str
    """Its field in the answer."""
    heading: str
    """Its title in the text."""
    rank: int
    """Parts come in this order; when there is not room for all, the last are left out."""
    item: type[ma.Schema]
    """How an item is shown."""
    read: Callable[[Reader, Scope], tuple[Sequence[Mapping[str, Any]], int]]
    """The items that come first, at most 50, and how many there are in all."""
    line: Callable[[Mapping[str, Any]], str]
    """The text of an item, as it is shown."""
    texts: tuple[str, ...] = ()
    """Fields that may be cut."""
    volatile: frozenset[str] = frozenset()
    """Fields that change by themselves, as the time that remains does. A check-in that differs
    from the one before by them alone counts as the same.
    """

    @cached_property
    def schema(self) -> ma.Schema:
        return self.item()
