"""What an area is: the contract between one kind of thing to coordinate and the rest of coord.

An area is a folder of its own: a blueprint with its schemas, repository and models. Whatever
crosses areas goes through the fields of `Area`; no area imports another, and the kernel imports
none. How they are found is in coord.plugins; how one is written is in docs/adding-an-area.md.

This is its face: whoever uses it imports from here.
"""

from coord.area.board import (
    MAX_BOARD_ITEMS,
    BoardList,
    BoardPart,
    PastItem,
    PastList,
    Span,
    Stretch,
)
from coord.area.contract import HOOKS, Area, Notice, SessionEnd
from coord.area.hooks import HookFailed, areas, call_hook, deliver, hand_over
from coord.area.parts import CheckinPart, Gauge, Scope, StatusPart
from coord.area.tools import CALLER_FIELDS, Tool, ToolCall, pick_fields, without

__all__ = [
    "CALLER_FIELDS",
    "HOOKS",
    "MAX_BOARD_ITEMS",
    "Area",
    "BoardList",
    "BoardPart",
    "CheckinPart",
    "Gauge",
    "HookFailed",
    "Notice",
    "PastItem",
    "PastList",
    "Scope",
    "SessionEnd",
    "Span",
    "StatusPart",
    "Stretch",
    "Tool",
    "ToolCall",
    "areas",
    "call_hook",
    "deliver",
    "hand_over",
    "pick_fields",
    "without",
]
