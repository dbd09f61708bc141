"""What agents do with locks over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER_FIELDS, Tool, ToolCall, pick_fields
from coord.areas.locks.schemas import ClaimSchema, LocksQuery, ReleaseManySchema
from coord.errors import Invalid
from coord.web import Uuid

MAX_ITEMS = 20  # of a list: the agent's context takes all of them


def _lock_id(purpose: str) -> Uuid:
    return Uuid(metadata={"description": f"{purpose} this one instead"})


def _call_lock(arguments: Mapping[str, Any]) -> ToolCall:
    if "lock_id" not in arguments:
        if arguments.get("resources") is None:
            raise Invalid(
                {"resources": ["Needed: name what to lock, or with lock_id the lock to renew."]}
            )
        return ToolCall("POST", "/locks", arguments)
    return ToolCall("PATCH", f"/locks/{arguments['lock_id']}", _without_names(arguments))


def _call_unlock(arguments: Mapping[str, Any]) -> ToolCall:
    if "lock_id" not in arguments:
        return ToolCall("DELETE", "/locks", arguments)
    return ToolCall("DELETE", f"/locks/{arguments['lock_id']}", _without_names(arguments))


def _without_names(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The id says which lock is meant, and so its project too."""
    return {
        name: value for name, value in arguments.items() if name not in ("lock_id", "project_key")
    }


def _call_locks(arguments: Mapping[str, Any]) -> ToolCall:
    others = {name: value for name, value in arguments.items() if name != "holder"}
    return ToolCall(
        "GET", "/locks", {"limit": MAX_ITEMS, **others, "session_id": arguments.get("holder")}
    )


# Up to 50 of the 60 seconds that a call may wait: many clients give up on a tool after 60.
lock = Tool(
    "lock",
    "Claim resources before you change them: all or none. Not granted means do not touch: the error"
    " says who holds them, why and until when.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(LocksQuery, project_key=""),
        **pick_fields(
            ClaimSchema,
            resources="Paths or any names; dir/ is all below it",
            description="Why, for others",
            wait="Seconds to wait for it, up to 50",
            ttl_hours="Default 2",
            mode="",
            take_over_stale="Take it from a holder that fell silent",
        ),
        "lock_id": _lock_id("Renew"),
    },
    call=_call_lock,
)

unlock = Tool(
    "unlock",
    "Release your lock on a resource, or with release_all all of yours.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(ReleaseManySchema, project_key="", resource="", release_all=""),
        "lock_id": _lock_id("Release"),
    },
    call=_call_unlock,
)

locks = Tool(
    "locks",
    "Who holds what, why and until when.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(
            LocksQuery, project_key="", resource="Only what overlaps it", stale="", cursor=""
        ),
        "holder": pick_fields(LocksQuery, session_id="Only this session's")["session_id"],
    },
    call=_call_locks,
    read_only=True,
)
