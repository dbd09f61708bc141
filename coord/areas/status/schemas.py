"""What the overview takes and answers."""

import marshmallow as ma
from marshmallow import fields

from coord.web import ProjectKey, Query, Time


class StatusQuery(Query):
    """What the overview is about; left out: everything."""

    project_key = ProjectKey(load_default=None)


class StatusSchema(ma.Schema):
    """The overview.

    Lists hold the newest 50; `counts` are exact. Every area adds what it offers.
    """

    class Meta:
        unknown = ma.INCLUDE

    generated_at = Time(required=True)
    active_locks = fields.List(fields.Dict(), required=True)
    recent_component_changes = fields.List(fields.Dict(), required=True)
    active_workflows = fields.List(fields.Dict(), required=True)
    unread_message_count = fields.Integer(required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    failed_areas = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Areas whose part is missing, because of a bug in them."},
    )
