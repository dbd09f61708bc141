"""What areas build their marshmallow schemas from: exact types, times that end in `Z`, unknown names answered with the nearest known one."""

import difflib
import math
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields, validate

SESSION_LENGTH = 200
PROJECT_LENGTH = 100
SUGGEST_FROM = 0.5  # difflib's similarity from which a name is worth suggesting
MOST_UNKNOWN = 20  # unknown names answered at once: looking for the nearest of a hundred thousand would take seconds
LONGEST_SHOWN = 100  # characters of an unknown name that an error repeats

fields.Field.default_error_messages |= {
    "required": "Needed, but not given.",
    "null": "May not be null: leave it out instead.",
}

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Text(fields.String):
    """A string kept exactly as it was sent. NUL and lone surrogates are refused: no database keeps them."""

    def __init__(self, *, longest: int, shortest: int = 0, **kwargs: Any) -> None:
        validators = [validate.Length(min=shortest, max=longest), *kwargs.pop("validators", [])]
        super().__init__(validate=validators, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        found = _UNSTORABLE.search(value)
        if found is not None:
            name = "a NUL character" if found.group() == "\x00" else "half of a surrogate pair"
            raise ma.ValidationError(f"Contains {name}, which cannot be stored.")
        return value

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value


class Session(Text):
    """The name of a session: free text, compared exactly."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {"description": "Who is calling or meant: free text, typically HOST/agent."})
        super().__init__(longest=SESSION_LENGTH, shortest=1, **kwargs)


class Project(Text):
    """A free-form project slug, never registered beforehand."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {"description": "Free-form slug of the project."})
        super().__init__(longest=PROJECT_LENGTH, shortest=1, **kwargs)


class Word(fields.String):
    """One of a few words."""

    def __init__(self, words: Iterable[str], **kwargs: Any) -> None:
        choices = tuple(words)
        super().__init__(validate=validate.OneOf(choices, error=f"Must be one of: {', '.join(choices)}."), **kwargs)


class Uuid(fields.Field[str]):
    """A UUID in its 36-character form; kept in lower case."""

    default_error_messages = {"invalid": "Not a UUID (like 0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11)."}
    _FORM = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str) or self._FORM.fullmatch(value) is None:
            raise self.make_error("invalid")
        return str(uuid.UUID(value))


class Number(fields.Field[float]):
    """A JSON number between two bounds, fractions allowed."""

    def __init__(self, *, low: float, high: float, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(min=low, max=high), **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> float:
        if isinstance(value, str) and self.from_text:
            try:
                value = float(value)
            except ValueError:
                raise ma.ValidationError("Not a number.") from None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ma.ValidationError("Not a number.")
        try:
            number = float(value)
        except OverflowError:
            raise ma.ValidationError("Number too large.") from None
        if not math.isfinite(number):
            raise ma.ValidationError("Not a finite number.")
        return number

    @property
    def from_text(self) -> bool:
        return isinstance(self.root, Query)


class Whole(fields.Field[int]):
    """A whole JSON number between two bounds."""

    def __init__(self, *, low: int, high: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(min=low, max=high), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if isinstance(value, str) and isinstance(self.root, Query) and re.fullmatch(r"[+-]?[0-9]{1,18}", value, re.ASCII):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ma.ValidationError("Not a whole number.")
        return value


class Flag(fields.Field[bool]):
    """`true` or `false`; in a query also `1` and `0`."""

    _WORDS = {"true": True, "1": True, "false": False, "0": False}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if isinstance(value, str) and isinstance(self.root, Query):
            value = self._WORDS.get(value.lower())
        if not isinstance(value, bool):
            raise ma.ValidationError("Must be true or false.")
        return value


class Time(fields.Field[datetime]):
    """A moment: ISO 8601. Answered in UTC with microseconds and `Z`; accepted with `Z` or an offset."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else iso(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise ma.ValidationError("Not an ISO 8601 time (like 2026-11-23T10:00:00Z).") from None
        raise ma.ValidationError("The time zone is missing: end it in Z for UTC.")


def iso(moment: datetime) -> str:
    """A time in UTC as it is answered."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class ObservedAt(Time):
    """When the caller saw or decided what it sends; see coord.observation."""

    def __init__(self, newer: str) -> None:
        """`newer`: what becomes of the call when something newer is known."""
        super().__init__(load_default=None, metadata={"description": f"When the caller saw or decided this; left out: now. {newer}"})


class Schema(ma.Schema):
    """Base of every schema. An unknown name is refused with the nearest known one.

    `filters_by_session`: true where the query's `session_id` says whose things are asked for, and only the header says who asks.
    `names_caller`: false where `session_id` is not who calls, or the call is no sign of its life.
    """

    names_caller: ClassVar[bool] = True
    filters_by_session: ClassVar[bool] = False

    class Meta:
        unknown = ma.RAISE

    def handle_error(self, error: ma.ValidationError, data: Any, *, many: bool, **kwargs: Any) -> None:
        if isinstance(error.messages, dict):
            unknown = sorted(name for name, messages in error.messages.items() if messages == ["Unknown field."])
            for name in unknown:
                del error.messages[name]
            for name in unknown[:MOST_UNKNOWN]:
                error.messages[shortened(name)] = [unknown_name(name, self.fields, "field")]


class Body(Schema):
    """A JSON body. The caller may name itself in it, in the query or in the header `X-Coord-Session`.

    `example`: a body for the API document.
    """

    example: ClassVar[Mapping[str, Any] | None] = None

    session_id = Session(load_default=None)


class Query(Schema):
    """Query parameters. The caller may name itself on any call."""

    session_id = Session(load_default=None)


class Page(Query):
    """Query parameters of a list."""

    limit = Whole(low=1, high=500, load_default=100, metadata={"description": "Items a page, at most 500."})
    cursor = fields.String(load_default=None, metadata={"description": "`next_cursor` of the page before."})


def shortened(name: str) -> str:
    """A name as an error repeats it."""
    return name if len(name) <= LONGEST_SHOWN else name[:LONGEST_SHOWN] + "…"


def unknown_name(name: str, known: Iterable[str], kind: str) -> str:
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=SUGGEST_FROM)
    return f"Unknown {kind}. Did you mean {nearest[0]!r}?" if nearest else f"Unknown {kind}. Known: {', '.join(names)}."


def list_of(item: type[Schema]) -> type[Schema]:
    """The schema of a page of items."""
    name = item.__name__.removesuffix("Schema") + "List"
    members = {
        "items": fields.List(fields.Nested(item), required=True),
        "next_cursor": fields.String(required=True, allow_none=True),
    }
    return Schema.from_dict(members, name=name)  # type: ignore[arg-type, return-value]
