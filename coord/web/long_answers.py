"""Long lists, made a few items at a time: in between others get the interpreter."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import current_app, has_app_context
from marshmallow import fields

GIVE_WAY = "coord.give_way"
"""In the app's extensions, where a worker serves it: what a call does between two parts."""
PART = 10  # items; one by one they would cost half as much again to encode


class Items(fields.List[Any]):
    """A list that may be long."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[Any] | None:
        if value is None:
            return None
        serialize = self.inner._serialize
        dumped: list[Any] = []
        for part in in_parts(list(value)):
            dumped += [serialize(item, attr, obj, **kwargs) for item in part]
        return dumped


def in_parts(items: list[Any]) -> Iterator[list[Any]]:
    """Between two parts the call gives way to shorter ones."""
    give_way: Callable[[], None] | None = (
        current_app.extensions.get(GIVE_WAY) if has_app_context() else None
    )
    for begin in range(0, len(items), PART):
        if begin and give_way is not None:
            give_way()
        yield items[begin : begin + PART]
