"""What the board area takes and answers."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from coord.web import Integer, Number, ProjectKey, Query, Schema, SessionId, Text, Time

HIGHEST_CURSOR = 2**53
SUBJECT_LENGTH = 310
RESOURCE_LENGTH = 500
MAX_AGE_S = 60


class BoardSubjectSchema(Schema):
    """What a change is about."""

    kind = fields.String(required=True)
    id = fields.String(required=True)


class BoardChangeSchema(Schema):
    """One change, as `/events` tells it."""

    revision = Integer(min=1, max=HIGHEST_CURSOR, required=True)
    type = fields.String(required=True)
    project_key = ProjectKey(required=True, allow_none=True)
    session_id = SessionId(required=True, allow_none=True)
    at = Time(required=True)
    subject = fields.Nested(BoardSubjectSchema, required=True)
    data = fields.Dict(required=True)


class BoardListSchema(Schema):
    """A list of an area: all of it, or what changed in it."""

    key = fields.String(
        required=True, metadata={"description": "The field that tells its items apart."}
    )
    complete = fields.Boolean(
        required=True,
        metadata={"description": "false: only the items that changed, and the keys of those gone."},
    )
    items = fields.List(fields.Dict(), required=True)
    gone = fields.List(fields.String(), required=True)


class BoardSchema(Schema):
    """What the page shows, or what changed of it."""

    generated_at = Time(required=True)
    version = fields.String(
        required=True,
        metadata={"description": "Of the service: a page of another one should be loaded anew."},
    )
    cursor = Integer(
        min=0, max=HIGHEST_CURSOR, required=True, metadata={"description": "The next `after`."}
    )
    complete = fields.Boolean(
        required=True, metadata={"description": "false: `lists` has only those that changed."}
    )
    changes = fields.List(
        fields.Nested(BoardChangeSchema),
        required=True,
        metadata={"description": "Oldest first: the newest 100, or all since `after`."},
    )
    lists = fields.Dict(keys=fields.String(), values=fields.Nested(BoardListSchema), required=True)


class BoardQuery(Query):
    """What the page knows already."""

    after = Integer(
        min=0,
        max=HIGHEST_CURSOR,
        load_default=None,
        metadata={
            "description": (
                "`cursor` of the answer before: only what changed since. Left out, or too far back:"
                " everything."
            )
        },
    )
    max_age = Number(
        min=0,
        max=MAX_AGE_S,
        load_default=0,
        metadata={
            "description": (
                "Seconds: an answer that was made for another page will do, if it is no older;"
                " `cursor` says from when it is."
            )
        },
    )


class HistorySchema(Schema):
    """A piece of the journal, newest first."""

    items = fields.List(fields.Nested(BoardChangeSchema), required=True)
    next_cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": (
                "Pass it as `after` to go on; null: there is nothing older. A page may be short, or"
                " empty, before that."
            )
        },
    )


class HistoryQuery(Query):
    """Whose history."""

    filters_by_session = True

    session_id = SessionId(load_default=None, metadata={"description": "What this session did."})
    project_key = ProjectKey(load_default=None)
    kind = Text(
        max_length=30,
        load_default=None,
        metadata={"description": "Of the subject: `lock`, `component`, `work_item`, …"},
    )
    subject_id = Text(
        max_length=SUBJECT_LENGTH, load_default=None, metadata={"description": "Its id."}
    )
    resource = Text(
        max_length=RESOURCE_LENGTH,
        load_default=None,
        metadata={"description": "What happened to locks on it, as spelt."},
    )
    after = Integer(
        min=1,
        max=HIGHEST_CURSOR,
        load_default=None,
        metadata={"description": "`next_cursor` of the page before: go on with what is older."},
    )
    limit = Integer(
        min=1, max=500, load_default=100, metadata={"description": "Items a page, at most 500."}
    )


class TimelineSchema(Schema):
    """What was in a stretch of time."""

    generated_at = Time(required=True)
    since = Time(required=True)
    until = Time(required=True)
    complete = fields.Boolean(
        required=True, metadata={"description": "false: there were more, only the newest are told."}
    )
    items = fields.List(
        fields.Dict(),
        required=True,
        metadata={
            "description": (
                "Spans: `session_id`, `project_key`, `text`, `style` (`solid`: held, `light`: held"
                " shared, `hatched`: waited, `asking`: waited for a human, `idle`, `limited`: by a"
                " rate, `mark`: a moment), `since`, `until` (null: goes on),"
                " `ending`, `to` (its page on the board)."
            )
        },
    )


class TimelineQuery(Query):
    """Which stretch of time."""

    since = Time(required=True, metadata={"example": "2026-01-12T08:00:00Z"})
    until = Time(load_default=None, metadata={"description": "Left out: now."})
    project_key = ProjectKey(load_default=None)

    @ma.validates_schema
    def in_order(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data.get("until") is not None and data["until"] <= data["since"]:
            raise ma.ValidationError({"until": ["Not after since."]})


class PastItemSchema(Schema):
    """How something stood at a moment."""

    text = fields.String(required=True)
    state = fields.String(required=True)
    session_id = SessionId(required=True, allow_none=True)
    project_key = ProjectKey(required=True, allow_none=True)
    since = Time(required=True)
    to = fields.List(
        fields.String(), required=True, metadata={"description": "Its page on the board."}
    )


class PastListSchema(Schema):
    """What there was of an area."""

    title = fields.String(required=True)
    complete = fields.Boolean(
        required=True, metadata={"description": "false: there was more, the newest is told."}
    )
    items = fields.List(fields.Nested(PastItemSchema), required=True)


class PastSchema(Schema):
    """What there was at a moment."""

    generated_at = Time(required=True)
    at = Time(required=True)
    lists = fields.List(fields.Nested(PastListSchema), required=True)


class PastQuery(Query):
    """Which moment."""

    at = Time(required=True, metadata={"example": "2026-01-12T14:05:00Z"})
    project_key = ProjectKey(load_default=None)


class ShareSchema(Schema):
    """How much of it was one project's or session's."""

    name = fields.String(required=True)
    count = Integer(min=0, max=HIGHEST_CURSOR, required=True)


class CountSchema(Schema):
    """How often something happened in a stretch of time."""

    title = fields.String(required=True)
    total = Integer(min=0, max=HIGHEST_CURSOR, required=True)
    buckets = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "In each sixtieth of the time, oldest first."},
    )
    by_project = fields.List(fields.Nested(ShareSchema), required=True)
    by_session = fields.List(fields.Nested(ShareSchema), required=True)


class CountsSchema(Schema):
    """How often things happened in a stretch of time."""

    generated_at = Time(required=True)
    since = Time(required=True)
    until = Time(required=True)
    items = fields.List(fields.Nested(CountSchema), required=True)
