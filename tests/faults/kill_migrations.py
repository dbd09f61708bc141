"""A program for tests: migrates a database in child processes that are killed (SIGKILL) at one
statement after the other, and started again, until one gets to the end.

    python -m tests.faults.kill_migrations upgrade|downgrade REVISION before|after

`after`: when a statement was answered and nothing else was done. `before`: as if the server had
died as well, after it began with a DDL statement, which commits what was before, and before that
took hold.
Prints how many were killed.
"""

import os
import signal
import sys
from typing import Any

import pymysql
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from coord.app import create_app
from coord.store import database

MOVES = {"upgrade": upgrade, "downgrade": downgrade}
DDL = ("CREATE", "ALTER", "DROP", "RENAME")
DATA = ("INSERT", "UPDATE", "DELETE")
NOTES = "migration_progress"
SCHEMA = sa.text(
    "SELECT table_name, column_name, column_type FROM information_schema.columns"
    " WHERE table_schema = DATABASE() ORDER BY 1, 2"
)
INDEXES = sa.text(
    "SELECT table_name, index_name FROM information_schema.statistics"
    " WHERE table_schema = DATABASE() ORDER BY 1, 2"
)


def kill_at(nth: int, when: str) -> None:
    """This process is killed at the nth statement that changes something."""
    send, commit = pymysql.connections.Connection.query, pymysql.connections.Connection.commit
    kinds = DDL if when == "before" else DDL + DATA
    seen = 0

    def count(connection: Any, then: Any, *arguments: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == nth and when == "before":
            commit(connection)
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            answer = then(connection, *arguments)
        except pymysql.err.MySQLError:  # it was carried out before: nothing has changed
            seen -= 1
            raise
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    def query(connection: Any, sql: str | bytes, unbuffered: bool = False) -> Any:
        text = sql if isinstance(sql, str) else sql.decode()
        if text.lstrip().upper().startswith(kinds) and NOTES not in text:
            return count(connection, send, sql, unbuffered)
        return send(connection, sql, unbuffered)

    driver: Any = pymysql.connections.Connection
    driver.query = query
    if when == "after":
        driver.commit = lambda connection: count(connection, commit)


def is_finished(app: Flask, move: str, revision: str, nth: int, when: str) -> bool:
    child = os.fork()
    if not child:
        kill_at(nth, when)
        with app.app_context():
            MOVES[move](revision=revision)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    if status:
        sys.exit("a migration that was killed could not be run again")
    return True


def state(app: Flask) -> list[Any]:
    """What is committed."""
    with app.app_context(), database.engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(SCHEMA)]
        found += [tuple(row) for row in connection.execute(INDEXES)]
        for name in {row[0] for row in found} & {NOTES, "alembic_version"}:
            found += [tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {name}"))]
        database.engine.dispose()
    return found


def main(move: str, revision: str, when: str) -> None:
    app = create_app({"TESTING": True})
    killed, nth, before = 0, 1, state(app)
    while not is_finished(app, move, revision, nth, when):
        killed += 1
        after = state(app)
        nth = nth + 1 if after == before else 1
        before = after
    sys.stdout.write(f"{killed}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
