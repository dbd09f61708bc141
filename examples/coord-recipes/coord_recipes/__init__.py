"""Recipes: what one session found out and the next can use."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from marshmallow import fields

from coord.area import Area, BoardList, BoardPart, Gauge, Scope, StatusPart
from coord.store import Reader, Rows
from coord_recipes import repository
from coord_recipes.routes import blp
from coord_recipes.schemas import RecipeSchema
from coord_recipes.tools import recipes, write

IN_STATUS = 49  # and one more, which find adds: a status holds at most 50


def _status(db: Reader, scope: Scope) -> Mapping[str, Any]:
    return {
        "recent_recipes": repository.find(db, scope.project_key, None, IN_STATUS),
        "counts": {"recipes": repository.count(db, scope.project_key)},
    }


def _gauges(db: Reader) -> Iterable[Gauge]:
    yield Gauge("recipes", "Recipes written.", repository.count(db, None))


def _newest(db: Reader) -> Rows:
    return repository.find(db, None, None, IN_STATUS)


board = BoardPart(
    folder=Path(__file__).parent / "static",
    lists=(BoardList("recipes", RecipeSchema, "id", frozenset({"recipe"}), _newest),),
)

area = Area(
    name="recipes",
    blueprint=blp,
    status=StatusPart(
        fields={"recent_recipes": fields.List(fields.Nested(RecipeSchema))}, read=_status
    ),
    gauges=_gauges,
    tools=(write, recipes),
    board=board,
    migrations=Path(__file__).parent / "migrations",
)
