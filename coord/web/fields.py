"""What areas build their marshmallow schemas from: exact types, times that end in `Z`, unknown
names answered with the nearest known one.
"""

import math
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from coord.web import names

SESSION_LENGTH = 200
PROJECT_LENGTH = 100

fields.Field.default_error_messages |= {
    "required": "Needed, but not given.",
    "null": "May not be null: leave it out instead.",
}

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _in_query(field: fields.Field[Any]) -> bool:
    """Whether the value comes from a query string, where everything is text."""
    return bool(getattr(field.root, "in_query", False))


class Text(fields.String):
    """A string kept exactly as it was sent.

    NUL and lone surrogates are refused: no database keeps them.
    """

    def __init__(self, *, max_length: int, min_length: int = 0, **kwargs: Any) -> None:
        validators = [
            validate.Length(min=min_length, max=max_length),
            *kwargs.pop("validators", []),
        ]
        super().__init__(validate=validators, **kwargs)
        self._lengths = range(min_length, max_length + 1)

    def is_plain(self, value: Any) -> bool:
        """Whether the value is valid and loads as itself, by what is quickly asked; where it is
        False, it may be all the same.
        """
        return (
            type(value) is str
            and len(value) in self._lengths
            and value.isascii()
            and "\x00" not in value
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        match = _UNSTORABLE.search(value)
        if match is not None:
            name = "a NUL character" if match.group() == "\x00" else "half of a surrogate pair"
            raise ma.ValidationError(f"Contains {name}, which cannot be stored.")
        return value

    _serialize = fields.Field._serialize  # as it is stored


class Name(Text):
    """A text that names something: on one line, and without a character that shows nothing or
    reorders what is shown.
    """

    def is_plain(self, value: Any) -> bool:
        return (
            type(value) is str
            and len(value) in self._lengths
            and value.isascii()
            and value.isprintable()
            and not value.isspace()
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        problem = names.problem_of(name)
        if problem is not None:
            raise ma.ValidationError(problem)
        return name


class SessionId(Name):
    """The name of a session: free text, compared exactly."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "metadata", {"description": "Who is calling or meant: free text, typically HOST/agent."}
        )
        super().__init__(max_length=SESSION_LENGTH, min_length=1, **kwargs)


class ProjectKey(Name):
    """A free-form project slug, never registered beforehand."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {"description": "Free-form slug of the project."})
        super().__init__(max_length=PROJECT_LENGTH, min_length=1, **kwargs)


class Choice(fields.String):
    """One of a few words."""

    def __init__(self, choices: Iterable[str], **kwargs: Any) -> None:
        choices = tuple(choices)
        super().__init__(
            validate=validate.OneOf(choices, error=f"Must be one of: {', '.join(choices)}."),
            **kwargs,
        )


class ListOf(fields.List[Any]):
    """A list whose length is judged before its members: a body has room for hundreds of
    thousands.
    """

    def __init__(
        self, member: fields.Field[Any], *, max_items: int, min_items: int = 0, **kwargs: Any
    ) -> None:
        self._length = validate.Length(min=min_items, max=max_items)
        super().__init__(member, validate=self._length, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if isinstance(value, list):
            self._length(value)
        return super()._deserialize(value, attr, data, **kwargs)


class Uuid(fields.Field[str]):
    """A UUID in its 36-character form; kept in lower case."""

    default_error_messages = {"invalid": "Not a UUID (like 0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11)."}
    _FORM = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or self._FORM.fullmatch(value) is None:
            raise self.make_error("invalid")
        return str(uuid.UUID(value))


class Number(fields.Field[float]):
    """A JSON number between two bounds, fractions allowed."""

    def __init__(self, *, min: float, max: float, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(min=min, max=max), **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> object:
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> float:
        if isinstance(value, str) and _in_query(self):
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


class Integer(fields.Field[int]):
    """A whole JSON number between two bounds."""

    def __init__(self, *, min: int, max: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(min=min, max=max), **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        if (
            isinstance(value, str)
            and _in_query(self)
            and re.fullmatch(r"[+-]?[0-9]{1,18}", value, re.ASCII)
        ):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ma.ValidationError("Not a whole number.")
        return value


class Boolean(fields.Field[bool]):
    """`true` or `false`; in a query also `1` and `0`."""

    _SPELLINGS = {"true": True, "1": True, "false": False, "0": False}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if isinstance(value, str) and _in_query(self):
            value = self._SPELLINGS.get(value.lower())
        if not isinstance(value, bool):
            raise ma.ValidationError("Must be true or false.")
        return value


class Time(fields.Field[datetime]):
    """A moment: ISO 8601.

    Answered in UTC with microseconds and `Z`; accepted with `Z` or an offset.
    """

    def _serialize(
        self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any
    ) -> str | None:
        return None if value is None else iso(value)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
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
    """When the caller saw or decided what it sends; see coord.observed_at."""

    def __init__(self, newer: str) -> None:
        """`newer`: what becomes of the call when something newer is known."""
        super().__init__(
            load_default=None,
            metadata={
                "description": f"When the caller saw or decided this; left out: now. {newer}"
            },
        )
