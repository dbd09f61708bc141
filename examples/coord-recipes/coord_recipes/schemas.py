"""What the recipes area takes and answers."""

from coord.web import Body, PageQuery, ProjectKey, Schema, SessionId, Text, Time, Uuid, list_of
from coord_recipes.models import TITLE_LENGTH


class RecipeSchema(Schema):
    """A recipe."""

    id = Uuid(required=True)
    project_key = ProjectKey(required=True)
    title = Text(max_length=TITLE_LENGTH, required=True)
    text = Text(max_length=20_000, required=True)
    created_by = SessionId(required=True)
    created_at = Time(required=True)


RecipeList = list_of(RecipeSchema)


class WriteSchema(Body):
    """A new recipe."""

    id = Uuid(load_default=None, metadata={"description": "Chosen by the client, so that a repeated call writes nothing twice."})
    project_key = ProjectKey(required=True)
    session_id = SessionId(required=True)
    title = Text(max_length=TITLE_LENGTH, min_length=1, required=True)
    text = Text(max_length=20_000, min_length=1, required=True)


class RecipesQuery(PageQuery):
    """Which recipes to list."""

    project_key = ProjectKey(load_default=None)
