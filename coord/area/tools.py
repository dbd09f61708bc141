"""What agents can do with an area over MCP."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma

from coord.web import SESSION_HEADER, Schema, SessionId


@dataclass(frozen=True)
class ToolCall:
    """The call that a tool makes."""

    method: str
    path: str
    """Below `/api/coord`, as it is sent: a name in it is quoted."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The query of a GET, the JSON body of others."""
    if_empty: str = "Done."
    """What to say where the answer has no body."""


@dataclass(frozen=True, eq=False)
class Tool:
    """What agents can do over MCP, in as few words as they need: everybody pays for them in each
    session.
    """

    name: str
    description: str
    arguments: Mapping[str, ma.fields.Field[Any]]
    """What it takes. `session_id` and `project_key` come from the client's headers where a call
    leaves them out.
    """
    call: Callable[[Mapping[str, Any]], ToolCall]
    """Turns the arguments, as they were sent, into the call that does it. That validates and
    answers, so a tool has no rules of its own; it may raise a CoordError where there is no call to
    make.
    """
    read_only: bool = False
    """It changes nothing."""


CALLER_FIELDS: Mapping[str, ma.fields.Field[Any]] = {
    "session_id": SessionId(
        required=True,
        metadata={"description": "You, as HOST/agent"},
        error_messages={
            "required": f"Needed: say who you are, here or in the header {SESSION_HEADER}."
        },
    )
}
"""What every tool takes."""


def without(arguments: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in names}


def pick_fields(schema: type[Schema], /, **descriptions: str) -> dict[str, ma.fields.Field[Any]]:
    """Some fields of a call's schema, for a tool that takes them too, described in fewer words or
    (empty) in none.
    """
    picked = {name: copy(schema._declared_fields[name]) for name in descriptions}
    for name, own in picked.items():
        own.metadata = {"description": descriptions[name]} if descriptions[name] else {}
    return picked
