"""The components on the board: what state each is in."""

from pathlib import Path

from coord.area import BoardList, BoardPart
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
    found = repository.find(db, _ALL, None, MAX_COMPONENTS - 1)
    return [{**row, "name": f"{row['project_key']}/{row['component']}"} for row in found]


board = BoardPart(
    folder=Path(__file__).parent / "static",
    lists=(
        BoardList(
            "components", BoardComponentSchema, "name", frozenset({"component"}), _components
        ),
    ),
)
