"""What the recipes area takes and answers."""

from coord.schemas import Body, Page, Project, Schema, Session, Text, Time, Uuid, list_of
from coord_recipes.models import TITLE_LENGTH


class RecipeSchema(Schema):
    """A recipe."""

    id = Uuid(required=True)
    project_key = Project(required=True)
    title = Text(longest=TITLE_LENGTH, required=True)
    text = Text(longest=20_000, required=True)
    created_by = Session(required=True)
    created_at = Time(required=True)


RecipeList = list_of(RecipeSchema)


class WriteSchema(Body):
    """A new recipe."""

    id = Uuid(load_default=None, metadata={"description": "Chosen by the client, so that a repeated call writes nothing twice."})
    project_key = Project(required=True)
    session_id = Session(required=True)
    title = Text(longest=TITLE_LENGTH, shortest=1, required=True)
    text = Text(longest=20_000, shortest=1, required=True)


class RecipesQuery(Page):
    """Which recipes to list."""

    project_key = Project(load_default=None)
