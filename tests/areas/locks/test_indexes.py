"""What a list of locks reads of a long history: little more than it shows, whatever it is filtered
by.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from coord.areas.locks import repository
from coord.store import Reader, Row, Statement, database, read
from coord.testing import empty_tables

LOCKS = 8_000
HELD = 40
LIMIT = 9
STEPS_A_ROW = 60  # of SQLite's machine, with a lock's twenty columns and the sorting of some

_COLUMNS = (
    "revision, id, project_key, resource, resource_key, tree, session_id, mode, ttl_hours,"
    " fencing_token, acquired_at, last_activity_at, stale_at, released_at, digest"
)
_PAST = "'2026-01-01 00:00:00.000000'"


def fill(app: Flask) -> None:
    """Half of the locks are of one name and one session, the others of many; all but a few are
    released.
    """
    with app.app_context(), database.engine.connect() as connection:
        is_mariadb = database.engine.dialect.name == "mariadb"
        numbers = (
            f"(SELECT seq AS n FROM seq_1_to_{LOCKS}) s"
            if is_mariadb
            else f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n <"
            f" {LOCKS}) SELECT n FROM s) s"
        )
        hexed = "LPAD(HEX(n), 12, '0')" if is_mariadb else "printf('%012x', n)"

        def concat(*parts: str) -> str:
            return f"CONCAT({', '.join(parts)})" if is_mariadb else " || ".join(parts)

        own_name, own_session = concat("'src/f'", "n"), concat("'host/'", "n")
        name = f"CASE WHEN n & 1 THEN 'src/hot.py' ELSE {own_name} END"
        session = f"CASE WHEN n & 1 THEN 'host/busy' ELSE {own_session} END"
        identity = concat("'00000000-0000-4000-8000-'", hexed)
        released = f"CASE WHEN n > {LOCKS - HELD} THEN NULL ELSE {_PAST} END"
        connection.exec_driver_sql(
            f"INSERT INTO locks ({_COLUMNS}) SELECT n, {identity}, 'shop', {name}, {name}, 0,"
            f" {session}, 'shared', 2, n, {_PAST}, {_PAST}, {_PAST}, {released}, 'd' FROM {numbers}"
        )
        connection.exec_driver_sql(
            "ANALYZE TABLE locks" if is_mariadb else "SELECT 1"  # SQLite has no statistics
        )


@pytest.fixture(scope="module")
def filled(database_app: Flask) -> Iterator[Flask]:
    empty_tables(database_app)
    fill(database_app)
    yield database_app
    empty_tables(database_app)


class Counting(Reader):
    """Counts the rows that its statements examine; on SQLite what its machine does for them."""

    examined = 0

    def rows(self, statement: Statement, /, **values: Any) -> list[Row]:
        if self.dialect.name == "sqlite":
            return self._counting_steps(statement, values)
        before = self._handled()
        found = super().rows(statement, **values)
        self.examined += self._handled() - before
        return found

    def _counting_steps(self, statement: Statement, values: Row) -> list[Row]:
        steps = [0]

        def step() -> None:
            steps[0] += 100

        self._connection.set_progress_handler(step, 100)
        try:
            return super().rows(statement, **values)
        finally:
            self._connection.set_progress_handler(None, 0)
            self.examined += steps[0] // STEPS_A_ROW

    def _handled(self) -> int:
        cursor = self.cursor()
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        total = sum(
            int(value)
            for name, value in cursor.fetchall()
            if not name.startswith("Handler_read_rnd")
        )
        cursor.close()
        return total


def examined_by(app: Flask, question: Any) -> tuple[int, int]:
    """Rows examined and returned."""

    def counted(db: Reader) -> tuple[int, int]:
        counting = Counting(db._connection)
        returned = len(question(counting))
        return counting.examined, returned

    with app.app_context():
        return read(counted)


FILTERS = [
    dict(zip(("state", "project_key", "session_id", "resource", "stale"), each, strict=True))
    for each in itertools.product(
        ("active", "released", "all"),
        (None, "shop"),
        (None, "host/busy", "nobody"),
        (None, "src/hot.py", "src/f4000", "nothing"),
        (None, True, False),
    )
]
FILTERS = [  # of a resource's past and a session's the session's is read: it is the shorter one
    each
    for each in FILTERS
    if each["state"] == "active" or None in (each["session_id"], each["resource"])
]


@pytest.mark.parametrize("after", [None, LOCKS // 2], ids=["first", "paged"])
def test_a_list_reads_little_more_than_it_shows(filled: Flask, after: int | None) -> None:
    too_much = {}
    for filters in FILTERS:
        examined, returned = examined_by(
            filled, lambda db, filters=filters: repository.find(db, filters, after, LIMIT)
        )
        if examined > 20 * returned + 1_000:
            too_much[str({name: value for name, value in filters.items() if value is not None})] = (
                examined,
                returned,
            )
    assert too_much == {}


def test_what_is_due_is_found_without_what_is_not(filled: Flask) -> None:
    examined, _ = examined_by(filled, lambda db: [repository.note_expired(db)])
    assert examined <= 10
