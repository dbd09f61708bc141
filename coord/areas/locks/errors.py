"""Why a lock cannot be claimed, renewed or released."""

import math
from datetime import datetime
from typing import Any

from coord.areas.locks.schemas import LockSchema
from coord.errors import CoordError

_lock = LockSchema()

Lock = dict[str, Any]


class LockHeld(CoordError):
    """Another session holds this resource, or something that overlaps it: wait, work on something else, or ask its holder."""

    status, code = 409, "lock_held"

    def __init__(self, conflicts: list[Lock]) -> None:
        first = conflicts[0]
        more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
        why = f" ({first['description']})" if first["description"] else ""
        advice = "Wait, work on something else, or ask its holder."
        if all(lock["stale"] for lock in conflicts):
            advice = "It is stale: claim it with take_over_stale set to true if its holder is gone."
        super().__init__(
            f"{first['resource']!r} is held by {first['session_id']!r}{why} {_until(first)}{more}. {advice}",
            headers={"Retry-After": str(_seconds_until_free(conflicts))},
            lock=_lock.dump(first),
            conflicts=_lock.dump(conflicts, many=True),
        )


class NotHolder(CoordError):
    """The lock is another session's, and alive: only its holder may renew or release it."""

    status, code = 403, "not_holder"

    def __init__(self, lock: Lock) -> None:
        super().__init__(
            f"{lock['resource']!r} is held by {lock['session_id']!r}, not by you, {_until(lock)}. Only its holder may renew or release it.",
            lock=_lock.dump(lock),
        )


class LockLost(CoordError):
    """The lock to renew has expired or was released: claim it again, and check what was done in between."""

    status, code = 409, "lock_lost"

    def __init__(self, lock: Lock) -> None:
        by = f" by {lock['released_by']!r}" if lock["released_by"] else ""
        super().__init__(
            f"This lock of {lock['resource']!r} is gone ({lock['release_reason']}{by}). Claim it again; others may have had it since.",
            lock=_lock.dump(lock),
        )


def _until(lock: Lock) -> str:
    return "without an end" if lock["expires_at"] is None else f"until {lock['expires_at']:%Y-%m-%dT%H:%M:%SZ}"


def _seconds_until_free(conflicts: list[Lock]) -> int:
    """Seconds, rounded up, until the first of them expires or turns stale; at least 1."""
    now: datetime = conflicts[0]["now"]
    ends: list[datetime] = [end for lock in conflicts for end in (lock["expires_at"], lock["stale_at"]) if end is not None]
    return max(1, math.ceil((min(ends) - now).total_seconds()))
