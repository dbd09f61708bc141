"""What the database is set to that takes something away from coord's promises, and that no call
would meet: an operator is told before it costs something.
"""

import logging
import time
from dataclasses import dataclass, field

import sqlalchemy as sa

from coord.live import memory
from coord.store import Prepared, Reader, Rows, database, read

log = logging.getLogger(__name__)

EVERY_S = 60.0
COLLATIONS = ("utf8mb4_nopad_bin", "utf8mb4_bin")  # the second is that of JSON

_DURABILITY = Prepared(
    sa.select(
        sa.literal_column("@@global.innodb_flush_log_at_trx_commit", sa.Integer).label("flush"),
        sa.literal_column("@@global.log_bin + 0", sa.Integer).label("has_binary_log"),
        sa.literal_column("@@global.sync_binlog", sa.Integer).label("sync"),
    )
)


def _described(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns), schema="information_schema")


_tables = _described("tables", "table_schema", "table_name", "engine").c
_columns = _described("columns", "table_schema", "table_name", "collation_name").c
_here = sa.func.database()
_ENGINES = Prepared(
    sa.select(_tables.table_name.label("name"), _tables.engine.label("kind")).where(
        _tables.table_schema == _here, _tables.engine != sa.literal("InnoDB")
    )
)
_COLLATIONS = Prepared(
    sa.select(_columns.table_name.label("name"), _columns.collation_name.label("kind"))
    .where(_columns.table_schema == _here, _columns.collation_name.not_in(COLLATIONS))
    .distinct()
)


@dataclass
class _Found:
    """What this process found last, and when it looks again."""

    weaknesses: list[str] = field(default_factory=list)
    next_at: float = 0.0


def found() -> list[str]:
    """What was found last: a sentence for each."""
    return memory.kept("weaknesses", _Found).weaknesses


def look() -> None:
    """Once a minute in each worker. What is new is said in the log, and that all is well again."""
    last = memory.kept("weaknesses", _Found)
    if time.monotonic() < last.next_at:
        return
    weaknesses = read(find)
    last.next_at = time.monotonic() + EVERY_S
    for sentence in weaknesses:
        if sentence not in last.weaknesses:
            log.warning("%s", sentence)
    if last.weaknesses and not weaknesses:
        log.info("the database is set as coord needs it again")
    last.weaknesses = weaknesses


def find(db: Reader) -> list[str]:
    """SQLite has none: its connections set all of it themselves."""
    if db.dialect.name == "sqlite":
        return []
    return [*_of_durability(db), *_of_tables(db)]


def _of_durability(db: Reader) -> list[str]:
    (row,) = db.rows(_DURABILITY)
    sentences = []
    if row["flush"] != 1:
        sentences.append(
            f"innodb_flush_log_at_trx_commit is {row['flush']}: what was answered may be lost when"
            " the database or its machine fails, and locks be granted again. Set it to 1."
        )
    if row["has_binary_log"] and row["sync"] != 1:
        sentences.append(
            f"sync_binlog is {row['sync']}, with a binary log: what was answered may be lost when"
            " the database's machine fails, and locks be granted again. Set it to 1."
        )
    return sentences


def _of_tables(db: Reader) -> list[str]:
    return [
        *(
            f"The table {row['name']} is {row['kind']}, which undoes no change: make it InnoDB."
            for row in _own(db.rows(_ENGINES))
        ),
        *(
            f"The table {row['name']} compares text as {row['kind']} does, which takes names that"
            " differ for one: make it utf8mb4_nopad_bin."
            for row in _own(db.rows(_COLLATIONS))
        ),
    ]


def _own(rows: Rows) -> Rows:
    return sorted(
        (row for row in rows if row["name"] in database.metadata.tables),
        key=lambda row: str(row["name"]),
    )
