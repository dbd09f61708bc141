"""Why a lock cannot be claimed, renewed or released."""

import math
from datetime import datetime

from coord import errors
from coord.areas.locks.rows import CycleStep, LockAnswer, LockRow, WaiterAnswer, waiter_answers
from coord.areas.locks.schemas import LockSchema, WaiterSchema
from coord.areas.locks.terms import Blocked
from coord.errors import CoordError
from coord.web import iso, one_line

_lock = LockSchema()
_waiter = WaiterSchema()
_HOW_LOST = {"stale": "taken over or released as stale", "forced": "released by force"}
_LIMITED = " A rate limit keeps its holder from going on."
MAX_WHY = 200  # characters of a holder's reason that the sentence repeats
MAX_SHOWN = 50  # locks and waiters of an error, in which there is no room for half as many


class LockHeld(CoordError):
    """Another session holds this resource, or something that overlaps it, or waits for it and
    came first: wait, work on something else, or ask its holder."""

    status, code = 409, "lock_held"

    def __init__(self, blocked: Blocked, state_of_holder: str | None = None) -> None:
        conflicts, ahead = blocked.conflicts, waiter_answers(blocked.ahead)
        causes = conflicts or blocked.awaited
        numbers = {"conflicts": len(conflicts), "ahead": len(ahead)}
        left_out = {name: n - MAX_SHOWN for name, n in numbers.items() if n > MAX_SHOWN}
        super().__init__(
            _who_holds(conflicts, ahead, state_of_holder) if conflicts else _who_is_next(ahead),
            headers={"Retry-After": str(_seconds_until_free(causes, blocked.now))},
            lock=_lock.dump(causes[0]) if causes else None,
            holder_state=state_of_holder,
            conflicts=_lock.dump(conflicts[:MAX_SHOWN], many=True),
            position=len(ahead) + 1,
            ahead=_waiter.dump(ahead[:MAX_SHOWN], many=True),
            **({"left_out": left_out} if left_out else {}),
        )


def _who_holds(conflicts: list[LockRow], ahead: list[WaiterAnswer], state: str | None) -> str:
    first = conflicts[0]
    more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
    why = f" ({one_line(first['description'], MAX_WHY)})" if first["description"] else ""
    others = f" {len(ahead)} wait for it before you." if ahead else ""
    advice = "Wait, work on something else, or ask its holder."
    if all(lock["stale"] for lock in conflicts):
        advice = "It is stale: claim it with take_over_stale set to true if its holder is gone."
    return (
        f"'{first['resource']}' is held by '{first['session_id']}'{why}"
        f" {_until(first)}{more}.{_LIMITED if state == 'rate_limited' else ''}{others} {advice}"
    )


def _who_is_next(ahead: list[WaiterAnswer]) -> str:
    first = ahead[0]
    others = f" and {len(ahead) - 1} more" if len(ahead) > 1 else ""
    return (
        f"Nobody holds it, but '{first['session_id']}'{others} came first and waits for"
        f" '{first['resources'][0]}'. Claim it with wait to be next, or work on something else."
    )


class Deadlock(CoordError):
    """Waiting would close a circle of sessions that wait for each other: release what you hold,
    or do without."""

    status, code = 409, "deadlock"

    def __init__(self, cycle: list[CycleStep]) -> None:
        steps = ", ".join(
            f"'{step['session_id']}' waits for '{step['waits_for']}' ('{step['resource']}')"
            for step in cycle
        )
        super().__init__(
            f"Nobody would ever get on: {steps}. Release what they wait for, then claim all you"
            " need in one call.",
            cycle=cycle,
        )


class NotHolder(CoordError):
    """The lock is another session's, and alive: only its holder may renew or release it."""

    status, code = 403, "not_holder"

    def __init__(self, lock: LockRow) -> None:
        super().__init__(
            f"'{lock['resource']}' is held by '{lock['session_id']}', not by you, {_until(lock)}."
            " Only its holder may renew or release it.",
            lock=_lock.dump(lock),
        )


class LockLost(CoordError):
    """The lock to renew has expired or was released: claim it again, and check what was done in
    between."""

    status, code = 409, "lock_lost"

    def __init__(self, lock: LockRow) -> None:
        by = f" by '{lock['released_by']}'" if lock["released_by"] else ""
        reason = lock["release_reason"]
        how = _HOW_LOST.get(str(reason), reason)
        super().__init__(
            f"This lock of '{lock['resource']}' is gone ({how}{by}). Claim it again; others may"
            " have had it since.",
            lock=_lock.dump(lock),
        )


class Superseded(errors.Superseded):
    """The lock was claimed or renewed after its release was decided, so it stays; `lock` is how
    it stands."""

    def __init__(self, lock: LockRow, since: datetime) -> None:
        super().__init__(
            f"'{lock['resource']}' was claimed by '{lock['session_id']}' at {iso(since)}, after"
            " this release was decided: it stays. To release it even now, send it again without"
            " observed_at.",
            lock=_lock.dump(lock),
        )


def _until(lock: LockAnswer) -> str:
    return (
        "without an end"
        if lock["expires_at"] is None
        else f"until {lock['expires_at']:%Y-%m-%dT%H:%M:%SZ}"
    )


def _seconds_until_free(locks: list[LockRow], now: datetime) -> int:
    """Seconds, rounded up, until the first of them expires or turns stale; at least 1."""
    ends = [
        end for lock in locks for end in (lock["expires_at"], lock["stale_at"]) if end is not None
    ]
    return max(1, math.ceil((min(ends) - now).total_seconds())) if ends else 1
