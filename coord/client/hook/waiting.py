"""A session that waits for its user, whose turn is over or whose limit is used up says so, for
those who look at the board or wait for what it holds.

What it asks stays on the machine, unless the user shares prompts. Where coord cannot be told it is
not: nothing waits for that, and nothing is queued, since it would be news of yesterday.
"""

from __future__ import annotations

from coord.client.others_text import one_line
from coord.client.wire import Away

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.hook.context import HookContext

PERMISSION, ANSWER, INPUT = "permission", "answer", "input"
IDLE, RATE_LIMITED = "idle", "rate_limited"
NOTIFICATIONS = {
    "permission_prompt": PERMISSION,
    "worker_permission_prompt": PERMISSION,
    "elicitation_dialog": ANSWER,
    "agent_needs_input": ANSWER,
    "idle_prompt": INPUT,
}
_QUESTIONS = ("AskUserQuestion", "ExitPlanMode")
_SUBJECTS = ("command", "file_path", "notebook_path", "url")
MAX_ASKED = 300  # characters of it, where the user shares them


def wait(hook: HookContext, kind: str, asked: str = "") -> None:
    """Once for each wait: of a dialog an event tells at once, and another one some seconds
    later."""
    memory = hook.parents_memory()
    if memory.waiting.get("for") == kind:
        return
    what = f"{kind}: {one_line(asked, MAX_ASKED)}" if asked and hook.shares_prompt else kind
    if _tell(hook, {"state": kind} if kind in (IDLE, RATE_LIMITED) else {"waiting_for": what}):
        memory.update(waiting={"for": kind, "by": hook.event.agent or ""})


def wait_for_permission(hook: HookContext) -> None:
    tool = hook.event.text("tool_name")
    tool_input = hook.event.tool_input
    if tool in _QUESTIONS:
        wait(hook, ANSWER, _question(tool_input))
        return
    subject = next((str(tool_input[name]) for name in _SUBJECTS if tool_input.get(name)), "")
    wait(hook, PERMISSION, f"{tool} {subject}".strip())


def _question(tool_input: dict[str, Any]) -> str:
    questions = tool_input.get("questions")
    first = questions[0] if isinstance(questions, list) and questions else None
    return str(first.get("question") or "") if isinstance(first, dict) else ""


def is_over(hook: HookContext) -> bool:
    """Whether a check-in has to say that the session is at work again. That a subagent no longer
    waits is said here: its check-ins are its own."""
    waiting = hook.parents_memory().waiting
    if not waiting or waiting.get("by") != (hook.event.agent or ""):
        return False
    if not hook.event.agent:
        return True
    if _tell(hook, {"waiting_for": None}):
        hook.parents_memory().forget_waiting()
    return False


def _tell(hook: HookContext, state_fields: dict[str, str | None]) -> bool:
    """Whether coord was reached. A service that is too old to know of it refuses, and is not asked
    again and again."""
    if hook.memory.is_away():
        return False
    calls = hook.calls(hook.parent)
    body = {
        "session_id": hook.parent,
        "project_key": hook.workspace.project,
        "agent": hook.dialect.agent,
        **state_fields,
    }
    try:
        calls.ask("POST", "/sessions/heartbeat", body)
    except Away:
        hook.note_slow(calls)
        return False
    return True
