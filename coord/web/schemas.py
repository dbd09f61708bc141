"""The bases of every marshmallow schema: unknown names are answered with the nearest known one, and
the caller may name itself.
"""

import difflib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Self, cast

import marshmallow as ma
from marshmallow import fields

from coord.web import compiled
from coord.web.fields import Integer, SessionId
from coord.web.long_answers import Items

SUGGEST_FROM = 0.5  # difflib's similarity from which a name is worth suggesting
# unknown names answered at once: looking for the nearest of a hundred thousand would take seconds
MAX_UNKNOWN = 20
MAX_SHOWN = 100  # characters of an unknown name that an error repeats


class Schema(ma.Schema):
    """Base of every schema. An unknown name is refused with the nearest known one.

    `filters_by_session`: true where the query's `session_id` says whose things are asked for, and
    only the header says who asks. `in_query`: its values come from a query string, where everything
    is text. `names_caller`: false where `session_id` is not who calls, or the call is no sign of
    its life.
    """

    in_query: ClassVar[bool] = False
    names_caller: ClassVar[bool] = True
    filters_by_session: ClassVar[bool] = False

    class Meta:
        unknown = ma.RAISE

    @classmethod
    def from_dict(
        cls, members: Mapping[str, fields.Field[Any]], *, name: str = "GeneratedSchema"
    ) -> type[Self]:
        return cast(type[Self], super().from_dict(dict(members), name=name))

    @cached_property
    def _dump_quickly(self) -> compiled.Dump:
        return compiled.dump_of(self)

    @cached_property
    def _load_quickly(self) -> compiled.Load:
        return compiled.load_of(self)

    def _serialize(self, obj: Any, *, many: bool = False) -> object:
        if many or type(obj) is not dict:
            return super()._serialize(obj, many=many)
        dumped = self._dump_quickly(obj)
        return super()._serialize(obj) if dumped is None else dumped

    def _deserialize(self, data: Any, *, many: bool = False, **kwargs: Any) -> object:
        is_usual = not many and kwargs["partial"] is None and kwargs["unknown"] == ma.RAISE
        loaded = self._load_quickly(data) if is_usual and type(data) is dict else None
        return super()._deserialize(data, many=many, **kwargs) if loaded is None else loaded

    def handle_error(
        self, error: ma.ValidationError, data: Any, *, many: bool, **kwargs: Any
    ) -> None:
        if isinstance(error.messages, dict):
            unknown = sorted(
                name for name, messages in error.messages.items() if messages == ["Unknown field."]
            )
            for name in unknown:
                del error.messages[name]
            for name in unknown[:MAX_UNKNOWN]:
                error.messages[shortened(name)] = [unknown_name(name, self.fields, "field")]


class Body(Schema):
    """A JSON body. The caller may name itself in it, in the query or in the header
    `X-Coord-Session`.

    `example`: a body for the API document.
    """

    example: ClassVar[Mapping[str, Any] | None] = None

    session_id = SessionId(load_default=None)


class Query(Schema):
    """Query parameters. The caller may name itself on any call."""

    in_query = True

    session_id = SessionId(load_default=None)


class PageQuery(Query):
    """Query parameters of a list."""

    limit = Integer(
        min=1,
        max=500,
        load_default=100,
        metadata={"description": "Items a page, at most 500; fewer of very long ones."},
    )
    cursor = fields.String(
        load_default=None, metadata={"description": "`next_cursor` of the page before."}
    )


def shortened(name: str) -> str:
    """A name as an error repeats it."""
    return name if len(name) <= MAX_SHOWN else name[:MAX_SHOWN] + "…"


def unknown_name(name: str, valid: Iterable[str], kind: str) -> str:
    names = sorted(valid)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=SUGGEST_FROM)
    return (
        f"Unknown {kind}. Did you mean {nearest[0]!r}?"
        if nearest
        else f"Unknown {kind}. Known: {', '.join(names)}."
    )


def list_of(item: type[Schema]) -> type[Schema]:
    """The schema of a page of items."""
    name = item.__name__.removesuffix("Schema") + "List"
    members: dict[str, fields.Field[Any]] = {
        "items": Items(fields.Nested(item), required=True),
        "next_cursor": fields.String(required=True, allow_none=True),
    }
    return Schema.from_dict(members, name=name)
