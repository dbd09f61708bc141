"""How many rows a database examines for calls of an app that nobody else calls."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from coord.store import database
from tests.databases import MariaDB

STEPS_A_ROW = 60  # of SQLite's machine, with a lock's twenty columns and the sorting of some

Counter = Callable[[], int]


@contextmanager
def rows_of_sqlite(app: Flask) -> Iterator[Counter]:
    """What its machine did for each row that it met."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 100

    def count(connection: Any, record: Any, proxy: Any) -> None:
        connection.set_progress_handler(step, 100)

    with app.app_context():
        engine = database.engine
    engine.dispose()
    event.listen(engine, "checkout", count)
    yield lambda: steps // STEPS_A_ROW
    event.remove(engine, "checkout", count)
    engine.dispose()


@contextmanager
def rows_of_mariadb(server: MariaDB) -> Iterator[Counter]:
    """By the server's own count, of which asking for it is a part."""
    with server.admin() as admin, admin.cursor() as cursor:

        def handled() -> int:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Handler_read%'")
            return sum(int(value) for _, value in cursor.fetchall())

        cost = -handled() + handled()
        asked = 0

        def examined() -> int:
            nonlocal asked
            asked += 1
            return handled() - asked * cost

        yield examined


def counting_rows(app: Flask, request: pytest.FixtureRequest) -> AbstractContextManager[Counter]:
    """What it gives says how many were examined so far."""
    with app.app_context():
        is_sqlite = database.engine.dialect.name == "sqlite"
    return rows_of_sqlite(app) if is_sqlite else rows_of_mariadb(request.getfixturevalue("mariadb"))
