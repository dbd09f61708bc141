"""What the locks area takes and answers."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from coord.areas.locks.models import RESOURCE_LENGTH
from coord.areas.locks.resources import MAX_STEPS, canonical
from coord.live import MAX_WAIT_S
from coord.web import (
    Body,
    Boolean,
    Choice,
    Integer,
    ListOf,
    Name,
    Number,
    ObservedAt,
    PageQuery,
    ProjectKey,
    Query,
    Schema,
    SessionId,
    Text,
    Time,
    Uuid,
    list_of,
    shortened,
)

MODES = ("exclusive", "shared")
MAX_TTL_HOURS = 87600  # ten years; what is meant to last longer is 0, "never expires"
MAX_RESOURCES = 100
MAX_REASON = 500  # characters; it travels in the address


class LockSchema(Schema):
    """A lock, held or released."""

    id = Uuid(required=True)
    project_key = ProjectKey(required=True)
    resource = Text(max_length=RESOURCE_LENGTH, required=True)
    session_id = SessionId(required=True)
    description = fields.String(required=True, allow_none=True)
    mode = Choice(MODES, required=True)
    ttl_hours = Number(
        min=0, max=MAX_TTL_HOURS, required=True, metadata={"description": "0: never expires."}
    )
    fencing_token = Integer(
        min=0,
        max=2**53,
        required=True,
        metadata={"description": "Larger for each later grant that overlaps."},
    )
    acquired_at = Time(required=True)
    last_activity_at = Time(required=True)
    expires_at = Time(required=True, allow_none=True)
    stale = fields.Boolean(
        required=True,
        metadata={"description": "Abandoned: any session may release it or take it over."},
    )
    released_at = Time(required=True, allow_none=True)
    released_by = fields.String(required=True, allow_none=True)
    release_reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`released`, `stale`, `expired`, `forced` or `session_ended`."},
    )


LockList = list_of(LockSchema)


class OwnLockSchema(LockSchema):
    """A lock of the session that asks."""

    seconds_left = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Until it expires; null: never."}
    )


class WaiterSchema(Schema):
    """A claim that waits for its turn."""

    id = Uuid(required=True)
    project_key = ProjectKey(required=True)
    session_id = SessionId(required=True)
    resources = fields.List(Text(max_length=RESOURCE_LENGTH), required=True)
    mode = Choice(MODES, required=True)
    description = fields.String(required=True, allow_none=True)
    since = Time(
        required=True, metadata={"description": "When it began to wait; first come, first served."}
    )


WaiterList = list_of(WaiterSchema)


class GrantedSchema(Schema):
    """What a claim of several resources was granted."""

    items = fields.List(fields.Nested(LockSchema), required=True)


class ReleasedSchema(Schema):
    """What a release by name or of everything did."""

    released = fields.Integer(required=True)
    items = fields.List(fields.Nested(LockSchema), required=True)


def _refuse_depth(name: str) -> None:
    if len(name) > RESOURCE_LENGTH:
        return  # refused for that
    depth = canonical(name).depth
    if depth > MAX_STEPS:
        raise ma.ValidationError(
            f"Has {depth} steps (names between slashes), at most {MAX_STEPS}. Name a folder above"
            " it: 'a/b/' is all below a/b."
        )


def _refuse_pattern(name: str) -> None:
    """What a caller surely means otherwise than as a name: it would be granted, and keep nobody
    out."""
    if not name.strip():
        raise ma.ValidationError("Blank. Name what is to be locked.")
    if len(name) <= RESOURCE_LENGTH and canonical(name).is_pattern:
        folder = f"{name.replace(chr(92), '/').partition('*')[0].rpartition('/')[0]}/"
        raise ma.ValidationError(
            "Patterns are not known: this would lock a file of just that name, and none that it"
            f" matches. Claim '{shortened(folder)}' (all below it), or name the files in resources."
        )


class ResourceName(Name):
    """What a lock is on, as the caller spells it."""

    def __init__(self, *, is_claimed: bool = False, **kwargs: Any) -> None:
        validators = [_refuse_depth, *([_refuse_pattern] if is_claimed else [])]
        super().__init__(
            max_length=RESOURCE_LENGTH,
            min_length=1,
            validators=validators,
            metadata={
                "description": (
                    "Free text: a path, `git push`, `ssh web-1`. One that ends in `/` covers"
                    " everything below it; `/` is the whole project."
                )
            },
            **kwargs,
        )


class ClaimSchema(Body):
    """A claim of one resource, or of several at once."""

    example = {
        "id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c10",
        "project_key": "shop",
        "session_id": "web-1/claude",
        "resource": "src/cart.py",
        "description": "Fixing the totals.",
    }

    id = Uuid(
        load_default=None,
        metadata={
            "description": "Chosen by the client, so that a repeated claim grants nothing twice."
        },
    )
    project_key = ProjectKey(required=True)
    session_id = SessionId(required=True)
    resource = ResourceName(is_claimed=True, load_default=None)
    resources = ListOf(
        ResourceName(is_claimed=True),
        min_items=1,
        max_items=MAX_RESOURCES,
        load_default=None,
        metadata={"description": "Instead of `resource`: all of them or none."},
    )
    description = Text(
        max_length=20_000,
        load_default=None,
        allow_none=True,
        metadata={"description": "Why: others see it."},
    )
    mode = Choice(MODES, load_default="exclusive")
    ttl_hours = Number(
        min=0,
        max=MAX_TTL_HOURS,
        load_default=None,
        allow_none=True,
        metadata={"description": "Default 2; 0: never expires."},
    )
    keep_terms = Boolean(
        load_default=False,
        metadata={"description": "What the session holds already keeps its TTL and description."},
    )
    take_over_stale = Boolean(
        load_default=None,
        allow_none=True,
        metadata={
            "description": (
                "Take it from a holder that has gone silent. Left out: only when the claim waits."
            )
        },
    )
    wait = Number(
        min=0,
        max=MAX_WAIT_S,
        load_default=0,
        metadata={
            "description": (
                "Seconds to wait for it, first come, first served, instead of a 409 at once."
            )
        },
    )

    observed_at = ObservedAt("A release that was decided after this releases it.")

    @ma.validates_schema
    def one_of(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if (data.get("resource") is None) == (data.get("resources") is None):
            raise ma.ValidationError(
                {"resource": ["Name one resource here, or several in resources."]}
            )


class RenewSchema(Body):
    """What a renewal may change."""

    example = {"session_id": "web-1/claude", "ttl_hours": 0.5}

    session_id = SessionId(required=True)
    ttl_hours = Number(min=0, max=MAX_TTL_HOURS)
    description = Text(max_length=20_000, allow_none=True)
    observed_at = ObservedAt("A release that was decided after this releases it.")


class ReleaseSchema(Query):
    """Who releases."""

    session_id = SessionId(required=True)
    observed_at = ObservedAt("What was claimed or renewed since stays held.")
    force = Boolean(
        load_default=False,
        metadata={
            "description": (
                "For operators: release it although another session holds it and is alive. Needs"
                " `reason`; the holder gets a message."
            )
        },
    )
    reason = Text(
        min_length=1,
        max_length=MAX_REASON,
        load_default=None,
        metadata={"description": "Why it is released by force: for the holder and the journal."},
    )

    @ma.validates_schema
    def both(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data.get("force") and not (data.get("reason") or "").strip():
            raise ma.ValidationError({"reason": ["Needed with force: the holder is told why."]})
        if data.get("reason") is not None and not data.get("force"):
            raise ma.ValidationError({"reason": ["Only with force=true."]})


class ReleaseManySchema(Query):
    """What to release: by name, or all that a session holds."""

    session_id = SessionId(required=True)
    project_key = ProjectKey(load_default=None)
    resource = ResourceName(load_default=None)
    release_all = Boolean(load_default=False)
    observed_at = ObservedAt("What was claimed or renewed since stays held.")

    @ma.validates_schema
    def one_of(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data.get("release_all") and data.get("resource") is not None:
            raise ma.ValidationError(
                {"resource": ["Not together with release_all: name one resource, or release all."]}
            )
        if data.get("release_all"):
            return
        missing = [name for name in ("project_key", "resource") if data.get(name) is None]
        if missing:
            raise ma.ValidationError(
                {
                    name: ["Needed to release by name; release_all=true releases all."]
                    for name in missing
                }
            )


class WaitersQuery(PageQuery):
    """Which waiting claims to list."""

    filters_by_session = True

    session_id = SessionId(load_default=None, metadata={"description": "Those of this session."})
    project_key = ProjectKey(load_default=None)
    resource = ResourceName(load_default=None)


class LocksQuery(PageQuery):
    """Which locks to list."""

    filters_by_session = True

    session_id = SessionId(
        load_default=None,
        metadata={
            "description": (
                "Those of this session. (Who asks may be named in the header, which filters"
                " nothing.)"
            )
        },
    )
    project_key = ProjectKey(load_default=None)
    resource = ResourceName(load_default=None)
    stale = Boolean(load_default=None)
    state = Choice(("active", "released", "all"), load_default="active")
