"""What agents do about their session over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER_FIELDS, Tool, ToolCall, pick_fields
from coord.areas.sessions.schemas import CheckinBody
from coord.web import Boolean


def _checkin(sent: Mapping[str, Any]) -> ToolCall:
    if sent.get("leave"):
        return ToolCall("DELETE", "/sessions", {name: value for name, value in sent.items() if name not in ("leave", "project_key")})
    return ToolCall("POST", "/sessions/checkin", {name: value for name, value in sent.items() if name != "leave"})


checkin = Tool(
    "checkin",
    "Call at the start of a turn: your unread messages, locks and work items, and what others changed since. Renews your locks.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(
            CheckinBody,
            project_key="",
            task="What you are about to do, for others",
            after="cursor of your last checkin",
            ttl_minutes="Promise to call again within; else your locks turn stale",
        ),
        "leave": Boolean(metadata={"description": "You are done: release all, give work back"}),
    },
    call=_checkin,
)
