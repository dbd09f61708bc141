"""The event that Claude Code hands to a hook."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

has_answered = False  # the one answer to the event has been written


def note_answer() -> None:
    global has_answered  # noqa: PLW0603 (a hook is a process, and answers one event)
    has_answered = True


class HookEvent:
    """An event as it came, its fields by what they are.

    `agent`: the subagent's id; None outside of subagents.
    """

    __slots__ = ("_fields", "agent", "kind", "session_id")

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        self.kind = self.text("hook_event_name")
        self.session_id = self.text("session_id")
        self.agent = self.text("agent_id") or None

    def text(self, name: str) -> str:
        return str(self._fields.get(name) or "")

    @property
    def tool_input(self) -> dict[str, Any]:
        value = self._fields.get("tool_input")
        return value if isinstance(value, dict) else {}
