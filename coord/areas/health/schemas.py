"""What the health calls answer."""

from marshmallow import fields

from coord.web import Schema


class HealthSchema(Schema):
    """Whether the service can do its work."""

    status = fields.String(required=True, metadata={"description": "`ok` or `degraded`."})
    database = fields.String(
        required=True, metadata={"description": "`connected` or `disconnected`."}
    )
    migrations = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": (
                "`current`, `newer (0008)` in a rolling upgrade, or what is missing; null: the"
                " database is away."
            )
        },
    )
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it is degraded."}
    )
    warnings = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Settings of the database that weaken what coord promises."},
    )
    version = fields.String(required=True)


class LiveSchema(Schema):
    """The process is up."""

    status = fields.String(required=True)
