"""The components on the board: what state each is in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coord.area import BoardList, BoardPart, PastItem, PastList
from coord.areas.components import repository
from coord.areas.components.rows import ListComponents
from coord.areas.components.schemas import ComponentSchema
from coord.store import Reader, Rows
from coord.web import Text

MAX_COMPONENTS = 1_000
_ALL: ListComponents = {
    "project_key": None,
    "component": None,
    "state": None,
    "cursor": None,
    "limit": MAX_COMPONENTS,
}


class BoardComponentSchema(ComponentSchema):
    """A component, with the one field that names it."""

    name = Text(
        required=True,
        max_length=310,
        metadata={"description": "`<project_key>/<component>`, as the journal names it."},
    )


def _components(db: Reader) -> Rows:
    rows = repository.find(db, _ALL, None, MAX_COMPONENTS - 1)
    return [{**row, "name": f"{row['project_key']}/{row['component']}"} for row in rows]


def _stood(entry: Mapping[str, Any]) -> PastItem | None:
    if entry["type"] == "component.retired":
        return None
    data = entry["data"]
    text = " ".join(filter(None, (data["component"], data["version"])))
    to = ("component", entry["project_key"], data["component"])
    return PastItem(text, data["state"], entry["session_id"], to)


board = BoardPart(
    folder=Path(__file__).parent / "static",
    past=PastList("Components", ("component.changed", "component.retired"), _stood),
    lists=(
        BoardList(
            "components", BoardComponentSchema, "name", frozenset({"component"}), _components
        ),
    ),
)
