"""What is done at each event."""

from __future__ import annotations

from coord.client.hook.context import ACTIVITY_S, HookContext
from coord.client.hook.event import HookEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EDITS = ("Edit", "Write", "MultiEdit", "NotebookEdit")


def handle(fields: dict[str, Any]) -> None:
    event = HookEvent(fields)
    handler = HANDLERS.get(event.kind)
    if handler is None or not event.session_id:
        return
    hook = HookContext(event)
    if hook.config_error:
        if event.kind == "SessionStart":
            hook.context.append(hook.config_error)
    elif hook.place.is_trusted:
        handler(hook)
    else:
        hook.warn_untrusted()
    hook.answer()


def session_start(hook: HookContext) -> None:
    from coord.client.hook.start import start_session

    start_session(hook)


def user_prompt_submit(hook: HookContext) -> None:
    from coord.client.hook import messages
    from coord.client.hook.claims import release

    prompt = hook.event.text("prompt")
    if not prompt.startswith(
        "<"
    ):  # Claude Code itself reports so that a task in the background has ended
        hook.memory.update(prompt=prompt if hook.shares_prompt else "")
    release(
        hook, hook.memory.take_all_command_locks()
    )  # after an interrupt no event reports the command's end
    if hook.memory.was_active_within(ACTIVITY_S):
        messages.show_new(hook)
    else:
        messages.check_in(hook)


def pre_tool_use(hook: HookContext) -> None:
    tool, tool_input = hook.event.text("tool_name"), hook.event.tool_input
    if tool in EDITS:
        path = tool_input.get("file_path") or tool_input.get("notebook_path")
        if isinstance(path, str) and path:
            from coord.client.hook.edits import claim_file

            claim_file(hook, path)
    elif tool == "Bash" and isinstance(tool_input.get("command"), str):
        from coord.client.hook.shell import claim_for_line

        claim_for_line(
            hook, tool_input["command"], background=bool(tool_input.get("run_in_background"))
        )


def post_tool_use(hook: HookContext) -> None:
    if hook.event.text("tool_name") == "Bash":
        lock_ids = hook.memory.take_command_locks(hook.event.text("tool_use_id"))
        if lock_ids:
            from coord.client.hook.claims import release

            release(hook, lock_ids)
    if not hook.memory.was_active_within(ACTIVITY_S) and not hook.memory.is_away():
        from coord.client.hook import messages

        messages.check_in(hook)


def subagent_stop(hook: HookContext) -> None:
    if hook.event.agent and hook.memory.exists:
        hook.end_session(hook.name)


def session_end(hook: HookContext) -> None:
    for name in [*hook.memory.subagents(), hook.name]:
        hook.end_session(name)


HANDLERS = {
    "SessionStart": session_start,
    "UserPromptSubmit": user_prompt_submit,
    "PreToolUse": pre_tool_use,
    "PostToolUse": post_tool_use,
    "PostToolUseFailure": post_tool_use,
    "SubagentStop": subagent_stop,
    "SessionEnd": session_end,
}
