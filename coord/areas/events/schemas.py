"""What the events area takes and answers."""

import re

from marshmallow import fields, validate

from coord.live import MAX_WAIT_S
from coord.web import Integer, ListOf, Number, ProjectKey, Query, Schema, SessionId, Text, Time

MAX_CURSOR = 2**53
_TYPE = re.compile(r"[a-z_]{1,30}(\.(\*|[a-z_]{1,30}))?\Z")
MAX_TYPES = 20


class SubjectSchema(Schema):
    """What an event is about."""

    kind = fields.String(
        required=True, metadata={"description": "`lock`, `component`, `work_item`, …"}
    )
    id = fields.String(
        required=True,
        metadata={"description": "Its id; of a component `<project_key>/<component>`."},
    )


class EventSchema(Schema):
    """One change, as the journal keeps it."""

    revision = Integer(
        min=1,
        max=MAX_CURSOR,
        required=True,
        metadata={"description": "Its number: it only grows, in commit order."},
    )
    type = fields.String(
        required=True,
        metadata={"description": "`<thing>.<what happened>`: `lock.claimed`, `message.sent`, …"},
    )
    project_key = ProjectKey(required=True, allow_none=True)
    session_id = SessionId(
        required=True,
        allow_none=True,
        metadata={"description": "Who did it; null: time did, or nobody said."},
    )
    token = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The name of the token it was done with, where tokens have names."
        },
    )
    at = Time(required=True)
    subject = fields.Nested(SubjectSchema, required=True)
    data = fields.Dict(
        required=True, metadata={"description": "What else is worth knowing, by type."}
    )


class EventList(Schema):
    """A page of the journal, oldest first."""

    items = fields.List(fields.Nested(EventSchema), required=True)
    next_cursor = fields.String(
        required=True,
        metadata={"description": "Pass it as `after` next time; given also when nothing is new."},
    )


class _FeedQuery(Query):
    project_key = ProjectKey(load_default=None)
    type = ListOf(
        Text(
            max_length=60,
            min_length=1,
            validators=[
                validate.Regexp(
                    _TYPE, error="Like `lock.claimed`, or `lock.*` for all about locks."
                )
            ],
        ),
        max_items=MAX_TYPES,
        load_default=None,
        metadata={
            "description": (
                "`lock.claimed`, or `lock.*` for all about locks. May be repeated: any of them."
            )
        },
    )


class EventsQuery(_FeedQuery):
    """Which part of the journal to read."""

    after = Integer(
        min=0,
        max=MAX_CURSOR,
        load_default=None,
        metadata={
            "description": (
                "`next_cursor` of the page before. 0: from the very beginning; left out: from the"
                " oldest that is kept."
            )
        },
    )
    limit = Integer(
        min=1, max=500, load_default=100, metadata={"description": "Items a page, at most 500."}
    )
    wait = Number(
        min=0,
        max=MAX_WAIT_S,
        load_default=0,
        metadata={"description": "Seconds to wait for an event when there is none yet."},
    )


class StreamQuery(_FeedQuery):
    """Which events to follow."""

    after = Integer(
        min=0,
        max=MAX_CURSOR,
        load_default=None,
        metadata={
            "description": (
                "Begin after this revision. The header `Last-Event-ID` goes before it; without"
                " both: from now on."
            )
        },
    )
