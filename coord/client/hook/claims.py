"""Claiming for a session, and what it is told when another one holds the lock."""

from __future__ import annotations

from coord.client.hook.context import CALL_TIMEOUT_S, MAX_DETAIL
from coord.client.others_text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.hook.context import HookContext

MAX_NAME = 200  # characters of a name that somebody else chose

DENIED = """{held}
So do not {action} now, and not by other means either{means}. Instead: go on with something else; or wait for it: {wait}; or ask: {ask}"""  # noqa: E501 (as it is shown)
DENIED_BY_SUBAGENT = """{held}
That is a subagent of yours: wait until it has finished, or tell it to leave this to you."""


class HeldLock:
    """Another session's lock, as the 409 of a claim carries it."""

    __slots__ = ("acquired_at", "description", "expires_at", "id", "resource", "session")

    def __init__(self, fields: dict[str, Any]) -> None:
        self.id = str(fields.get("id") or "")
        self.resource = str(fields.get("resource") or "")
        self.session = str(fields.get("session_id") or "")
        self.description = str(fields.get("description") or "")
        self.acquired_at = str(fields.get("acquired_at") or "")
        self.expires_at = str(fields.get("expires_at") or "")


def claim(hook: HookContext, fields: dict[str, Any], wait: float = 0.0) -> HeldLock | None:
    """Claims; the lock in the way when another session has it.

    While coord is away the claim is queued, and work goes on without.
    """
    calls = hook.calls()
    body = {
        "session_id": hook.name,
        "description": hook.description(),
        "take_over_stale": True,
        **fields,
    }
    answer = hook.write(calls, "POST", "/locks", body)
    if answer is not None and answer.status == 409 and wait and answer.error == "lock_held":
        answer = hook.write(
            calls, "POST", "/locks", {**body, "wait": wait}, timeout=wait + CALL_TIMEOUT_S
        )
    if answer is None or answer.ok:
        hook.memory.note_active()
        return None
    if answer.error == "deadlock":
        hook.denial = f"coord: {one_line(answer.detail, MAX_DETAIL)}"
        return None
    lock = answer.fields.get("lock")
    if isinstance(lock, dict):
        return HeldLock(lock)
    resource, detail = one_line(fields["resource"], MAX_NAME), one_line(answer.detail, MAX_DETAIL)
    hook.context.append(
        f"coord did not take the claim of {resource}: {detail} You work without a lock."
    )
    return None


def is_parents(hook: HookContext, lock: HeldLock) -> bool:
    """Whether a subagent meets what its own session holds."""
    return hook.event.agent is not None and lock.session == hook.parent


def release(hook: HookContext, lock_ids: list[str]) -> None:
    from coord.client.percent import query

    for lock_id in lock_ids:
        hook.write(hook.calls(), "DELETE", f"/locks/{lock_id}{query(session_id=hook.name)}")


def deny(hook: HookContext, lock: HeldLock, action: str, means: str, wanted: str) -> None:
    """Says who holds it, why, until when, and what to do instead.

    `wanted`: what `coord lock` is to be given.
    """
    from coord.client.banner import ONE_LINE, moment
    from coord.client.suggestions import command

    holder, resource = one_line(lock.session, MAX_NAME), one_line(lock.resource, MAX_NAME)
    why = f' ("{one_line(lock.description, ONE_LINE)}")' if lock.description else ""
    end = f"until {moment(lock.expires_at)}" if lock.expires_at else "without an end"
    held = f"coord: {resource} is held by {holder} since {moment(lock.acquired_at)}, {end}{why}."
    if lock.session.startswith(f"{hook.parent}/"):
        hook.denial = DENIED_BY_SUBAGENT.format(held=held)
        return
    wait = command("lock", wanted, wait=60)
    ask = command("send", lock.resource, "When are you done?", to=lock.session)
    hook.denial = DENIED.format(held=held, action=action, means=means, wait=wait, ask=ask)
