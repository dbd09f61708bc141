"""What the sessions area takes and answers."""

from typing import Any

from marshmallow import fields

from coord.presence import AGENT_LENGTH
from coord.schemas import Body, Number, Page, Project, Query, Schema, Session, Text, Time, Word, list_of

STATES = ("alive", "silent", "gone", "ended")
TASK_LENGTH = 5_000
SHORTEST_TTL_MINUTES = 0.001
LONGEST_TTL_MINUTES = 7 * 24 * 60


def _project(**kwargs: Any) -> Project:
    return Project(allow_none=True, metadata={"description": "What it works on. null clears it."}, **kwargs)


def _agent(**kwargs: Any) -> Text:
    return Text(longest=AGENT_LENGTH, allow_none=True, metadata={"description": "What kind of agent it is. null clears it."}, **kwargs)


def _task(**kwargs: Any) -> Text:
    return Text(longest=TASK_LENGTH, allow_none=True, metadata={"description": "What it is about to do: others see it."}, **kwargs)


def _ttl(**kwargs: Any) -> Number:
    description = "A promise: to call again within this time. Who breaks it is gone. null: no promise."
    return Number(low=SHORTEST_TTL_MINUTES, high=LONGEST_TTL_MINUTES, allow_none=True, metadata={"description": description}, **kwargs)


class SessionSchema(Schema):
    """A session that announced itself."""

    session_id = Session(required=True)
    project_key = _project(required=True)
    agent = _agent(required=True)
    task = _task(required=True)
    ttl_minutes = _ttl(required=True)
    started_at = Time(required=True, metadata={"description": "When it last announced itself anew."})
    last_seen_at = Time(required=True)
    expires_at = Time(required=True, allow_none=True, metadata={"description": "Until when it promised to call again."})
    state = Word(
        STATES,
        required=True,
        metadata={
            "description": "`silent`: promised nothing, and has not called for long. `gone`: promised, and did not. `ended`: said so."
        },
    )
    left_at = Time(required=True, allow_none=True, metadata={"description": "Since when it is `gone` or `ended`."})


SessionList = list_of(SessionSchema)


class HeartbeatSchema(Body):
    """Who is there. A field left out keeps its value, `null` clears it."""

    example = {"session_id": "web-1/claude", "project_key": "shop", "ttl_minutes": 10, "agent": "claude", "task": "Cart totals"}
    names_caller = False  # it is a sign of life itself

    session_id = Session(required=True)
    project_key = _project()
    ttl_minutes = _ttl()
    agent = _agent()
    task = _task()


class SessionsQuery(Page):
    """Which sessions to list."""

    project_key = Project(load_default=None)
    state = fields.List(
        Word(STATES),
        load_default=None,
        metadata={"description": "May be repeated. Left out: those that neither ended nor are known to be gone."},
    )


class EndSchema(Query):
    """Who ends."""

    names_caller = False  # ending is no sign of life

    session_id = Session(required=True)


class EndedSchema(Schema):
    """What ending did."""

    session = fields.Nested(SessionSchema, required=True, allow_none=True, metadata={"description": "null: it never announced itself."})
    ended = fields.Boolean(required=True, metadata={"description": "false: there was nothing to end."})
    done = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "What became of what it had: `work_items_returned`, `locks_released`, …"},
    )
