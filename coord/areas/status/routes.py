"""HTTP of the status area."""

from typing import Any

from flask import current_app

from coord.area import Scope, areas
from coord.areas.status import repository
from coord.areas.status.schemas import StatusQuery, StatusSchema
from coord.store import read
from coord.web import Blueprint

blp = Blueprint("status", __name__, url_prefix="/status", description="Everything at a glance.")


@blp.route("", methods=["GET"])
@blp.arguments(StatusQuery)
@blp.response(200, StatusSchema)
def status(query: dict[str, Any]) -> Any:
    """The overview of a project, or of everything. With `session_id`, unread messages are counted for that session."""
    parts = [area.status for area in areas() if area.status is not None]
    return current_app.json.response(read(repository.overview, parts, Scope(query["project_key"], query["session_id"])))
