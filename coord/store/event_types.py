"""Which types of events the journal has, and what each is about.

They are found by skipping along an index, which is some forty reads of it, however long the journal
is.
"""

import sqlalchemy as sa

from coord.store.journal import JournalEntry
from coord.store.ranges import along
from coord.store.reader import Reader
from coord.store.statements import Prepared

BY_TYPE = "ix_journal_type_revision"

_entry = JournalEntry.__table__


def _skipping() -> Prepared:
    """For SQLite: each type is sought behind the one before."""

    def next_type(*after: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
        entries = _entry.alias("following")
        query = sa.select(entries.c.type).where(*(entries.c.type > last for last in after))
        query = query.order_by(entries.c.type).limit(1)
        return along(query, entries, BY_TYPE).scalar_subquery()

    types = sa.select(next_type().label("type")).cte("types", recursive=True)
    types = types.union_all(sa.select(next_type(types.c.type)).where(types.c.type.is_not(None)))
    kinds = sa.select(_entry.c.subject_kind).where(_entry.c.type == types.c.type)
    kind = along(kinds.limit(1), _entry, BY_TYPE).correlate(types).scalar_subquery()
    is_type = types.c.type.is_not(None)
    return Prepared(sa.select(types.c.type, kind.label("subject_kind")).where(is_type))


def _grouped() -> Prepared:
    """For MariaDB, which skips by itself when it groups, and only then."""
    newest = sa.select(sa.func.max(_entry.c.revision).label("revision")).group_by(_entry.c.type)
    newest_of_types = along(newest, _entry, BY_TYPE).subquery("newest")
    by_key = newest_of_types.c.revision == _entry.c.revision
    return Prepared(sa.select(_entry.c.type, _entry.c.subject_kind).join(newest_of_types, by_key))


_TYPES = {"sqlite": _skipping(), "mariadb": _grouped()}


def event_types(db: Reader) -> dict[str, str]:
    """The kind of subject by type: all events of a type are about the same."""
    return {row["type"]: row["subject_kind"] for row in db.rows(_TYPES[db.dialect.name])}
