"""HTTP of the recipes area."""

from typing import Any

from coord.errors import IdConflict, NotFound
from coord.ids import new_id
from coord.store import read, transact
from coord.web import Blueprint, Query, cursor_key, paginate
from coord_recipes import repository
from coord_recipes.errors import TitleTaken
from coord_recipes.schemas import RecipeList, RecipeSchema, RecipesQuery, WriteSchema

blp = Blueprint("recipes", __name__, url_prefix="/recipes", description="What one session found out and the next can use.")


@blp.route("", methods=["POST"])
@blp.arguments(WriteSchema)
@blp.response(201, RecipeSchema)
@blp.alt_response(200, schema=RecipeSchema, description="A repeated `id`: the stored recipe.")
@blp.raises(TitleTaken, IdConflict)
def write(body: dict[str, Any]) -> Any:
    """Write a recipe."""
    recipe, created = transact(repository.write, body["id"] or new_id(), body)
    return recipe, 201 if created else 200


@blp.route("", methods=["GET"])
@blp.arguments(RecipesQuery)
@blp.response(200, RecipeList)
def find(query: dict[str, Any]) -> Any:
    """List recipes, newest first."""
    after = cursor_key("recipes", query["cursor"])
    rows = read(repository.find, query["project_key"], after[0] if after else None, query["limit"] + 1)
    return paginate("recipes", rows, query["limit"], lambda row: [row["revision"]])


@blp.route("/<uuid:recipe_id>", methods=["GET"])
@blp.arguments(Query)
@blp.response(200, RecipeSchema)
@blp.raises(NotFound)
def get(query: dict[str, Any], recipe_id: Any) -> Any:
    """One recipe."""
    return read(repository.get, str(recipe_id))
