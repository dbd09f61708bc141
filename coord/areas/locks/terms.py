"""What a claim asks for, made once from the call and never changed after that; and what it comes
to."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from coord.areas.locks.resources import Resource, canonical
from coord.areas.locks.rows import LockAnswer, LockRow, ResourceRow, WaiterRow
from coord.ids import digest, new_id


@dataclass(frozen=True)
class RequestedLock:
    """One resource of a claim, and the lock that it becomes if it is granted.

    `name`: the resource as the caller spells it. `digest`: of all that was asked for, so that the
    same id with other content is noticed.
    """

    id: str
    name: str
    resource: Resource
    digest: str


@dataclass(frozen=True)
class ClaimTerms:
    """A claim. `requests` has each resource once, in key order, the same for all: so no two claims
    deadlock.

    `ttl_hours`, `description`: None where the caller left them out. A new lock gets
    `default_ttl_hours` then; one that the caller holds already keeps its own. `keep_terms`: that
    keeps its own in any case. `take_over_stale`: stale locks in the way are taken over. `stale_us`:
    microseconds without a sign of life after which the lock turns stale. `observed_at`: when the
    caller decided to claim; None: now, by the database's clock. `may_be_repeated`: the caller chose
    the id, so this may be a claim that was granted before.
    """

    project_key: str
    session_id: str
    mode: str
    description: str | None
    ttl_hours: float | None
    default_ttl_hours: float
    keep_terms: bool
    take_over_stale: bool
    stale_us: int
    observed_at: datetime | None
    may_be_repeated: bool
    requests: tuple[RequestedLock, ...]

    def row_of(self, request: RequestedLock) -> ResourceRow:
        """One of the resources as what may be in others' way."""
        return {
            "project_key": self.project_key,
            "session_id": self.session_id,
            "mode": self.mode,
            "resource_key": request.resource.key,
            "tree": request.resource.tree,
        }

    @property
    def new_ttl_hours(self) -> float:
        """The TTL of a lock that is granted anew."""
        return self.default_ttl_hours if self.ttl_hours is None else self.ttl_hours


def terms_of(body: Mapping[str, Any], *, default_ttl_hours: float, stale_us: int) -> ClaimTerms:
    """The terms of a claim that was called with this body (see `ClaimSchema`)."""
    waits, take_over = bool(body["wait"]), body["take_over_stale"]
    return ClaimTerms(
        project_key=body["project_key"],
        session_id=body["session_id"],
        mode=body["mode"],
        description=body["description"],
        ttl_hours=body["ttl_hours"],
        default_ttl_hours=default_ttl_hours,
        keep_terms=body["keep_terms"],
        take_over_stale=waits if take_over is None else take_over,
        stale_us=stale_us,
        observed_at=body["observed_at"],
        may_be_repeated=body["id"] is not None,
        requests=_requests(body),
    )


def _requests(body: Mapping[str, Any]) -> tuple[RequestedLock, ...]:
    names = body["resources"] if body["resources"] is not None else [body["resource"]]
    content = {
        key: body[key] for key in ("project_key", "session_id", "description", "mode", "ttl_hours")
    }
    requests: dict[Resource, RequestedLock] = {}
    for name in names:
        resource, asked_for = canonical(name), digest({**content, "resource": name})
        requests.setdefault(
            resource, RequestedLock(_lock_id(body, name), name, resource, asked_for)
        )
    return tuple(
        sorted(requests.values(), key=lambda request: (request.resource.key, request.resource.tree))
    )


def _lock_id(body: Mapping[str, Any], name: str) -> str:
    """Several resources under one id: each lock's is made of it and the name, so a repeated
    claim gets the same."""
    if body["id"] is None:
        return new_id()
    return (
        str(uuid.uuid5(uuid.UUID(body["id"]), name))
        if body["resources"] is not None
        else str(body["id"])
    )


class Ahead(NamedTuple):
    """A waiter that stands before another. `revision`: where it stands."""

    revision: int
    mode: str


@dataclass(frozen=True)
class Begun:
    """The claim has begun to wait.

    `revision`: where it stands. `ahead`: by their ids, the waiters before it that conflict with it,
    dead ones too; the last of them where they are many. `may_be_waited_for`: whether its session
    has something that others may wait for, a lock or another waiter. Then it may close a circle,
    and not all of those ahead need to go first.
    """

    revision: int
    ahead: Mapping[str, Ahead]
    may_be_waited_for: bool


@dataclass(frozen=True)
class Granted:
    """The claim was granted. `created`: at least one of its locks is new."""

    locks: list[LockAnswer]
    created: bool


@dataclass(frozen=True)
class Blocked:
    """The claim was not granted.

    `conflicts`: the locks in its way. `ahead`: the waiters that go first. `awaited`: the locks that
    the first of those waits for, where there are no conflicts. `now`: when this was so, by the
    database's clock.
    """

    conflicts: list[LockRow]
    ahead: list[WaiterRow]
    awaited: list[LockRow]
    now: datetime


ClaimOutcome = Granted | Blocked
