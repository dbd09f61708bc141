"""Tools as they are listed: in as few words as a model needs, since every session pays for them."""

from collections.abc import Iterable
from typing import Any

import marshmallow as ma
from flask import current_app

from coord.area import Area, Tool
from coord.areas.mcp.tools import FROM_CLIENT, schema_of
from coord.web import JsonObject


def describe(offered: Iterable[tuple[Area, Tool]]) -> list[JsonObject]:
    return [_described(tool) for _, tool in offered]


def _described(tool: Tool) -> JsonObject:
    fields = schema_of(tool).fields
    schema: JsonObject = {
        "type": "object",
        "properties": {name: _property(field) for name, field in fields.items()},
        "additionalProperties": False,
    }
    required = [
        name for name, field in fields.items() if field.required and name not in FROM_CLIENT
    ]
    if required:
        schema["required"] = required
    hints = {"annotations": {"readOnlyHint": True}} if tool.read_only else {}
    return {"name": tool.name, "description": tool.description, "inputSchema": schema, **hints}


def _property(field: ma.fields.Field[Any]) -> JsonObject:
    """What a model needs in order to fill it in.

    The call itself knows lengths and bounds, and says so where they matter.
    """
    full: JsonObject = current_app.extensions["coord.api"].ma_plugin.converter.field2property(field)
    null_has_meaning = field.allow_none and field.load_default is ma.missing
    return _terse(full, null_has_meaning)


def _terse(full: JsonObject, with_null: bool) -> JsonObject:
    terse: JsonObject = {
        name: full[name] for name in ("type", "enum", "items", "description") if name in full
    }
    if isinstance(terse.get("type"), list) and not with_null:
        (terse["type"],) = [kind for kind in terse["type"] if kind != "null"]
    if "enum" in terse and not with_null:
        terse["enum"] = [value for value in terse["enum"] if value is not None]
    if "items" in terse:
        terse["items"] = {
            name: value
            for name, value in _terse(terse["items"], with_null=False).items()
            if name != "description"
        }
    return terse
