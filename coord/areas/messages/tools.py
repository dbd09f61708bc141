"""What agents do with messages over MCP."""

from collections.abc import Mapping
from typing import Any

from coord.area import CALLER_FIELDS, Tool, ToolCall, pick_fields, without
from coord.areas.messages.schemas import MessagesQuery, ReadManySchema, SendSchema

AT_ONCE = 20  # messages of a list: the agent's context takes all of them


def _send(sent: Mapping[str, Any]) -> ToolCall:
    return ToolCall("POST", "/messages", sent)


def _inbox(sent: Mapping[str, Any]) -> ToolCall:
    if sent.get("read") is not None:  # without ids the call would mark all, shown or not
        return ToolCall(
            "PUT", "/messages/read", {**without(sent, "read", "project_key"), "ids": sent["read"]}
        )
    return ToolCall(
        "GET",
        "/messages",
        {"unread_only": True, "limit": AT_ONCE, **sent, "to_session": sent["session_id"]},
    )


send = Tool(
    "send",
    "Send a message to a session, or without to_session to all.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(
            SendSchema,
            to_session="",
            project_key="",
            subject="",
            body="",
            reply_to="Message id",
            importance="",
            requires_ack="",
        ),
    },
    call=_send,
)

# Up to 50 of the 60 seconds that a call may wait: many clients give up on a tool after 60.
inbox = Tool(
    "inbox",
    "Your unread messages, oldest first. Then call it with read to mark those that you have read.",
    arguments={
        **CALLER_FIELDS,
        **pick_fields(
            MessagesQuery,
            project_key="",
            unread_only="Default true",
            thread_id="",
            wait="Seconds to wait for one, up to 50",
            cursor="",
        ),
        "read": pick_fields(ReadManySchema, ids="Message ids")["ids"],
        **pick_fields(ReadManySchema, ack="With read: acknowledge too"),
    },
    call=_inbox,
)
