"""The start of a session: what waits is sent, and the session is shown where it stands."""

from __future__ import annotations

from coord.client import banner
from coord.client.hook.messages import (
    answer_then_mark,
    ask_checkin,
    banner_bytes,
    left_out,
    message_section,
)
from coord.client.hook.waiting import IDLE
from coord.client.locked import Busy
from coord.client.others_text import one_line, printable
from coord.client.percent import query
from coord.client.wire import Away

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.calls import Calls
    from coord.client.hook.context import HookContext

REPLAY_S = 4.0  # for what waits
MAX_REJECTED = 400  # characters of a refused call
MAX_LOCKS = 20  # that are asked for: no more fit into a banner


def start_session(hook: HookContext) -> None:
    source = hook.event.text("source")
    _open(hook)
    calls = hook.calls(always=True)
    calls.timeouts.replay = REPLAY_S
    room = banner_bytes(hook)
    _forget_old(hook)
    project = one_line(hook.workspace.project)
    hook.context.append(f"=== coord: you are {one_line(hook.name)} in project {project} ===")
    if hook.workspace.disobeyed:
        hook.context.append(printable(hook.workspace.disobeyed))
    try:
        rejected = _replay(hook, calls)
        answer = ask_checkin(hook, calls, room, {"state": "idle"} if source == "clear" else None)
    except Away as away:
        hook.report_away(away, calls)
        return
    if hook.is_shut_out(answer):
        return
    hook.note_reachable()
    hook.memory.note_active()
    # whatever an earlier run waited for; the first prompt then says that it works
    hook.memory.update(waiting=None if source == "compact" else {"for": IDLE, "by": ""})
    rejections, _ = banner.section("of your queued calls were refused", rejected, room // 4)
    messages, ids = message_section(answer.rows("messages"), left_out(answer.fields), room // 2)
    work = (f"- {banner.item(row)}" for row in answer.rows("work_items"))
    items, _ = banner.section("in progress by you", work, room // 4)
    parts = [rejections, messages, _held_by_others(hook, calls, room // 4), items]
    hook.context += [part.rstrip("\n") for part in parts if part]
    hook.context.append(
        "What you edit is claimed for you, and released at the end of the session. `coord --help`"
        " does the rest."
    )
    answer_then_mark(hook, calls, ids)


def _open(hook: HookContext) -> None:
    """Notes where the session is open; after `/clear` it goes on under its old name."""
    from coord.client import kept_names
    from coord.client.hook import terminals
    from coord.client.hook.memory import SessionMemory

    source = hook.event.text("source")
    if source == "clear" and kept_names.take(
        hook.event.session_id, terminals.agent_process(), hook.workspace.root
    ):
        hook.take_names()
        hook.memory = SessionMemory(hook.workspace, hook.name)
    elif source != "compact":
        terminals.open_one(hook.memory)


def _forget_old(hook: HookContext) -> None:
    from coord.client import checkouts, kept_names, spellings
    from coord.client.hook import tree_notes

    hook.memory.forget_old()
    for module in (checkouts, kept_names, spellings, tree_notes):
        module.forget_old()


def _replay(hook: HookContext, calls: Calls) -> list[str]:
    """Sends what waits; what of it was refused. Raises Away."""
    try:
        hook.context += [
            f"coord does not send what shell clients queued: {printable(problem)}."
            for problem in calls.queue.problems()
        ]
        _send_waiting(hook, calls)
        return [_describe(call) for call in calls.queue.take_unreported()]
    except (OSError, Busy) as error:
        why = printable(str(error))
        hook.context.append(f"coord: what was queued on this machine cannot be sent now: {why}.")
        return []


def _send_waiting(hook: HookContext, calls: Calls) -> None:
    if calls.nothing_waits():
        return
    result = calls.replay()
    if result.sent:
        waiting = f", {result.waiting} still wait" if result.waiting else ""
        hook.context.append(f"coord is back: {result.sent} queued calls were sent{waiting}.")
    calls.check_reached()


def _held_by_others(hook: HookContext, calls: Calls, room: int) -> str:
    try:
        answer = calls.read(f"/locks{query(project_key=hook.workspace.project, limit=MAX_LOCKS)}")
    except Away:
        return ""
    others = [
        row for row in answer.rows() if not f"{row.get('session_id')}/".startswith(f"{hook.name}/")
    ]
    locks = (f"- {banner.lock(row)}" for row in others)
    text, shown = banner.section("held by others", locks, room)
    if answer.fields.get("next_cursor") or shown < len(others):
        text += "All of them: coord locks\n"
    return text


def _describe(rejected: dict[str, Any]) -> str:
    """A refused call and coord's answer, on a line."""
    answer = rejected.get("answer")
    detail = answer.get("detail") if isinstance(answer, dict) else answer
    return one_line(
        f"{rejected.get('method', 'line')} {rejected.get('path', '')}: {detail}", MAX_REJECTED
    )
