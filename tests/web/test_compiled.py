"""The short way through a schema is marshmallow's own: the same rows make the same answers, the
same bodies are taken and refused with the same words.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import fields

from config.default import BUILT_IN_AREAS
from coord import plugins
from coord.web import Number, Schema, Time

plugins.find(BUILT_IN_AREAS, ())


def below(kind: type[Schema]) -> Iterator[type[Schema]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from below(subclass)


SCHEMAS = sorted(
    {each for each in below(Schema) if each.__module__.startswith("coord.")},
    key=lambda each: (each.__module__, each.__qualname__),
)
WORDS = (
    "", " ", "host/a", "src/cart.py", "a\nb", "a\x00b", "\u202eevil", "\u200b", "café", "\ud800",
    "exclusive", "pending", "active", "normal", "true", "1", "12", "+7", "1.5", "nan",
    "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11", "0198C2F4-7B1E-7C3D-8A55-3F1F0E9D2C11",
    "2026-01-23T10:00:00Z", "2026-01-23T10:00:00+02:00", "2026-01-23T10:00:00", "coord",
    "x" * 100, "x" * 101, "x" * 200, "x" * 201, "x" * 500, "x" * 501, "a/" * 40, "*.py",
)  # fmt: skip
SENT = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**54)
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def schema_of(field: fields.Nested) -> Schema:
    schema = field.schema
    assert isinstance(schema, Schema)
    return schema


def the_long_way(schema: Schema) -> Schema:
    """The schema, with marshmallow's own loading and dumping."""
    schema.__dict__["_load_quickly"] = schema.__dict__["_dump_quickly"] = lambda data: None
    for field in schema.fields.values():
        inner = getattr(field, "inner", field)
        if isinstance(inner, fields.Nested):
            the_long_way(schema_of(inner))
    return schema


def loaded(schema: Schema, data: dict[str, Any]) -> tuple[str, Any]:
    try:
        return "taken", schema.load(data)
    except ma.ValidationError as refused:
        return "refused", refused.messages


def names(schema: Schema) -> st.SearchStrategy[str]:
    known = sorted(schema.load_fields)
    return st.sampled_from([*known, *known, *known, "unknown"]) if known else st.just("unknown")


@pytest.mark.parametrize("kind", SCHEMAS, ids=lambda kind: kind.__name__)
def test_a_body_is_loaded_as_marshmallow_loads_it(kind: type[Schema]) -> None:
    quick, long = kind(), the_long_way(kind())

    @settings(max_examples=30, deadline=None)
    @given(st.dictionaries(names(quick), SENT, max_size=8))
    def same(data: dict[str, Any]) -> None:
        assert repr(loaded(quick, data)) == repr(loaded(long, data))

    same()


def stored(field: fields.Field[Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """What a row may hold for the field."""
    if isinstance(field, Time):
        return st.none() | st.datetimes(timezones=st.just(dt.UTC))
    if isinstance(field, fields.Nested):
        rows = row_of(schema_of(field), depth + 1) if depth < 2 else st.none()
        return st.lists(rows, max_size=2) if field.many else rows
    if isinstance(field, fields.List):
        return st.none() | st.lists(stored(field.inner, depth), max_size=2)
    if isinstance(field, fields.Dict):
        return st.none() | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
    if isinstance(field, Number | fields.Integer):
        return st.none() | st.integers(-3, 2**54) | st.sampled_from([0.0, 0.5, 2.0, -1.0])
    return st.none() | st.booleans() | st.integers(0, 2**54) | st.text(max_size=5)


def row_of(schema: Schema, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    rows = st.fixed_dictionaries(
        {}, optional={name: stored(field, depth) for name, field in schema.dump_fields.items()}
    )
    full = st.fixed_dictionaries(
        {name: stored(field, depth) for name, field in schema.dump_fields.items()}
    )
    return full | rows


def dumped(schema: Schema, row: dict[str, Any]) -> Any:
    try:
        return schema.dump(row)
    except Exception as error:
        return repr(error)


@pytest.mark.parametrize("kind", SCHEMAS, ids=lambda kind: kind.__name__)
def test_a_row_is_answered_as_marshmallow_answers_it(kind: type[Schema]) -> None:
    quick, long = kind(), the_long_way(kind())

    @settings(max_examples=15, deadline=None)
    @given(row_of(quick))
    def same(row: dict[str, Any]) -> None:
        assert repr(dumped(quick, row)) == repr(dumped(long, row))

    same()


def test_a_body_as_agents_send_it_takes_the_short_way() -> None:
    """Else all that is compared here is marshmallow with itself."""
    for kind in SCHEMAS:
        example = getattr(kind, "example", None)
        if example is not None:
            assert kind()._load_quickly(dict(example)) is not None, kind
