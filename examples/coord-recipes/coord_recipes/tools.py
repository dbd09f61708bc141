"""What agents do with recipes over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER_FIELDS, Tool, ToolCall, pick_fields
from coord_recipes.schemas import RecipesQuery, WriteSchema


def _write(sent: Mapping[str, Any]) -> ToolCall:
    return ToolCall("POST", "/recipes", sent)


def _recipes(sent: Mapping[str, Any]) -> ToolCall:
    return ToolCall("GET", "/recipes", sent)


write = Tool(
    "write_recipe",
    "Write down what you found out and the next session can use.",
    arguments={**CALLER_FIELDS, **pick_fields(WriteSchema, project_key="", title="", text="")},
    call=_write,
)

recipes = Tool(
    "recipes",
    "What other sessions found out, newest first.",
    arguments={**CALLER_FIELDS, **pick_fields(RecipesQuery, project_key="", cursor="")},
    call=_recipes,
    read_only=True,
)
