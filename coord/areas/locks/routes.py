"""HTTP of the locks area."""

from typing import Any, cast
from uuid import UUID

from flask import Response, current_app

from coord.areas.locks import hand_off, repository, waiting
from coord.areas.locks.errors import Deadlock, LockHeld, LockLost, NotHolder, Superseded
from coord.areas.locks.hooks import stale_us
from coord.areas.locks.rows import LockAnswer, LockRow
from coord.areas.locks.schemas import (
    ClaimSchema,
    GrantedSchema,
    LockList,
    LockSchema,
    LocksQuery,
    ReleasedSchema,
    ReleaseManySchema,
    ReleaseSchema,
    RenewSchema,
    WaiterList,
    WaitersQuery,
)
from coord.areas.locks.terms import terms_of
from coord.errors import IdConflict, NotFound
from coord.store import read, transact, transact_optimistically
from coord.web import Blueprint, Query, cursor_key, paginate

blp = Blueprint(
    "locks",
    __name__,
    url_prefix="/locks",
    description="Who holds what: leases on any named resource.",
)


_lock = LockSchema()
_ONE_OR_SEVERAL = {
    "content": {"application/json": {"schema": {"oneOf": [LockSchema, GrantedSchema]}}}
}


@blp.route("", methods=["POST"])
@blp.arguments(ClaimSchema)
@blp.response(201, LockSchema, description="Granted. With `resources`: `items`, all of them.")
@blp.alt_response(
    200,
    schema=LockSchema,
    description="Held already: the same lock, renewed. Or a repeated `id`: the stored lock.",
)
@blp.doc(responses={200: _ONE_OR_SEVERAL, 201: _ONE_OR_SEVERAL})
@blp.raises(LockHeld, Deadlock, IdConflict)
def claim(body: dict[str, Any]) -> tuple[Response | LockAnswer, int]:
    """Claim a resource, or several at once.

    With `wait` the call waits, first come, first served, and answers the moment it is granted; at
    the end of the time it answers 409 with `position` and who is `ahead`. A caller that hangs up
    waits no longer.
    """
    if body["observed_at"] is not None:
        read(repository.refuse_skew_now, body["observed_at"])
    terms = terms_of(
        body, default_ttl_hours=current_app.config["DEFAULT_TTL_HOURS"], stale_us=stale_us()
    )
    granted = waiting.claim(terms, body["wait"])
    status = 201 if granted.created else 200
    if body["resources"] is not None:
        items = _lock.dump(granted.locks, many=True)
        return cast(Response, current_app.json.response(items=items)), status
    return granted.locks[0], status


@blp.route("/waiters", methods=["GET"])
@blp.arguments(WaitersQuery)
@blp.response(200, WaiterList)
def find_waiters(query: dict[str, Any]) -> dict[str, Any]:
    """List the claims that wait, first come first."""
    after = cursor_key("waiters", query["cursor"])
    rows = read(repository.find_waiters, query, after[0] if after else None, query["limit"])
    return paginate("waiters", rows, query["limit"], lambda row: [row["revision"]])


@blp.route("", methods=["GET"])
@blp.arguments(LocksQuery)
@blp.response(200, LockList)
def find(query: dict[str, Any]) -> dict[str, Any]:
    """List locks, newest first: the held ones unless `state` says otherwise."""
    after = cursor_key("locks", query["cursor"])
    rows = read(repository.find, query, after[0] if after else None, query["limit"])
    return paginate("locks", rows, query["limit"], lambda row: [row["revision"]])


@blp.route("", methods=["DELETE"])
@blp.arguments(ReleaseManySchema)
@blp.response(200, ReleasedSchema)
@blp.raises(NotHolder, Superseded)
def release_many(query: dict[str, Any]) -> dict[str, Any]:
    """Release by name, or with `release_all=true` everything that the session holds."""
    session_id, project_key, observed = (
        query["session_id"],
        query["project_key"],
        query["observed_at"],
    )
    if query["release_all"]:
        released = transact(repository.release_all, session_id, project_key, observed)
    else:
        released = transact(
            repository.release_by_name, session_id, project_key, query["resource"], observed
        )
    return {"released": len(released), "items": released}


@blp.route("/<uuid:lock_id>", methods=["GET"])
@blp.arguments(Query)
@blp.response(200, LockSchema)
@blp.raises(NotFound)
def get(query: dict[str, Any], lock_id: UUID) -> LockRow:
    """One lock, held or not."""
    return read(repository.get, str(lock_id))


@blp.route("/<uuid:lock_id>", methods=["PATCH"])
@blp.arguments(RenewSchema)
@blp.response(200, LockSchema)
@blp.raises(NotFound, NotHolder, LockLost)
def renew(body: dict[str, Any], lock_id: UUID) -> LockRow:
    """Renew a lock: counts as activity and starts its TTL anew."""
    return transact(repository.renew, str(lock_id), body, stale_us())


@blp.route("/<uuid:lock_id>", methods=["DELETE"])
@blp.arguments(ReleaseSchema)
@blp.response(200, LockSchema)
@blp.raises(NotFound, NotHolder, Superseded)
def release(query: dict[str, Any], lock_id: UUID) -> LockRow:
    """Release a lock: one's own, one that is stale, or with `force` any. Repeating it is fine."""
    asked = (str(lock_id), query["session_id"], query["observed_at"], query["reason"])
    if query["observed_at"] is not None:
        return transact(repository.release, *asked)
    return transact_optimistically(lambda: hand_off.release(*asked[:2]), repository.release, *asked)
