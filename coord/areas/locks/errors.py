"""Why a lock cannot be claimed, renewed or released."""

import math
from datetime import datetime
from typing import Any

from coord import errors
from coord.areas.locks.schemas import LockSchema, WaiterSchema
from coord.errors import CoordError
from coord.web import iso

_lock = LockSchema()
_waiter = WaiterSchema()

Lock = dict[str, Any]


class LockHeld(CoordError):
    """Another session holds this resource, or something that overlaps it, or waits in front for it: wait, work on something else, or ask
    its holder."""

    status, code = 409, "lock_held"

    def __init__(self, conflicts: list[Lock], ahead: list[Lock], behind: list[Lock], now: datetime) -> None:
        first = next(iter(conflicts or behind), None)
        waits = {row["wait_id"]: row for row in ahead}
        super().__init__(
            _who_holds(conflicts, waits) if conflicts else _who_is_next(list(waits.values())),
            headers={"Retry-After": str(_seconds_until_free(conflicts or behind, now))},
            lock=None if first is None else _lock.dump(first),
            conflicts=_lock.dump(conflicts, many=True),
            position=len(waits) + 1,
            ahead=_waiter.dump(_together(ahead), many=True),
        )


def _who_holds(conflicts: list[Lock], waits: dict[str, Lock]) -> str:
    first = conflicts[0]
    more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
    why = f" ({first['description']})" if first["description"] else ""
    line = f" {len(waits)} wait for it before you." if waits else ""
    advice = "Wait, work on something else, or ask its holder."
    if all(lock["stale"] for lock in conflicts):
        advice = "It is stale: claim it with take_over_stale set to true if its holder is gone."
    return f"'{first['resource']}' is held by '{first['session_id']}'{why} {_until(first)}{more}.{line} {advice}"


def _who_is_next(waits: list[Lock]) -> str:
    first = waits[0]
    others = f" and {len(waits) - 1} more" if len(waits) > 1 else ""
    return (
        f"Nobody holds it, but '{first['session_id']}'{others} came first and waits for '{first['resource']}'."
        " Claim it with wait to stand in line, or work on something else."
    )


def _together(rows: list[Lock]) -> list[Lock]:
    """The rows of each waiting claim as one."""
    waits: dict[str, Lock] = {}
    for row in rows:
        waits.setdefault(row["wait_id"], {**row, "id": row["wait_id"], "resources": []})["resources"].append(row["resource"])
    return list(waits.values())


class Deadlock(CoordError):
    """Waiting would close a circle of sessions that wait for each other: release what you hold, or do without."""

    status, code = 409, "deadlock"

    def __init__(self, cycle: list[Lock]) -> None:
        steps = ", ".join(f"'{step['session_id']}' waits for '{step['waits_for']}' ('{step['resource']}')" for step in cycle)
        super().__init__(
            f"Nobody would ever get on: {steps}. Release what they wait for, then claim all you need in one call.", cycle=cycle
        )


class NotHolder(CoordError):
    """The lock is another session's, and alive: only its holder may renew or release it."""

    status, code = 403, "not_holder"

    def __init__(self, lock: Lock) -> None:
        super().__init__(
            f"'{lock['resource']}' is held by '{lock['session_id']}', not by you, {_until(lock)}. Only its holder may renew or release it.",
            lock=_lock.dump(lock),
        )


class LockLost(CoordError):
    """The lock to renew has expired or was released: claim it again, and check what was done in between."""

    status, code = 409, "lock_lost"

    def __init__(self, lock: Lock) -> None:
        by = f" by '{lock['released_by']}'" if lock["released_by"] else ""
        how = "taken over or released as stale" if lock["release_reason"] == "stale" else lock["release_reason"]
        super().__init__(
            f"This lock of '{lock['resource']}' is gone ({how}{by}). Claim it again; others may have had it since.",
            lock=_lock.dump(lock),
        )


class Superseded(errors.Superseded):
    """The lock was claimed or renewed after its release was decided, so it stays; `lock` is how it stands."""

    def __init__(self, lock: Lock, since: datetime) -> None:
        super().__init__(
            f"'{lock['resource']}' was claimed by '{lock['session_id']}' at {iso(since)}, after this release was decided: it stays. "
            "To release it even now, send it again without observed_at.",
            lock=_lock.dump(lock),
        )


def _until(lock: Lock) -> str:
    return "without an end" if lock["expires_at"] is None else f"until {lock['expires_at']:%Y-%m-%dT%H:%M:%SZ}"


def _seconds_until_free(locks: list[Lock], now: datetime) -> int:
    """Seconds, rounded up, until the first of them expires or turns stale; at least 1."""
    ends: list[datetime] = [end for lock in locks for end in (lock["expires_at"], lock["stale_at"]) if end is not None]
    return max(1, math.ceil((min(ends) - now).total_seconds())) if ends else 1
