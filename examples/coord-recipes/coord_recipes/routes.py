"""HTTP of the recipes area."""

from typing import Any
from uuid import UUID

from coord.errors import IdConflict, NotFound
from coord.ids import new_id
from coord.store import Row, read, transact
from coord.web import Blueprint, Query, cursor_key, paginate
from coord_recipes import repository
from coord_recipes.errors import TitleTaken
from coord_recipes.schemas import EditSchema, RecipeList, RecipeSchema, RecipesQuery, WriteSchema

blp = Blueprint(
    "recipes",
    __name__,
    url_prefix="/recipes",
    description="What one session found out and the next can use.",
)


@blp.route("", methods=["POST"])
@blp.arguments(WriteSchema)
@blp.response(201, RecipeSchema)
@blp.alt_response(200, schema=RecipeSchema, description="A repeated `id`: the stored recipe.")
@blp.raises(TitleTaken, IdConflict)
def write(body: dict[str, Any]) -> tuple[Row, int]:
    """Write a recipe."""
    recipe, created = transact(repository.write, body["id"] or new_id(), body)
    return recipe, 201 if created else 200


@blp.route("", methods=["GET"])
@blp.arguments(RecipesQuery)
@blp.response(200, RecipeList)
def find(query: dict[str, Any]) -> Row:
    """List recipes, newest first."""
    after = cursor_key("recipes", query["cursor"])
    rows = read(repository.find, query["project_key"], after[0] if after else None, query["limit"])
    return paginate("recipes", rows, query["limit"], lambda row: [row["revision"]])


@blp.route("/<uuid:recipe_id>", methods=["GET"])
@blp.arguments(Query)
@blp.response(200, RecipeSchema)
@blp.raises(NotFound)
def get(query: dict[str, Any], recipe_id: UUID) -> Row:
    """One recipe."""
    return read(repository.get, str(recipe_id))


@blp.route("/<uuid:recipe_id>", methods=["PATCH"])
@blp.arguments(EditSchema)
@blp.response(200, RecipeSchema)
@blp.raises(NotFound)
def edit(body: dict[str, Any], recipe_id: UUID) -> Row:
    """Edit a recipe. Repeating it is fine."""
    return transact(repository.edit, str(recipe_id), body["session_id"], body["text"])
