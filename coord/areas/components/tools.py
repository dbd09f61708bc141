"""What agents do with components over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER_FIELDS, Tool, ToolCall, pick_fields
from coord.areas.components.schemas import STATES, ComponentsQuery, PutComponentSchema

AT_ONCE = 20  # items of a list: the agent's context takes all of them
REPORTED = ("state", "version", "notes")


def _component(sent: Mapping[str, Any]) -> ToolCall:
    if any(name in sent for name in REPORTED):
        return ToolCall("PUT", "/components", sent)
    return ToolCall("GET", "/components", {"limit": AT_ONCE, **sent})


component = Tool(
    "component",
    "Report the state of a part of the project when you change or see it; without state, version"
    " and notes: list what is known.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(ComponentsQuery, project_key="", component=""),
        **pick_fields(
            PutComponentSchema, state=f"By convention {', '.join(STATES)}", version="", notes=""
        ),
        **pick_fields(ComponentsQuery, cursor=""),
    },
    call=_component,
)
