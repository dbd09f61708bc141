"""What agents do with recipes over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER, Call, Tool, chosen
from coord_recipes.schemas import RecipesQuery, WriteSchema


def _write(sent: Mapping[str, Any]) -> Call:
    return Call("POST", "/recipes", sent)


def _recipes(sent: Mapping[str, Any]) -> Call:
    return Call("GET", "/recipes", sent)


write = Tool(
    "write_recipe",
    "Write down what you found out and the next session can use.",
    takes={**CALLER, **chosen(WriteSchema, project_key="", title="", text="")},
    call=_write,
)

recipes = Tool(
    "recipes",
    "What other sessions found out, newest first.",
    takes={**CALLER, **chosen(RecipesQuery, project_key="", cursor="")},
    call=_recipes,
    reads=True,
)
