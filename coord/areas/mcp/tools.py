"""The tools that the areas offer, and how one is used."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import current_app

from coord.area import Area, Tool, areas, call_hook
from coord.areas.mcp.inside import perform
from coord.errors import CoordError
from coord.web import Schema, load

FROM_CLIENT = ("session_id", "project_key")  # what a client's configuration may say once and for all

Json = dict[str, Any]


def offered() -> dict[str, tuple[Area, Tool]]:
    """Every tool by its name, with the area that has it."""
    return {tool.name: (area, tool) for area in areas() for tool in area.tools}


def use(area: Area, tool: Tool, sent: Mapping[str, Any], from_client: Mapping[str, str]) -> Json:
    """What the tool's call answers, as the result of a tool; its errors just the same. Raises ClientHungUp."""
    schema = schema_of(tool)
    arguments = {**{name: value for name, value in from_client.items() if name in schema.fields}, **sent}
    try:
        load(schema, arguments)
        call = call_hook(area.name, f"tool.call[{tool.name}]", tool.call, arguments)
    except CoordError as error:
        return refused(error)
    return _result(*perform(call, arguments.get("session_id")))


def refused(error: CoordError) -> Json:
    return _result(error.status, error.body())


@cache
def schema_of(tool: Tool) -> Schema:
    return Schema.from_dict(dict(tool.arguments))()  # type: ignore[return-value]


def _result(status: int, body: Json) -> Json:
    text = current_app.json.dumps(body)
    return {"content": [{"type": "text", "text": text}], "structuredContent": body, "isError": status >= 400}
