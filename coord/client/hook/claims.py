"""Claiming for a session, and what it is told when another one holds the lock."""

from __future__ import annotations

from coord.client.hook.context import CALL_TIMEOUT_S, MAX_DETAIL
from coord.client.ids import checked_id
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
    """Another session's lock, as the 409 of a claim carries it. `is_limited`: a rate limit keeps
    its holder from going on."""

    __slots__ = (
        "acquired_at",
        "description",
        "expires_at",
        "id",
        "is_limited",
        "project",
        "resource",
        "session",
        "stale",
    )

    def __init__(self, fields: dict[str, Any], *, is_limited: bool = False) -> None:
        self.id = checked_id(fields.get("id"))
        self.is_limited = is_limited
        self.project = str(fields.get("project_key") or "")
        self.resource = str(fields.get("resource") or "")
        self.session = str(fields.get("session_id") or "")
        self.description = str(fields.get("description") or "")
        self.acquired_at = str(fields.get("acquired_at") or "")
        self.expires_at = str(fields.get("expires_at") or "")
        self.stale = bool(fields.get("stale"))


class GrantedLock:
    """`is_new`: the session did not hold it before. `claimed_at`: this time, by coord's clock."""

    __slots__ = ("claimed_at", "description", "id", "is_new", "resource")

    def __init__(self, fields: dict[str, Any]) -> None:
        self.id = checked_id(fields.get("id"))
        self.resource = str(fields.get("resource") or "")
        self.description = str(fields.get("description") or "")
        self.claimed_at = str(fields.get("last_activity_at") or "")
        self.is_new = fields.get("acquired_at") == fields.get("last_activity_at")


class ClaimResult:
    """`held`: the locks in the way; none when the claim was granted, or goes without. `granted`:
    the locks that the session has now."""

    __slots__ = ("granted", "held")

    def __init__(self) -> None:
        self.held: list[HeldLock] = []
        self.granted: list[GrantedLock] = []

    @property
    def new(self) -> list[str]:
        return [lock.id for lock in self.granted if lock.is_new and lock.id]


def claim(hook: HookContext, fields: dict[str, Any], wait: float = 0.0) -> ClaimResult:
    """Claims; what the session holds already keeps its TTL and description.

    While coord is away the claim is queued, and work goes on without.
    """
    result = ClaimResult()
    calls = hook.calls()
    body = {
        "session_id": hook.name,
        "description": hook.description(),
        "take_over_stale": True,
        "keep_terms": True,
        **fields,
    }
    answer = hook.write(calls, "POST", "/locks", body)
    if answer is not None and answer.status == 409 and wait and answer.error == "lock_held":
        answer = hook.write(
            calls, "POST", "/locks", {**body, "wait": wait}, timeout=wait + CALL_TIMEOUT_S
        )
    if answer is None:
        hook.memory.note_active()
        result.granted = [GrantedLock({"id": fields["id"]})] if "id" in fields else []
        return result
    if answer.ok:
        hook.memory.note_active()
        result.granted = [GrantedLock(lock) for lock in answer.rows() or [answer.fields]]
        return result
    if answer.error == "deadlock":
        hook.denial = f"coord: {one_line(answer.detail, MAX_DETAIL)}"
        return result
    result.held = _in_the_way(answer.fields)
    if not result.held:
        named = fields.get("resource") or ", ".join(fields.get("resources") or ())
        resource, detail = one_line(named, MAX_NAME), one_line(answer.detail, MAX_DETAIL)
        hook.context.append(
            f"coord did not take the claim of {resource}: {detail} You work without a lock."
        )
    return result


def _in_the_way(fields: dict[str, Any]) -> list[HeldLock]:
    first, conflicts = fields.get("lock"), fields.get("conflicts")
    listed = conflicts if isinstance(conflicts, list) else []
    is_limited = fields.get("holder_state") == "rate_limited"
    rows = [row for row in [first, *listed] if isinstance(row, dict)]
    locks: dict[str, HeldLock] = {}
    for row in rows:
        lock = HeldLock(row, is_limited=is_limited and row is first)
        locks.setdefault(lock.id, lock)
    return list(locks.values())


def is_parents(hook: HookContext, lock: HeldLock) -> bool:
    """Whether a subagent meets what its own session holds."""
    return hook.event.agent is not None and lock.session == hook.parent


def release(hook: HookContext, lock_ids: list[str], observed_at: str | None = None) -> None:
    """`observed_at`: what was claimed or renewed since stays held."""
    from coord.client.hook import tree_notes
    from coord.client.percent import query

    parameters = query(session_id=hook.name, observed_at=observed_at)
    for lock_id in lock_ids:
        tree_notes.forget(lock_id)
        hook.write(hook.calls(), "DELETE", f"/locks/{lock_id}{parameters}")


def described(lock: HeldLock) -> str:
    """Who holds it, where, why and until when, as a sentence."""
    from coord.client.banner import ONE_LINE, moment

    holder, resource = one_line(lock.session, MAX_NAME), one_line(lock.resource, MAX_NAME)
    why = f' ("{one_line(lock.description, ONE_LINE)}")' if lock.description else ""
    end = f"until {moment(lock.expires_at)}" if lock.expires_at else "without an end"
    where = f", in project {one_line(lock.project, MAX_NAME)}" if lock.project else ""
    limited = " A rate limit keeps its holder from going on." if lock.is_limited else ""
    since = moment(lock.acquired_at)
    return f"{resource} is held by {holder} since {since}, {end}{why}{where}.{limited}"


def deny(hook: HookContext, lock: HeldLock, action: str, means: str, wait: str) -> None:
    """Says who holds it, why, until when, and what to do instead.

    `wait`: the command that waits for it.
    """
    from coord.client.suggestions import command

    held = f"coord: {described(lock)}"
    if lock.session.startswith(f"{hook.parent}/"):
        hook.denial = DENIED_BY_SUBAGENT.format(held=held)
        return
    ask = command("send", lock.resource, "When are you done?", to=lock.session)
    hook.denial = DENIED.format(held=held, action=action, means=means, wait=wait, ask=ask)
