"""What agents do about their session over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER_FIELDS, Tool, ToolCall, pick_fields, without
from coord.areas.sessions.schemas import CheckinBody, ReportedState
from coord.web import Boolean


def _checkin(sent: Mapping[str, Any]) -> ToolCall:
    if sent.get("leave"):
        return ToolCall("DELETE", "/sessions", without(sent, "leave", "project_key"))
    return ToolCall("POST", "/sessions/checkin", without(sent, "leave"))


checkin = Tool(
    "checkin",
    "Call at the start of a turn: your unread messages, locks and work items, and what others"
    " changed since. Renews your locks.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(
            CheckinBody,
            project_key="",
            task="What you are about to do, for others",
            waiting_for="What you need of your user; others see it. Left out: nothing",
            handover="What your successor must know",
            after="cursor of your last checkin",
            ttl_minutes="Promise to call again within; else your locks turn stale",
        ),
        "state": ReportedState(),
        "leave": Boolean(metadata={"description": "You are done: release all, give work back"}),
    },
    call=_checkin,
)
