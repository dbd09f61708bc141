"""What is done at each event."""

from __future__ import annotations

import os

from coord.client.hook.context import ACTIVITY_S, HookContext
from coord.client.hook.dialects import dialect_of, translate
from coord.client.hook.event import HookEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def handle(fields: dict[str, Any]) -> None:
    dialect = dialect_of(fields, os.environ)
    event = HookEvent(translate(fields, dialect))
    handler = HANDLERS.get(event.kind)
    if handler is None or not event.session_id:
        return
    hook = HookContext(event, dialect)
    if hook.config_error:
        if event.kind == "SessionStart":
            hook.context.append(hook.config_error)
    elif hook.workspace.is_trusted:
        handler(hook)
    else:
        hook.warn_untrusted()
    hook.answer()


def session_start(hook: HookContext) -> None:
    from coord.client.hook.start import start_session

    start_session(hook)


def user_prompt_submit(hook: HookContext) -> None:
    from coord.client.hook import messages

    prompt = hook.event.text("prompt")
    # Claude Code itself reports so that a task in the background has ended
    if not prompt.startswith("<"):
        hook.memory.update(prompt=prompt if hook.shares_prompt else "")
    give_all_back(hook)
    if hook.memory.was_active_within(ACTIVITY_S) and not hook.memory.waiting:
        messages.show_new(hook)
    else:
        messages.check_in(hook)


def pre_tool_use(hook: HookContext) -> None:
    from coord.client.hook.tool_call import tool_call

    call = tool_call(hook.event, hook.config)
    if call.edits:
        from coord.client.hook.edits import claim_files

        claim_files(hook, call.edits)
    elif call.command is not None:
        from coord.client.hook.shell import claim_for_command

        claim_for_command(hook, call)


def post_tool_use(hook: HookContext) -> None:
    from coord.client.hook import pending_edits

    pending_edits.forget(hook)
    give_back(hook)
    _check_in_at_times(hook)


def tool_failed(hook: HookContext) -> None:
    give_back(hook)
    _check_in_at_times(hook)


def _check_in_at_times(hook: HookContext) -> None:
    from coord.client.hook import waiting

    if hook.memory.is_away():
        return
    if waiting.is_over(hook) or not hook.memory.was_active_within(ACTIVITY_S):
        from coord.client.hook import messages

        messages.check_in(hook)


def give_back(hook: HookContext) -> None:
    """What a tool needed that has ended, or was not allowed."""
    from coord.client.hook import pending_edits

    pending_edits.give_back(hook)
    lock_ids = hook.memory.take_command_locks(hook.event.text("tool_use_id"))
    if lock_ids:
        from coord.client.hook.claims import release

        release(hook, lock_ids)


def give_all_back(hook: HookContext) -> None:
    """The session does nothing now: what its tools needed is given back, also where no event
    reports their end, as after a permission that was refused."""
    from coord.client.hook import pending_edits
    from coord.client.hook.terminals import is_open_elsewhere

    pending_edits.give_all_back(hook)
    if is_open_elsewhere(hook.memory):
        return
    lock_ids = hook.memory.take_all_command_locks()
    if lock_ids:
        from coord.client.hook.claims import release

        release(hook, lock_ids)


def permission_request(hook: HookContext) -> None:
    from coord.client.hook import waiting

    waiting.wait_for_permission(hook)


def notification(hook: HookContext) -> None:
    from coord.client.hook import waiting

    kind = waiting.NOTIFICATIONS.get(hook.event.text("notification_type"))
    if kind == waiting.INPUT:
        give_all_back(hook)
    if kind is not None:
        waiting.wait(hook, kind, hook.event.text("message"))


def stop(hook: HookContext) -> None:
    from coord.client.hook import waiting

    give_all_back(hook)
    waiting.wait(hook, waiting.IDLE)


def stop_failure(hook: HookContext) -> None:
    """The turn is over because of an error of the model's API."""
    from coord.client.hook import waiting

    give_all_back(hook)
    limited = hook.event.text("error") == "rate_limit"
    waiting.wait(hook, waiting.RATE_LIMITED if limited else waiting.IDLE)


def subagent_stop(hook: HookContext) -> None:
    if not hook.event.agent:
        return
    from coord.client.hook import waiting

    waiting.is_over(hook)
    if hook.memory.exists:
        hook.end_session(hook.name)


def session_end(hook: HookContext) -> None:
    from coord.client import kept_names
    from coord.client.hook.terminals import agent_process, close_one

    if hook.event.text("reason") == "clear" and len(hook.memory.terminals) < 2:
        give_all_back(hook)
        kept_names.hand_on(hook.name, agent_process(), hook.workspace.root)
        return
    if close_one(hook.memory):
        return  # the session is open in another terminal, too
    for name in [*hook.memory.subagents(), hook.name]:
        hook.end_session(name)
    kept_names.forget(hook.event.session_id)


HANDLERS = {
    "SessionStart": session_start,
    "UserPromptSubmit": user_prompt_submit,
    "PreToolUse": pre_tool_use,
    "PostToolUse": post_tool_use,
    "PostToolUseFailure": tool_failed,
    "PermissionDenied": give_back,
    "PermissionRequest": permission_request,
    "Stop": stop,
    "StopFailure": stop_failure,
    "Notification": notification,
    "SubagentStop": subagent_stop,
    "SessionEnd": session_end,
}
