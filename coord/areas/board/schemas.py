"""What the board area takes and answers."""

from marshmallow import fields

from coord.web import Integer, ProjectKey, Query, Schema, SessionId, Text, Time

HIGHEST_CURSOR = 2**53
SUBJECT_LENGTH = 310
RESOURCE_LENGTH = 500


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
