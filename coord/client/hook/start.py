"""The start of a session: what waits is sent, and the session is shown where it stands."""

from __future__ import annotations

from coord.client import banner
from coord.client.hook.messages import (
    answer_then_mark,
    banner_bytes,
    checkin_body,
    left_out,
    message_section,
)
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
    calls = hook.calls(always=True)
    calls.timeouts.replay = REPLAY_S
    room = banner_bytes(hook)
    hook.memory.forget_old()
    hook.context.append(f"=== coord: you are {hook.name} in project {hook.place.project} ===")
    if hook.place.ignored_file:
        owner = "it belongs to another user. Set COORD_URL and COORD_PROJECT, or make it your own"
        hook.context.append(f"coord does not obey {printable(hook.place.ignored_file)}: {owner}.")
    hook.context += [
        f"coord does not send what shell clients queued: {printable(problem)}."
        for problem in calls.queue.problems()
    ]
    rejected: list[str] = []
    try:
        _replay(hook, calls)
        rejected = [_describe(call) for call in calls.queue.take_unreported()]
        answer = calls.ask("POST", "/sessions/checkin", checkin_body(hook, room))
    except Away as away:
        hook.report_away(away, calls)
        return
    if hook.is_shut_out(answer):
        return
    hook.note_reachable()
    hook.memory.note_active()
    rejections, _ = banner.section("of your queued calls were refused", rejected, room // 4)
    messages, ids = message_section(
        answer.fields.get("messages") or [], left_out(answer.fields), room // 2
    )
    items, _ = banner.section(
        "in progress by you", map(banner.item, answer.fields.get("work_items") or []), room // 4
    )
    parts = [rejections, messages, _held_by_others(hook, calls, room // 4), items]
    hook.context += [part.rstrip("\n") for part in parts if part]
    hook.context.append(
        "What you edit is claimed for you, and released at the end of the session. `coord --help`"
        " does the rest."
    )
    answer_then_mark(hook, calls, ids)


def _replay(hook: HookContext, calls: Calls) -> None:
    """Sends what waits. Raises Away."""
    if calls.nothing_waits():
        return
    result = calls.replay()
    if result.sent:
        waiting = f", {result.waiting} still wait" if result.waiting else ""
        hook.context.append(f"coord is back: {result.sent} queued calls were sent{waiting}.")
    if calls.away is not None:
        raise calls.away


def _held_by_others(hook: HookContext, calls: Calls, room: int) -> str:
    try:
        answer = calls.read(f"/locks{query(project_key=hook.place.project, limit=MAX_LOCKS)}")
    except Away:
        return ""
    own = (hook.name, f"{hook.name}/")
    rows = answer.fields.get("items") or []
    others = [
        row
        for row in rows
        if row["session_id"] != own[0] and not row["session_id"].startswith(own[1])
    ]
    text, shown = banner.section("held by others", map(banner.lock, others), room)
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
