"""What the area's rows hold, and what can be said of them without asking the database."""

from datetime import datetime
from typing import NamedTuple, TypedDict, cast

from coord.areas.locks.resources import Resource
from coord.store import Row


class ResourceRow(TypedDict):
    """What decides whether two rows are in each other's way; rows of locks and of waiters have
    it."""

    project_key: str
    session_id: str
    mode: str
    resource_key: str
    tree: bool


class Refusal(NamedTuple):
    """Of a claim by the session: the lock that was in its way, and what that is on."""

    session_id: str
    lock_id: str
    project_key: str
    resource: str


class LockAnswer(TypedDict):
    """A lock as it is answered; see `LockSchema` for what the fields mean."""

    id: str
    project_key: str
    resource: str
    session_id: str
    description: str | None
    mode: str
    ttl_hours: float
    fencing_token: int
    acquired_at: datetime
    last_activity_at: datetime
    expires_at: datetime | None
    stale: bool
    released_at: datetime | None
    released_by: str | None
    release_reason: str | None


class LockRow(LockAnswer):
    """A row of `locks` as it stood at `now`, by the database's clock.

    `stale` is worked out from `now`, and so is `released_at` of a lock that has expired.
    """

    revision: int
    resource_key: str
    tree: bool
    stale_at: datetime
    decided_at: datetime | None
    digest: str
    now: datetime


class OwnLock(LockRow):
    """A lock of the session that asks. `seconds_left`: until it expires, rounded up; None:
    never."""

    seconds_left: int | None


class WaiterRow(TypedDict):
    """A row of `lock_waiters`: one resource of a waiting claim. `in_time`: its `until` has not
    come."""

    revision: int
    nth: int
    waiter_id: str
    process: str
    project_key: str
    resource: str
    resource_key: str
    tree: bool
    session_id: str
    mode: str
    description: str | None
    since: datetime
    until: datetime
    in_time: bool


class WaiterAnswer(TypedDict):
    """A waiting claim as it is answered; `revision` is what pages of them are keyed by."""

    id: str
    project_key: str
    session_id: str
    resources: list[str]
    mode: str
    description: str | None
    since: datetime
    revision: int


class CycleStep(TypedDict):
    """A session in a circle of sessions that wait for each other: what it waits for, and for
    whom."""

    session_id: str
    resource: str
    waits_for: str


def lock_as_of_now(row: Row) -> LockRow:
    """The row with what follows from the time at which it was read.

    An expired lock counts as released when it expired, whether or not a later change has noted it.
    """
    is_held = row["released_at"] is None
    if is_held and row["expires_at"] is not None and row["expires_at"] <= row["now"]:
        expired = {"released_at": row["expires_at"], "release_reason": "expired", "stale": False}
        return cast(LockRow, {**row, **expired})
    return cast(LockRow, {**row, "stale": is_held and row["stale_at"] <= row["now"]})


def resource_of(row: ResourceRow) -> Resource:
    return Resource(row["resource_key"], bool(row["tree"]))


def conflict(one: ResourceRow, other: ResourceRow) -> bool:
    """Whether the two cannot both be held."""
    return (
        one["project_key"] == other["project_key"]
        and one["session_id"] != other["session_id"]
        and "exclusive" in (one["mode"], other["mode"])
        and resource_of(one).overlaps(resource_of(other))
    )


def claimed_at(lock: LockRow) -> datetime:
    """When its holder last decided to have it."""
    return lock["decided_at"] or lock["acquired_at"]


def waiter_answers(rows: list[WaiterRow]) -> list[WaiterAnswer]:
    """The rows of each waiting claim as one, in the order in which they come."""
    answers: dict[str, WaiterAnswer] = {}
    for row in rows:
        answer = answers.setdefault(
            row["waiter_id"],
            {
                "id": row["waiter_id"],
                "project_key": row["project_key"],
                "session_id": row["session_id"],
                "resources": [],
                "mode": row["mode"],
                "description": row["description"],
                "since": row["since"],
                "revision": row["revision"],
            },
        )
        answer["resources"].append(row["resource"])
    return list(answers.values())
