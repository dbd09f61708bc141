"""The tools that the areas offer: how they are listed, and how one is used."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import marshmallow as ma
from flask import current_app

from coord.area import Tool, areas
from coord.areas.mcp.inside import perform
from coord.errors import CoordError
from coord.web import Schema, load

FROM_CLIENT = ("session_id", "project_key")  # what a client's configuration may say once and for all

Json = dict[str, Any]


def offered() -> dict[str, Tool]:
    return {tool.name: tool for area in areas() for tool in area.tools}


def listing() -> list[Json]:
    return [_described(tool) for tool in offered().values()]


def use(tool: Tool, sent: Mapping[str, Any], from_client: Mapping[str, str]) -> Json:
    """What the tool's call answers, as the result of a tool; its errors just the same. Raises ClientHungUp."""
    schema = _schema(tool)
    arguments = {**{name: value for name, value in from_client.items() if name in schema.fields}, **sent}
    try:
        load(schema, arguments)
        call = tool.call(arguments)
    except CoordError as error:
        return refused(error)
    return _result(*perform(call, arguments.get("session_id")))


def refused(error: CoordError) -> Json:
    return _result(error.status, error.body())


@cache
def _schema(tool: Tool) -> Schema:
    return Schema.from_dict(dict(tool.arguments))()  # type: ignore[return-value]


def _result(status: int, body: Json) -> Json:
    text = current_app.json.dumps(body)
    return {"content": [{"type": "text", "text": text}], "structuredContent": body, "isError": status >= 400}


# --- a tool as it is listed ------------------------------------------------------------------------------------------------------


def _described(tool: Tool) -> Json:
    fields = _schema(tool).fields
    schema: Json = {
        "type": "object",
        "properties": {name: _property(field) for name, field in fields.items()},
        "additionalProperties": False,
    }
    needed = [name for name, field in fields.items() if field.required and name not in FROM_CLIENT]
    if needed:
        schema["required"] = needed
    hints = {"annotations": {"readOnlyHint": True}} if tool.read_only else {}
    return {"name": tool.name, "description": tool.description, "inputSchema": schema, **hints}


def _property(field: ma.fields.Field[Any]) -> Json:
    """What a model needs in order to fill it in. The call itself knows lengths and bounds, and says so where they matter."""
    whole: Json = current_app.extensions["coord.api"].ma_plugin.converter.field2property(field)
    null_says_something = field.allow_none and field.load_default is ma.missing
    return _terse(whole, null_says_something)


def _terse(whole: Json, with_null: bool) -> Json:
    found: Json = {name: whole[name] for name in ("type", "enum", "items", "description") if name in whole}
    if isinstance(found.get("type"), list) and not with_null:
        (found["type"],) = [kind for kind in found["type"] if kind != "null"]
    if "enum" in found and not with_null:
        found["enum"] = [word for word in found["enum"] if word is not None]
    if "items" in found:
        found["items"] = {name: value for name, value in _terse(found["items"], with_null=False).items() if name != "description"}
    return found
