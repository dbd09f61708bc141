"""Every SQL statement of the recipes area. Functions look, and return a Change or an answer; none of them commits."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord import journal
from coord.change import Change, Look, Rows
from coord.creation import digest, must_match
from coord.errors import NotFound
from coord.journal import Event
from coord.statements import Prepared
from coord_recipes.errors import TitleTaken
from coord_recipes.models import Recipe

Row = dict[str, Any]

_recipes = Recipe.__table__
_c = _recipes.c

_BY_ID = Prepared(sa.select(*_c).where(_c.id == param("id")))
_BY_TITLE = Prepared(sa.select(*_c).where(_c.project_key == param("project_key"), _c.title == param("title")))

_values = {
    "revision": journal.revision,
    **{name: param(name, type_=_c[name].type) for name in ("id", "project_key", "title", "text", "created_by", "digest")},
    "created_at": journal.moment,
}
# The revision and the time are the journal's, so the recipe and its event agree. The unique keys guard against a second one.
_INSERT = Prepared(sa.insert(_recipes).values(_values))


def write(look: Look, recipe_id: str, wanted: Row) -> Any:
    """Stores a recipe: `(recipe, created)`. Raises TitleTaken and IdConflict. May be repeated: with an id it stores nothing twice."""
    stored = {name: wanted[name] for name in ("project_key", "title", "text")} | {"created_by": wanted["session_id"]}
    sign = digest(stored)
    same = look.row(_BY_ID, id=recipe_id)
    if same is not None:
        must_match(same, sign, "recipe")
        return same, False
    taken = look.row(_BY_TITLE, project_key=wanted["project_key"], title=wanted["title"])
    if taken is not None:
        raise TitleTaken(taken)
    change = Change()
    change.add(_INSERT, rows=1, id=recipe_id, digest=sign, **stored)
    change.record(Event("recipe.written", "recipe", recipe_id, wanted["project_key"], wanted["session_id"], {"title": wanted["title"]}))
    change.answering(_BY_ID, id=recipe_id)
    change.finish = lambda rows: (rows[0], True)
    return change


def get(look: Look, recipe_id: str) -> Row:
    """One recipe. Raises NotFound."""
    recipe = look.row(_BY_ID, id=recipe_id)
    if recipe is None:
        raise NotFound(f"There is no recipe {recipe_id}. All are listed at /api/coord/recipes.")
    return recipe


def find(look: Look, project_key: str | None, after: int | None, limit: int) -> Rows:
    """At most `limit` recipes, newest first, older than the revision `after`."""
    query = sa.select(*_c).order_by(_c.revision.desc()).limit(limit)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    if after is not None:
        query = query.where(_c.revision < after)
    return look.rows(query)


def count(look: Look, project_key: str | None) -> int:
    """How many recipes there are, exactly."""
    query = sa.select(sa.func.count()).select_from(_recipes)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    return int(look.value(query))
