"""The tools that the areas offer, and how one is used."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from flask import current_app

from coord.area import Area, Tool, ToolCall, areas, call_hook
from coord.areas.mcp.inside import perform
from coord.errors import CoordError
from coord.web import FRAME, NOTICE, JsonObject, Schema, bounds, framed, load

# what a client's configuration may say once and for all
FROM_CLIENT = ("session_id", "project_key")

# what a model's context can take at once, its JSON-RPC frame included in 32 KiB
MAX_RESULT_BYTES = 32_000
MAX_TEXT = 1_000  # characters of one text of a result that would be longer


def offered() -> dict[str, tuple[Area, Tool]]:
    """Every tool by its name, with the area that has it."""
    return {tool.name: (area, tool) for area in areas() for tool in area.tools}


def use(
    area: Area, tool: Tool, sent: Mapping[str, Any], from_client: Mapping[str, str]
) -> JsonObject:
    """What the tool's call answers, as the result of a tool; its errors just the same.

    Raises ClientHungUp.
    """
    schema = schema_of(tool)
    arguments = {
        **{name: value for name, value in from_client.items() if name in schema.fields},
        **sent,
    }
    try:
        load(schema, arguments)
        call = call_hook(area.name, f"tool.call[{tool.name}]", tool.call, arguments)
    except CoordError as error:
        return refused(error)
    return _performed(call, arguments.get("session_id"))


def _performed(call: ToolCall, caller: str | None) -> JsonObject:
    """The result, on as short a page as fits: so the cursor of a list goes on where the
    page ends.
    """
    status, body = perform(call, caller)
    while _bytes(status, body) > MAX_RESULT_BYTES and _limit(call) > 1 and status < 400:
        if _bytes(status, bounds.fit(body, sys.maxsize, MAX_TEXT)) <= MAX_RESULT_BYTES:
            break
        call = replace(call, arguments={**call.arguments, "limit": _limit(call) // 2})
        status, body = perform(call, caller)
    if _bytes(status, body) <= MAX_RESULT_BYTES:
        return _result(status, body)
    return _result(
        status, bounds.fit(body, MAX_RESULT_BYTES, MAX_TEXT, lambda cut: _bytes(status, cut))
    )


def _limit(call: ToolCall) -> int:
    """How many items a list may have at most; 0 for what is no list."""
    return int(call.arguments.get("limit", 0)) if call.method == "GET" else 0


def _bytes(status: int, body: JsonObject) -> int:
    return len(current_app.json.dumps(_result(status, body)).encode("utf-8", "replace"))


def refused(error: CoordError) -> JsonObject:
    return _result(error.status, error.body())


@cache
def schema_of(tool: Tool) -> Schema:
    return Schema.from_dict(tool.arguments)()


def _result(status: int, body: JsonObject) -> JsonObject:
    body = bounds.map_texts(body, _shown)
    if status < 400 and any(isinstance(value, list) and value for value in body.values()):
        body = {"notice": NOTICE, **body}
    text = current_app.json.dumps(body)
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": body,
        "isError": status >= 400,
    }


def _shown(text: str) -> str:
    """As a model may read it. A JSON string is a frame of its own: only one of several lines needs
    another.
    """
    shown = framed(text)
    return shown if "\n" in shown else shown.removeprefix(FRAME)
