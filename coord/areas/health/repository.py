"""The probe: it reads a table, so a node that has lost its cluster does not pass, and sees whether
the database takes writes.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from coord.store import READ_ONLY, JournalHead, Prepared, Reader, journal, sqlite

_versions = sa.table("alembic_version", sa.column("version_num", sa.String))

_PROBE = Prepared(sa.select(_versions.c.version_num, sa.literal(0, sa.Integer).label("read_only")))
# takes the writer's place, touches no row
_WRITE_NOTHING = Prepared(
    sa.update(JournalHead).where(sa.false()).values(revision=JournalHead.revision)
)
_PROBE_MARIADB = Prepared(
    sa.select(
        _versions.c.version_num,
        sa.literal_column(READ_ONLY, sa.Integer).label("read_only"),
    )
)


@dataclass(frozen=True)
class State:
    """The migrations that the database has, whether it refuses writes, and what is wrong with the
    head of the journal, if anything is.
    """

    migrations: frozenset[str]
    read_only: bool
    problem_of_head: str | None


def probe(db: Reader) -> State:
    """SQLite raises its reason for refusing writes."""
    if db.dialect.name == "sqlite":
        with sqlite.writer():
            db.rows(_WRITE_NOTHING)
    rows = db.rows(_PROBE if db.dialect.name == "sqlite" else _PROBE_MARIADB)
    migrations = frozenset(row["version_num"] for row in rows)
    return State(migrations, any(row["read_only"] for row in rows), journal.problem_of_head(db))


@dataclass(frozen=True)
class Histories:
    """The migrations of this version, its areas' included, and the last of each history."""

    revisions: frozenset[str]
    heads: frozenset[str]


@lru_cache(maxsize=8)
def histories(folders: tuple[Path, ...]) -> Histories:
    first, *_ = folders
    script = ScriptDirectory(
        str(first.parent), version_locations=[str(folder) for folder in folders]
    )
    revisions = frozenset(revision.revision for revision in script.walk_revisions())
    return Histories(revisions, frozenset(script.get_heads()))


@dataclass(frozen=True)
class Schema:
    """How the database's tables stand to the code: `behind` by these migrations, or `newer` by
    those.
    """

    behind: frozenset[str] = frozenset()
    newer: frozenset[str] = frozenset()


def compare(code: Histories, applied: frozenset[str]) -> Schema:
    """`applied`: the last migration of each history that the database has.

    One that the code does not know is newer than a head that is missing, or of an area that is no
    longer here.
    """
    missing = code.heads - applied
    unknown = applied - code.revisions
    if (applied & code.revisions) - code.heads or len(missing) > len(unknown):
        return Schema(behind=missing)
    return Schema(newer=unknown if missing else frozenset())
