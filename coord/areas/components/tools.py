"""What agents do with components over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER, Call, Tool, chosen
from coord.areas.components.schemas import STATES, ComponentsQuery, PutComponentSchema

AT_ONCE = 20  # items of a list: the agent's context takes all of them
REPORTED = ("state", "version", "notes")


def _component(sent: Mapping[str, Any]) -> Call:
    if any(name in sent for name in REPORTED):
        return Call("PUT", "/components", sent)
    return Call("GET", "/components", {"limit": AT_ONCE, **sent})


component = Tool(
    "component",
    "Report the state of a part of the project when you change or see it; without state, version and notes: list what is known.",
    takes={
        **CALLER,
        **chosen(ComponentsQuery, project_key="", component=""),
        **chosen(PutComponentSchema, state=f"By convention {', '.join(STATES)}", version="", notes=""),
        **chosen(ComponentsQuery, cursor=""),
    },
    call=_component,
)
