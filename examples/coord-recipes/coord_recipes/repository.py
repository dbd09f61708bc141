"""Every SQL statement of the recipes area. Functions read, and return a decision; none of them commits."""

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.errors import NotFound
from coord.ids import digest, must_match
from coord.store import Answer, Change, Decision, Event, Prepared, Reader, Row, Rows, journal
from coord_recipes.errors import TitleTaken
from coord_recipes.models import Recipe

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


def write(db: Reader, recipe_id: str, wanted: Row) -> Decision[tuple[Row, bool]]:
    """Stores a recipe: `(recipe, created)`. Raises TitleTaken and IdConflict. May be repeated: with an id it stores nothing twice."""
    stored = {name: wanted[name] for name in ("project_key", "title", "text")} | {"created_by": wanted["session_id"]}
    sign = digest(stored)
    same = db.row(_BY_ID, id=recipe_id)
    if same is not None:
        must_match(same, sign, "recipe")
        return Answer((same, False))
    taken = db.row(_BY_TITLE, project_key=wanted["project_key"], title=wanted["title"])
    if taken is not None:
        raise TitleTaken(taken)
    change: Change[tuple[Row, bool]] = Change()
    change.add(_INSERT, {"id": recipe_id, "digest": sign, **stored}, expect=1)
    change.record(Event("recipe.written", "recipe", recipe_id, wanted["project_key"], wanted["session_id"], {"title": wanted["title"]}))
    change.answer_with(lambda rows: (rows[0], True), _BY_ID, {"id": recipe_id})
    return change


def get(db: Reader, recipe_id: str) -> Row:
    """One recipe. Raises NotFound."""
    recipe = db.row(_BY_ID, id=recipe_id)
    if recipe is None:
        raise NotFound(f"There is no recipe {recipe_id}. All are listed at /api/coord/recipes.")
    return recipe


def find(db: Reader, project_key: str | None, after: int | None, limit: int) -> Rows:
    """At most `limit` recipes, newest first, older than the revision `after`."""
    query = sa.select(*_c).order_by(_c.revision.desc()).limit(limit)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    if after is not None:
        query = query.where(_c.revision < after)
    return db.rows(query)


def count(db: Reader, project_key: str | None) -> int:
    """How many recipes there are, exactly."""
    query = sa.select(sa.func.count()).select_from(_recipes)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    return int(db.value(query))
