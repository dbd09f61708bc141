"""What the recipes area takes and answers."""

from coord.web import Body, PageQuery, ProjectKey, Schema, SessionId, Text, Time, Uuid, list_of
from coord_recipes.models import TITLE_LENGTH

TEXT_LENGTH = 20_000


class RecipeSchema(Schema):
    """A recipe."""

    id = Uuid(required=True)
    project_key = ProjectKey(required=True)
    title = Text(max_length=TITLE_LENGTH, required=True)
    text = Text(max_length=TEXT_LENGTH, required=True)
    created_by = SessionId(required=True)
    created_at = Time(required=True)
    changed_at = Time(required=True)


RecipeList = list_of(RecipeSchema)


class WriteSchema(Body):
    """A new recipe."""

    example = {
        "project_key": "shop",
        "session_id": "web-1/agent",
        "title": "Build offline",
        "text": "make wheels",
    }

    id = Uuid(
        load_default=None,
        metadata={"description": "Chosen by the client: repeating the call writes nothing twice."},
    )
    project_key = ProjectKey(required=True)
    session_id = SessionId(required=True)
    title = Text(max_length=TITLE_LENGTH, min_length=1, required=True)
    text = Text(max_length=TEXT_LENGTH, min_length=1, required=True)


class EditSchema(Body):
    """What an edit changes."""

    session_id = SessionId(required=True)
    text = Text(max_length=TEXT_LENGTH, min_length=1, required=True)


class RecipesQuery(PageQuery):
    """Which recipes to list."""

    project_key = ProjectKey(load_default=None)
