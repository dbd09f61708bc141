"""Showing a session its unread messages, and the sign of life that goes with it."""

from __future__ import annotations

from coord.client import banner
from coord.client.locked import Busy
from coord.client.others_text import NOTICE
from coord.client.percent import query
from coord.client.wire import Away

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from coord.client.answer import Answer
    from coord.client.calls import Calls
    from coord.client.hook.context import HookContext

MAX_MESSAGES = 20  # that are asked for: no more fit into a banner
BANNER_BYTES = 4000  # what a start may cost the session in tokens: about a thousand


def banner_bytes(hook: HookContext) -> int:
    return int(hook.number("banner_bytes", BANNER_BYTES))


def _replay(calls: Calls) -> None:
    """Sends what waits, where that can be read now. Raises Away where that has just been found out:
    a call after it would cost its time once more.
    """
    try:
        calls.replay()
    except (OSError, Busy):
        return  # the next start says so, and calls wait behind it
    calls.check_reached()


def show_new(hook: HookContext) -> None:
    """New messages, by a call that costs half of a check-in."""
    calls = hook.calls()
    try:
        _replay(calls)
        parameters = query(
            to_session=hook.name,
            unread_only=True,
            project_key=hook.workspace.project,
            limit=MAX_MESSAGES,
        )
        answer = calls.read(f"/messages{parameters}")
    except Away as away:
        hook.report_away(away, calls)
        return
    if hook.is_shut_out(answer):
        return
    hook.note_reachable()
    more = 1 if answer.fields.get("next_cursor") else 0
    _show(hook, calls, answer.rows(), more)


def check_in(hook: HookContext) -> None:
    """New messages, and a sign of life that renews what the session holds."""
    calls = hook.calls()
    try:
        _replay(calls)
        answer = ask_checkin(hook, calls, banner_bytes(hook) // 2, {"state": "working"})
    except Away as away:
        hook.report_away(away, calls)
        return
    hook.memory.note_active()
    hook.memory.forget_waiting()  # a check-in ends it
    if hook.is_shut_out(answer):
        return
    hook.note_reachable()
    rows = answer.rows("messages")
    if hook.event.agent:  # broadcasts are for its session, which has them already
        rows = [row for row in rows if row.get("to_session") == hook.name]
    _show(hook, calls, rows, left_out(answer.fields))


def ask_checkin(
    hook: HookContext, calls: Calls, room: int, state_fields: dict[str, str] | None = None
) -> Answer:
    """`state_fields`: what the session says of itself, which an older service does not know and
    refuses. Raises Away."""
    body = checkin_body(hook, room)
    answer = calls.ask("POST", "/sessions/checkin", {**body, **(state_fields or {})})
    if state_fields and answer.status == 422:
        answer = calls.ask("POST", "/sessions/checkin", body)
    return answer


def checkin_body(hook: HookContext, room: int) -> dict[str, Any]:
    body = {
        "session_id": hook.name,
        "project_key": hook.workspace.project,
        "agent": hook.dialect.agent,
        "max_bytes": max(1000, room),
    }
    prompt = hook.memory.prompt
    return {**body, "task": prompt[:200]} if prompt and hook.shares_prompt else body


def left_out(checkin: dict[str, Any]) -> int:
    """How many messages a check-in had no room for."""
    counts = checkin.get("left_out")
    count = counts.get("messages") if isinstance(counts, dict) else 0
    return count if isinstance(count, int) else 0


def _show(hook: HookContext, calls: Calls, rows: Sequence[banner.Row], more: int) -> None:
    text, ids = message_section(rows, more, banner_bytes(hook) // 2)
    if text:
        hook.context.append(text.rstrip("\n"))
    answer_then_mark(hook, calls, ids)


def message_section(rows: Sequence[banner.Row], more: int, room: int) -> tuple[str, list[str]]:
    """The banner of unread messages, and the ids of those that are in it.

    `more`: how many there are beside the rows.
    """
    entries = [banner.message(row, limit=banner.MAX_BODY_BYTES) for row in rows]
    text, shown = banner.section("unread", entries, room - len(NOTICE) - 1, more)
    if shown:
        text = f"{NOTICE}\n{text}"
    if text and shown < len(rows) + more:
        text += "Read the rest with: coord inbox\n"
    return text, [row["id"] for row in rows[:shown]]


def answer_then_mark(hook: HookContext, calls: Calls, ids: list[str]) -> None:
    """What was shown is marked as read; not before it was shown, and not where the agent does not
    read it."""
    if not ids or not hook.shows_context:
        return
    hook.answer()
    hook.write(calls, "PUT", "/messages/read", {"session_id": hook.name, "ids": ids})
    hook.context = []
