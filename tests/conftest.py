"""Fixtures: an app on each database, a client that speaks as an agent does, and a clock that tests move.

Most tests take `client`, and run once on SQLite and once on MariaDB. The app is made once per database; each test starts with empty tables.
"""

import datetime as dt
import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event

from coord.app import create_app
from coord.live import activity
from coord.store import database, engine, journal, now
from tests.databases import MariaDB, mariadb_missing, private_mariadb

BASE = "/api/coord"
OF_THE_CALLER = ("COORD_", "CLAUDE", "GIT_", "XDG_", "FLASK_", "PYTHONWARNINGS", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


def be_nobody_in_particular() -> None:
    """The same process whoever starts it, and from where: what it leaves to its children is what a fresh login would.

    Without the settings of the caller's own coord, Claude Code and git. What a shell's `&` or nohup ignores is still survived, but by a
    handler, which unlike SIG_IGN does not reach a program that is started.
    """
    for name in list(os.environ):
        if name.startswith(OF_THE_CALLER) and not name.startswith("COORD_TEST_"):
            del os.environ[name]
    os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda number, frame: None)


if "libfaketime" in os.environ.get("LD_PRELOAD", "") and "FAKETIME_GAPS_SINCE" not in os.environ:
    raise pytest.UsageError("faketime alone stops Python's waits as well: run `make test` under it, or tools/on-day.sh +400d COMMAND")
be_nobody_in_particular()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB server of this test run's own (one per worker of a parallel run). Tests that break it start their own instead."""
    missing = mariadb_missing()
    if missing:
        pytest.skip(f"MariaDB tests are left out: {missing}")
    with tempfile.TemporaryDirectory(prefix="coord-mariadb-") as folder, private_mariadb(Path(folder) / "db") as server:
        yield server


def make_app(url: str, **settings: Any) -> Flask:
    """An app on a migrated database."""
    app = create_app({"DATABASE_URL": url, "TESTING": True, **settings})
    with app.app_context():
        upgrade(revision="heads")
    return app


@pytest.fixture(scope="session")
def sqlite_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return make_app(f"sqlite:///{tmp_path_factory.mktemp('db')}/coord.db")


@pytest.fixture(scope="session")
def mariadb_app(mariadb: MariaDB) -> Flask:
    return make_app(mariadb.create_database("tests"))


@pytest.fixture(scope="session", params=["sqlite", "mariadb"])
def database_app(request: pytest.FixtureRequest) -> Flask:
    """The app on one of the databases; pytest makes this anew for each file, what it stands on only once."""
    app: Flask = request.getfixturevalue(f"{request.param}_app")
    return app


def empty(app: Flask) -> None:
    """Every table as a fresh migration leaves it, and nobody noted as having called."""
    activity.install(app)
    with app.app_context(), database.engine.connect() as connection:
        for table in reversed(database.metadata.sorted_tables):
            if table.name != journal.JournalHead.__tablename__:
                connection.execute(sa.delete(table))
        connection.execute(sa.update(journal.JournalHead).values(revision=0, trimmed=0, at=now()))


@pytest.fixture
def app(database_app: Flask) -> Flask:
    empty(database_app)
    return database_app


class Agent:
    """Calls the service as an agent does and gives back the answer with its JSON at hand."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def call(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        if body is not None:
            kwargs |= {"data": json.dumps(body), "content_type": "application/json"}
        if path.startswith("/") and not path.startswith(("/health", "/livez", "/openapi", "/docs", "/metrics", "/llms", "/mcp", "/client")):
            path = BASE + path
        return self.client.open(path, method=method, **kwargs)

    def get(self, path: str, **params: Any) -> Any:
        return self.call("GET", path, query_string=params)

    def post(self, path: str, **body: Any) -> Any:
        return self.call("POST", path, body)

    def put(self, path: str, **body: Any) -> Any:
        return self.call("PUT", path, body)

    def patch(self, path: str, **body: Any) -> Any:
        return self.call("PATCH", path, body)

    def delete(self, path: str, **params: Any) -> Any:
        return self.call("DELETE", path, query_string=params)


@pytest.fixture
def client(app: Flask) -> Agent:
    return Agent(app.test_client())


class Clock:
    """The databases' clock, as far ahead of the real one as a test moved it."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def move(self, **duration: float) -> None:
        self.ahead += dt.timedelta(**duration)


@pytest.fixture
def clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Moves the database's own clock: UTC_TIMESTAMP of every MariaDB session, and SQLite's coord_now()."""
    moved = Clock()
    monkeypatch.setattr(engine, "utc_now", lambda: dt.datetime.now(dt.UTC) + moved.ahead)

    def on_checkout(connection: Any, record: Any, proxy: Any) -> None:
        with connection.cursor() as cursor:
            at = (dt.datetime.now(dt.UTC) + moved.ahead).timestamp()
            cursor.execute(f"SET SESSION timestamp = {at:.6f}")

    with app.app_context():
        pool_engine = database.engine
    if pool_engine.dialect.name == "sqlite":
        yield moved
        return
    event.listen(pool_engine, "checkout", on_checkout)
    yield moved
    event.remove(pool_engine, "checkout", on_checkout)
    pool_engine.dispose()


def moved(time: str, **duration: float) -> str:
    """A time as it is answered, moved by a duration."""
    return (dt.datetime.fromisoformat(time) + dt.timedelta(**duration)).isoformat(timespec="microseconds").replace("+00:00", "Z")


@pytest.fixture
def journal_rows(app: Flask) -> Any:
    """The journal as a list of dicts, oldest first."""

    def rows() -> list[dict[str, Any]]:
        with app.app_context(), database.engine.connect() as connection:
            found = connection.execute(sa.select(journal.JournalEntry.__table__).order_by(journal.JournalEntry.revision))
            return [dict(row) for row in found.mappings()]

    return rows
