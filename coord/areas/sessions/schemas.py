"""What the sessions area takes and answers."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from coord.areas.sessions.rows import REPORTED_STATES, STATES
from coord.live import AGENT_LENGTH, WAITING_FOR_LENGTH
from coord.web import (
    Body,
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
    list_of,
)

TASK_LENGTH = 5_000
HANDOVER_LENGTH = 4_000
MIN_TTL_MINUTES = 0.001
MAX_TTL_MINUTES = 7 * 24 * 60
MAX_CURSOR = 2**53
MIN_BYTES, DEFAULT_BYTES, MAX_BYTES = 500, 8_000, 262_144


def _project(**kwargs: Any) -> ProjectKey:
    return ProjectKey(
        allow_none=True, metadata={"description": "What it works on. null clears it."}, **kwargs
    )


def _agent(**kwargs: Any) -> Text:
    return Name(
        max_length=AGENT_LENGTH,
        allow_none=True,
        metadata={"description": "What kind of agent it is. null clears it."},
        **kwargs,
    )


def _task(**kwargs: Any) -> Text:
    return Text(
        max_length=TASK_LENGTH,
        allow_none=True,
        metadata={"description": "What it is about to do: others see it."},
        **kwargs,
    )


def _waiting_for(description: str, **kwargs: Any) -> Text:
    return Text(
        max_length=WAITING_FOR_LENGTH,
        allow_none=True,
        metadata={"description": description},
        **kwargs,
    )


class ReportedState(Choice):
    """A state that a session reports. Of those that coord sees by itself it says so."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(REPORTED_STATES, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if value == "waiting_for_human":
            raise ma.ValidationError("Say in waiting_for what of a human it waits for.")
        if value in STATES and value not in REPORTED_STATES:
            raise ma.ValidationError(
                f"coord finds out by itself who is {value}. Say one of:"
                f" {', '.join(REPORTED_STATES)}."
            )
        return super()._deserialize(value, attr, data, **kwargs)


def _handover(**kwargs: Any) -> Text:
    description = (
        "What who comes after it must know: done so far, next step, traps. Told to who takes over a"
        " lock or an item that it had; stays when it ends."
    )
    return Text(
        max_length=HANDOVER_LENGTH,
        allow_none=True,
        metadata={"description": description},
        **kwargs,
    )


def _ttl(**kwargs: Any) -> Number:
    description = (
        "A promise: to call again within this time. Who breaks it is gone. null: no promise."
    )
    return Number(
        min=MIN_TTL_MINUTES,
        max=MAX_TTL_MINUTES,
        allow_none=True,
        metadata={"description": description},
        **kwargs,
    )


class SessionSchema(Schema):
    """A session that announced itself."""

    session_id = SessionId(required=True)
    project_key = _project(required=True)
    agent = _agent(required=True)
    task = _task(required=True)
    ttl_minutes = _ttl(required=True)
    started_at = Time(
        required=True, metadata={"description": "When it last announced itself anew."}
    )
    last_seen_at = Time(required=True)
    expires_at = Time(
        required=True,
        allow_none=True,
        metadata={"description": "Until when it promised to call again."},
    )
    state = Choice(
        STATES,
        required=True,
        metadata={
            "description": (
                "The first that is true of: `ended`: said so. `gone`: promised to call, and did"
                " not. `silent`: promised nothing, and has not called for long."
                " `waiting_for_human`: said so, and has been seen within a day."
                " `waiting_for_lock`: a claim of it waits in line. `working`, `idle`,"
                " `rate_limited`: said so. `alive`: said nothing."
            )
        },
    )
    state_since = Time(
        required=True,
        allow_none=True,
        metadata={
            "description": (
                "Since when it is in a state that it reported; null in those that coord finds."
            )
        },
    )
    waiting_for = _waiting_for(
        "What of a human it waits for; null while it is at work.", required=True
    )
    waiting_since = Time(required=True, allow_none=True)
    handover = _handover(required=True)
    handover_at = Time(required=True, allow_none=True)
    ended_at = Time(
        required=True,
        allow_none=True,
        metadata={"description": "Since when it is `gone` or `ended`."},
    )


SessionList = list_of(SessionSchema)


class HeartbeatSchema(Body):
    """Who is there. A field left out keeps its value, `null` clears it."""

    example = {
        "session_id": "web-1/claude",
        "project_key": "shop",
        "ttl_minutes": 10,
        "agent": "claude",
        "task": "Cart totals",
    }
    names_caller = False  # it is a sign of life itself

    session_id = SessionId(required=True)
    project_key = _project()
    ttl_minutes = _ttl()
    agent = _agent()
    task = _task()
    state = ReportedState(
        allow_none=True,
        metadata={
            "description": (
                "What it says of itself. A check-in that leaves it out makes `working` of whatever"
                " was said. null: nothing."
            )
        },
    )
    waiting_for = _waiting_for(
        "What of a human it waits for: by convention `permission`, `answer` or `input`, then `: `"
        " and more where others may see it. null, or a check-in that leaves it out: it is at work"
        " again."
    )
    handover = _handover()


class SessionsQuery(PageQuery):
    """Which sessions to list."""

    name = SessionId(
        load_default=None, metadata={"description": "Only the session of this name, in any state."}
    )
    project_key = ProjectKey(load_default=None)
    state = ListOf(
        Choice(STATES),
        max_items=len(STATES),
        load_default=None,
        metadata={
            "description": (
                "May be repeated. Left out: those that neither ended nor are known to be gone."
            )
        },
    )


class EndSchema(Query):
    """Who ends."""

    names_caller = False  # ending is no sign of life

    session_id = SessionId(required=True)
    observed_at = ObservedAt(
        "A session that was seen since has come back and stays; what it took since it keeps."
    )
    handover = _handover()


class EndedSchema(Schema):
    """What ending did."""

    session = fields.Nested(
        SessionSchema,
        required=True,
        allow_none=True,
        metadata={"description": "null: it never announced itself."},
    )
    ended = fields.Boolean(
        required=True, metadata={"description": "false: there was nothing to end."}
    )
    done = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={
            "description": "What became of what it had: `work_items_returned`, `locks_released`, …"
        },
    )


class CheckinBody(HeartbeatSchema):
    """Who begins a turn, and what it knows already.

    A field left out keeps its value, `null` clears it.
    """

    example = {"session_id": "web-1/claude", "project_key": "shop", "after": 4711}

    after = Integer(
        min=0,
        max=MAX_CURSOR,
        load_default=None,
        allow_none=True,
        metadata={
            "description": (
                "`cursor` of the check-in before. Left out: no changes are told, only where to go"
                " on from."
            )
        },
    )
    max_bytes = Integer(
        min=MIN_BYTES,
        max=MAX_BYTES,
        load_default=DEFAULT_BYTES,
        metadata={
            "description": (
                "The answer is never longer; what finds no room is counted in `left_out`."
            )
        },
    )


class ChangeSchema(Schema):
    """What somebody else did, in few words. All of it is at `/events`."""

    revision = Integer(min=1, max=MAX_CURSOR, required=True)
    at = Time(required=True)
    type = fields.String(required=True)
    session_id = SessionId(required=True, allow_none=True)
    what = fields.String(required=True)


class CheckinSchema(ma.Schema):
    """What to know at the start of a turn.

    Each area adds its part, in the order of its importance; `left_out` counts what found no room.
    """

    class Meta:
        unknown = ma.INCLUDE

    session = fields.Nested(
        SessionSchema,
        required=True,
        allow_none=True,
        metadata={"description": "null: no room, it is in `left_out`."},
    )
    messages = fields.List(
        fields.Dict(),
        metadata={
            "description": "Unread ones, oldest first. Reading them here marks none as read."
        },
    )
    locks = fields.List(fields.Dict(), metadata={"description": "What the session holds."})
    work_items = fields.List(fields.Dict(), metadata={"description": "What it has in progress."})
    changes = fields.List(
        fields.Nested(ChangeSchema),
        required=True,
        metadata={
            "description": (
                "What others changed in the project since `after`, newest first; messages and"
                " renewals are left out."
            )
        },
    )
    changes_lost = fields.Boolean(
        required=True,
        metadata={
            "description": "The journal no longer reaches back to `after`: go on from `cursor`."
        },
    )
    failed_areas = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Areas whose part is missing, because of a bug in them."},
    )
    cursor = Integer(
        min=0, max=MAX_CURSOR, required=True, metadata={"description": "The next `after`."}
    )
    left_out = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "By part, how many."},
    )
    shortened = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "By part, how many have a text that was cut."},
    )
