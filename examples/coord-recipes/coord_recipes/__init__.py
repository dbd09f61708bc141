"""Recipes: what one session found out and the next can use."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from marshmallow import fields

from coord.area import Area, Gauge, Scope, StatusPart
from coord.change import Look
from coord_recipes import repository
from coord_recipes.routes import blp
from coord_recipes.schemas import RecipeSchema
from coord_recipes.tools import recipes, write

SHOWN_IN_STATUS = 50


def _status(look: Look, scope: Scope) -> Mapping[str, Any]:
    return {
        "recent_recipes": repository.find(look, scope.project_key, None, SHOWN_IN_STATUS),
        "counts": {"recipes": repository.count(look, scope.project_key)},
    }


def _gauges(look: Look) -> Iterable[Gauge]:
    yield Gauge("recipes", "Recipes written.", repository.count(look, None))


area = Area(
    name="recipes",
    blueprint=blp,
    status=StatusPart(fields={"recent_recipes": fields.List(fields.Nested(RecipeSchema))}, read=_status),
    gauges=_gauges,
    tools=(write, recipes),
    migrations=Path(__file__).parent / "migrations",
)
