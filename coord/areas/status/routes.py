"""HTTP of the status area."""

from flask import current_app
from flask.typing import ResponseReturnValue

from coord.area import Scope, areas
from coord.areas.status import repository
from coord.areas.status.schemas import StatusQuery, StatusSchema
from coord.store import read
from coord.web import Blueprint

blp = Blueprint("status", __name__, url_prefix="/status", description="Everything at a glance.")


@blp.route("", methods=["GET"])
@blp.arguments(StatusQuery)
@blp.response(200, StatusSchema)
def status(query: dict[str, str | None]) -> ResponseReturnValue:
    """The overview of a project, or of everything.

    With `session_id`, unread messages are counted for that session.
    """
    scope = Scope(query["project_key"], query["session_id"])
    return current_app.json.response(read(repository.overview, areas(), scope))
