"""What agents do with locks over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER_FIELDS, Tool, ToolCall, pick_fields
from coord.areas.locks.schemas import ClaimSchema, LocksQuery, ReleaseManySchema
from coord.errors import Invalid
from coord.web import Uuid

AT_ONCE = 20  # items of a list: the agent's context takes all of them


def _one(purpose: str) -> Uuid:
    return Uuid(metadata={"description": f"{purpose} this one instead"})


def _lock(sent: Mapping[str, Any]) -> ToolCall:
    if "lock_id" not in sent:
        if sent.get("resources") is None:
            raise Invalid({"resources": ["Needed: name what to lock, or with lock_id the lock to renew."]})
        return ToolCall("POST", "/locks", sent)
    return ToolCall("PATCH", f"/locks/{sent['lock_id']}", _without_its_names(sent))


def _unlock(sent: Mapping[str, Any]) -> ToolCall:
    if "lock_id" not in sent:
        return ToolCall("DELETE", "/locks", sent)
    return ToolCall("DELETE", f"/locks/{sent['lock_id']}", _without_its_names(sent))


def _without_its_names(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The id says which lock is meant, and so its project too."""
    return {name: value for name, value in sent.items() if name not in ("lock_id", "project_key")}


def _locks(sent: Mapping[str, Any]) -> ToolCall:
    others = {name: value for name, value in sent.items() if name != "holder"}
    return ToolCall("GET", "/locks", {"limit": AT_ONCE, **others, "session_id": sent.get("holder")})


# Up to 50 of the 60 seconds that a call may wait: many clients give up on a tool after 60.
lock = Tool(
    "lock",
    "Claim resources before you change them: all or none. Not granted means do not touch: the error says who holds them, why and until when.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(LocksQuery, project_key=""),
        **pick_fields(
            ClaimSchema,
            resources="Paths or any names; dir/ is all below it",
            description="Why, for others",
            wait="Seconds to stand in line, up to 50",
            ttl_hours="Default 2",
            mode="",
            take_over_stale="Take it from a holder that fell silent",
        ),
        "lock_id": _one("Renew"),
    },
    call=_lock,
)

unlock = Tool(
    "unlock",
    "Release your lock on a resource, or with release_all all of yours.",
    arguments={**CALLER_FIELDS, **pick_fields(ReleaseManySchema, project_key="", resource="", release_all=""), "lock_id": _one("Release")},
    call=_unlock,
)

locks = Tool(
    "locks",
    "Who holds what, why and until when.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(LocksQuery, project_key="", resource="Only what a claim of it would meet", stale="", cursor=""),
        "holder": pick_fields(LocksQuery, session_id="Only this session's")["session_id"],
    },
    call=_locks,
    read_only=True,
)
