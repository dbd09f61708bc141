"""The short way through a schema: what marshmallow asks of each field again for every value is
asked once.

A schema's fields stay what decides. These functions are made from them, for what is as it should
be: a row with all its keys, a body with known names whose values pass. They return None for
anything else, and marshmallow does it. `tests/web/test_compiled.py` holds the two ways equal.
"""

from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from coord.web.fields import Text

Serialize = Callable[[Any, str, Any], Any]


Dump = Callable[[Mapping[str, Any]], dict[str, Any] | None]
Load = Callable[[Mapping[str, Any]], dict[str, Any] | None]


def _gives_up(data: Mapping[str, Any]) -> None:
    return None


def dump_of(schema: ma.Schema) -> Dump:
    """How a row is dumped; None for one that lacks a key."""
    if type(schema).get_attribute is not ma.Schema.get_attribute:
        return _gives_up
    members = []
    for name, field in schema.dump_fields.items():
        attribute = field.attribute or name
        if "." in attribute or not field._CHECK_ATTRIBUTE:
            return _gives_up
        key = name if field.data_key is None else field.data_key
        members.append((key, name, attribute, _serialize_of(field)))

    def dump(row: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            return {
                key: row[attribute] if serialize is None else serialize(row[attribute], name, row)
                for key, name, attribute, serialize in members
            }
        except KeyError:
            return None

    return dump


def _serialize_of(field: fields.Field[Any]) -> Serialize | None:
    serialize: Any = type(field)._serialize
    if serialize is fields.Field._serialize:
        return None
    if serialize is fields.String._serialize:
        return _text_or(field._serialize)
    return field._serialize


def _text_or(serialize: Serialize) -> Serialize:
    def text(value: Any, name: str, row: Any) -> Any:
        return value if type(value) is str else serialize(value, name, row)

    return text


def load_of(schema: ma.Schema) -> Load:
    """How a body is loaded; None for one that has an unknown name, lacks one that is needed, or
    has a value that is refused.
    """
    members = []
    for name, field in schema.load_fields.items():
        attribute = field.attribute or name
        if "." in attribute:
            return _gives_up
        is_plain: Callable[[Any], bool] | None = None
        further: tuple[Callable[[Any], Any], ...] = ()
        if isinstance(field, Text) and not field.pre_load and not field.post_load:
            is_plain, further = field.is_plain, tuple(field.validators[1:])
        key = name if field.data_key is None else field.data_key
        may_be_absent = not field.required and not callable(field.load_default)
        members.append((key, attribute, field, is_plain, further, may_be_absent))

    def load(data: Mapping[str, Any]) -> dict[str, Any] | None:
        loaded: dict[str, Any] = {}
        used = 0
        try:
            for key, attribute, field, is_plain, further, may_be_absent in members:
                value = data.get(key, ma.missing)
                if value is not ma.missing:
                    used += 1
                    if is_plain is not None and is_plain(value):
                        for validate in further:
                            validate(value)
                        loaded[attribute] = value
                        continue
                value = (
                    field.load_default
                    if value is ma.missing and may_be_absent
                    else field.deserialize(value, key, data)
                )
                if value is not ma.missing:
                    loaded[attribute] = value
        except ma.ValidationError:
            return None
        return loaded if used == len(data) else None

    return load
