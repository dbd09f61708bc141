"""Every SQL statement of the recipes area.

Functions read, and return rows or a decision; none of them commits.
"""

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
_BY_TITLE = Prepared(
    sa.select(*_c).where(_c.project_key == param("project_key"), _c.title == param("title"))
)

_new = {
    name: param(name, type_=_c[name].type)
    for name in ("id", "project_key", "title", "text", "created_by", "digest")
}
# Revision and time are the journal's, so the recipe and its event agree. The unique keys guard
# against a second one.
_INSERT = Prepared(
    sa.insert(_recipes).values(
        {
            **_new,
            "revision": journal.revision,
            "changed": journal.revision,
            "created_at": journal.moment,
            "changed_at": journal.moment,
        }
    )
)
# Touches no row when somebody else has changed the recipe since it was read.
_EDIT = Prepared(
    sa.update(_recipes)
    .where(_c.id == param("recipe_id"), _c.changed == param("expected"))
    .values(text=param("new_text"), changed=journal.revision, changed_at=journal.moment)
)


def write(db: Reader, recipe_id: str, wanted: Row) -> Decision[tuple[Row, bool]]:
    """`(recipe, created)`.

    Raises TitleTaken and IdConflict. May be repeated: with an id it stores nothing twice.
    """
    content = {name: wanted[name] for name in ("project_key", "title", "text")} | {
        "created_by": wanted["session_id"]
    }
    content_digest = digest(content)
    stored = db.row(_BY_ID, id=recipe_id)
    if stored is not None:
        must_match(stored, content_digest, "recipe")
        return Answer((stored, False))
    namesake = db.row(_BY_TITLE, project_key=wanted["project_key"], title=wanted["title"])
    if namesake is not None:
        raise TitleTaken(namesake)
    change: Change[tuple[Row, bool]] = Change()
    change.add(_INSERT, {"id": recipe_id, "digest": content_digest, **content}, expect=1)
    change.record(_event("recipe.written", {"id": recipe_id, **content}, wanted["session_id"]))
    change.answer_with(lambda rows: (rows[0], True), _BY_ID, {"id": recipe_id})
    return change


def edit(db: Reader, recipe_id: str, session_id: str, text: str) -> Decision[Row]:
    """The recipe, with another text.

    Raises NotFound. May be repeated: what is so already changes nothing.
    """
    recipe = get(db, recipe_id)
    if recipe["text"] == text:
        return Answer(recipe)
    change: Change[Row] = Change()
    change.add(
        _EDIT, {"recipe_id": recipe_id, "expected": recipe["changed"], "new_text": text}, expect=1
    )
    change.record(_event("recipe.edited", recipe, session_id))
    change.answer_with(lambda rows: rows[0], _BY_ID, {"id": recipe_id})
    return change


def _event(kind: str, recipe: Row, session_id: str) -> Event:
    return Event(
        kind, "recipe", recipe["id"], recipe["project_key"], session_id, {"title": recipe["title"]}
    )


def get(db: Reader, recipe_id: str) -> Row:
    """One recipe. Raises NotFound."""
    recipe = db.row(_BY_ID, id=recipe_id)
    if recipe is None:
        raise NotFound(f"There is no recipe {recipe_id}. All are listed at /api/coord/recipes.")
    return recipe


def find(db: Reader, project_key: str | None, after: int | None, limit: int) -> Rows:
    """`limit + 1` recipes at most, newest first, older than the revision `after`."""
    query = sa.select(*_c).order_by(_c.revision.desc()).limit(limit + 1)
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
