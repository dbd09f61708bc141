"""How an agent speaks at its hooks: what it calls its events and tools, and how it is answered.

coord's hooks stand in Claude Code's settings, which other agents read as well. What one of them
does not read is not shown to it, so nothing is marked as read for it. Looked at in Copilot CLI
1.0.102, Codex 0.171.0, Gemini CLI 0.61.0, Qwen Code 0.24.4, Droid 0.225.2 and Kimi Code 2.1.0.
"""

from __future__ import annotations

from coord.client.lean import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NESTED, TOP_LEVEL, DECISION, PLAIN = range(4)  # where an agent looks for what it is shown
_PATHS = ("file_path", "notebook_path", "path", "filePath", "absolute_path")
_STRANGE = frozenset(
    ("sessionId", "toolName", "conversation_id", "cursor_version", "trajectory_id", "tool_call")
)


class Dialect:
    """`agent`: what it is called. `prefix`: how its sessions' names begin. `shows`: the events at
    which it reads what it is to be shown; None: all. `tools`, `events`: its names for Claude's."""

    __slots__ = ("agent", "events", "prefix", "shows", "style", "tools")

    def __init__(
        self,
        agent: str,
        prefix: str,
        *,
        shows: tuple[str, ...] | None,
        style: int = NESTED,
        tools: Mapping[str, str] | None = None,
        events: Mapping[str, str] | None = None,
    ) -> None:
        self.agent = agent
        self.prefix = prefix
        self.shows = shows
        self.style = style
        self.tools = tools or {}
        self.events = events or {}

    def shows_at(self, event: str) -> bool:
        return self.shows is None or event in self.shows


_FAMILY = {"write_file": "Write", "edit": "Edit", "replace": "Edit", "run_shell_command": "Bash"}
_PROMPTED = ("SessionStart", "UserPromptSubmit", "PostToolUse")

CLAUDE = Dialect("Claude Code", "claude", shows=None)
COPILOT = Dialect("Copilot CLI", "copilot", shows=(*_PROMPTED, "PreToolUse"), style=TOP_LEVEL)
CODEX = Dialect("Codex", "codex", shows=_PROMPTED, tools={"apply_patch": "Edit"})
GEMINI = Dialect(
    "Gemini CLI",
    "gemini",
    shows=_PROMPTED,
    style=DECISION,
    tools=_FAMILY,
    events={
        "BeforeTool": "PreToolUse",
        "AfterTool": "PostToolUse",
        "BeforeAgent": "UserPromptSubmit",
    },
)
QWEN = Dialect("Qwen Code", "qwen", shows=_PROMPTED, tools={**_FAMILY, "notebook_edit": "Edit"})
DROID = Dialect(
    "Droid",
    "droid",
    shows=("SessionStart", "PostToolUse"),
    tools={"Create": "Write", "ApplyPatch": "Edit", "Execute": "Bash"},
)
KIMI = Dialect(
    "Kimi Code", "kimi", shows=("UserPromptSubmit",), style=PLAIN, tools={"Shell": "Bash"}
)
UNKNOWN = Dialect("an agent", "agent", shows=())


def dialect_of(fields: dict[str, Any], environ: Mapping[str, str]) -> Dialect:
    """By what only that agent sends, or puts into the environment of its hooks. An agent that is
    run by another inherits the other's variables, but not its session."""
    own = str(fields.get("session_id") or "no session")
    transcript = str(fields.get("transcript_path")).replace("\\", "/")
    evidence = (
        (CLAUDE, own == environ.get("CLAUDE_CODE_SESSION_ID")),
        (COPILOT, environ.get("COPILOT_CLI")),
        (CODEX, "turn_id" in fields or "/.codex/" in transcript),
        (GEMINI, str(fields.get("hook_event_name")) in GEMINI.events),
        (GEMINI, own == environ.get("GEMINI_SESSION_ID")),
        (QWEN, own == environ.get("QWEN_CODE_SESSION_ID")),
        (KIMI, fields.get("client_type") == "kimi_code_cli"),
        (DROID, environ.get("DROID_PROJECT_DIR")),
        (UNKNOWN, not _STRANGE.isdisjoint(fields)),
        (UNKNOWN, not isinstance(fields.get("tool_input", {}), dict)),
    )
    return next((dialect for dialect, is_it in evidence if is_it), CLAUDE)


def translate(fields: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """The event as Claude Code would send it; `tool_input` then has all `paths` that are
    edited."""
    if dialect is CLAUDE:
        return fields
    name, tool = str(fields.get("hook_event_name")), str(fields.get("tool_name"))
    return {
        **fields,
        "hook_event_name": dialect.events.get(name, name),
        "tool_name": dialect.tools.get(tool, tool),
        "tool_input": _tool_input(fields.get("tool_input")),
    }


def _tool_input(value: object) -> dict[str, Any]:
    from coord.client.shell.patches import edited

    if isinstance(value, str):
        return {"paths": edited(value)}
    if not isinstance(value, dict):
        return {}
    paths = [value[name] for name in _PATHS if isinstance(value.get(name), str)]
    for name in ("command", "input", "patch", "patchText"):
        text = value.get(name)
        if isinstance(text, str) and text.lstrip().startswith("*** Begin Patch"):
            paths += edited(text)
    return {**value, "paths": paths}


def answer(dialect: Dialect, event: str, denial: str, text: str, message: str) -> str:
    """What the hook prints; empty for nothing. `text`: what the session is shown, `message`: what
    the person is."""
    if not (denial or text or message):
        return ""
    own = next((name for name, ours in dialect.events.items() if ours == event), event)
    nested: dict[str, object] = {}
    output: dict[str, object] = {}
    if denial and dialect.style == DECISION:
        output |= {"decision": "deny", "reason": denial}
    elif denial:
        nested |= {"permissionDecision": "deny", "permissionDecisionReason": denial}
    if text and dialect.style == PLAIN and not denial:
        return text + "\n"
    if text and dialect.style == TOP_LEVEL:
        output["additionalContext"] = text
    elif text:
        nested["additionalContext"] = text
    if nested:
        output["hookSpecificOutput"] = {"hookEventName": own, **nested}
    if message and dialect is CLAUDE:
        output["systemMessage"] = message
    return dumps(output, ascii_only=True) if output else ""
