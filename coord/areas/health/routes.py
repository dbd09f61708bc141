"""HTTP of the health area."""

from pathlib import Path

from flask.typing import ResponseReturnValue

from coord import __version__
from coord.area import areas
from coord.areas.health import repository, weaknesses
from coord.areas.health.schemas import HealthSchema, LiveSchema
from coord.errors import RETRY_AFTER_S, SchemaBehind, Unavailable
from coord.layout import MIGRATIONS
from coord.store import database, engine, read
from coord.web import Blueprint, Query, explain

blp = Blueprint("health", __name__, description="Whether the service works.")

MIGRATE = "run: flask db upgrade"


@blp.route("/health", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, HealthSchema)
@blp.alt_response(
    503,
    schema=HealthSchema,
    description="The database is away or refuses writes; with `Retry-After`.",
)
@blp.alt_response(
    500, schema=HealthSchema, description="The database is there, but a migration is missing."
)
def health(query: dict[str, str | None]) -> ResponseReturnValue:
    """Whether the service can do its work: asks the database at each call."""
    try:
        engine.reset_gate(database.engine)
        state = read(repository.probe)
    except Exception as error:
        explained = explain(error)
        if isinstance(explained, SchemaBehind):
            return _degraded(
                500, "connected", f"none applied; {MIGRATE}", "no migration has been applied"
            )
        if isinstance(explained, Unavailable):
            return _degraded(503, "disconnected", None, explained.reason)
        raise
    schema = repository.compare(repository.histories(_folders()), state.migrations)
    if schema.behind:
        missing = f"missing {', '.join(sorted(schema.behind))}; {MIGRATE}"
        return _degraded(500, "connected", missing, "a migration is missing")
    migrations = f"newer ({', '.join(sorted(schema.newer))})" if schema.newer else "current"
    if state.problem_of_head is not None:
        reason = f"{state.problem_of_head}: no change can be made until that is put right"
        return _degraded(500, "connected", migrations, reason)
    if state.read_only:
        return _degraded(503, "disconnected", migrations, "the database is read-only")
    return {
        "status": "ok",
        "database": "connected",
        "migrations": migrations,
        "reason": None,
        "warnings": weaknesses.found(),
        "version": __version__,
    }


def _degraded(status: int, state: str, migrations: str | None, reason: str) -> ResponseReturnValue:
    body = {
        "status": "degraded",
        "database": state,
        "migrations": migrations,
        "reason": reason,
        "warnings": weaknesses.found(),
        "version": __version__,
    }
    return body, status, {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}


def _folders() -> tuple[Path, ...]:
    return (
        MIGRATIONS / "versions",
        *(area.migrations for area in areas() if area.migrations is not None),
    )


@blp.route("/livez", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, LiveSchema)
def livez(query: dict[str, str | None]) -> dict[str, str]:
    """The process is up. Never asks the database."""
    return {"status": "ok"}
