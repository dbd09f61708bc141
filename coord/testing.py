"""What the tests of an area need: an app, a client that speaks as an agent does, a clock that tests
move, and the journal.

In the `conftest.py` of an area outside of coord:

    pytest_plugins = ["coord.testing"]

The app runs on SQLite, with the areas that are installed and those of `COORD_AREAS`; a conftest
that overrides `app_settings` gives it other settings, `DATABASE_URL` among them. Every test begins
with empty tables.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Protocol, cast, overload

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event
from werkzeug.datastructures import Headers

from coord.app import create_app
from coord.live import activity, memory
from coord.store import JournalEntry, JournalHead, Row, Rows, database, now, sqlite
from coord.web import BASE_PATH, rates


def make_app(url: str, **settings: Any) -> Flask:
    """An app on a migrated database."""
    no_limits = {"PEER_RATE": 0, "SESSION_RATE": 0}  # a test calls faster than any agent
    app = create_app({"DATABASE_URL": url, "TESTING": True, **no_limits, **settings})
    with app.app_context():
        upgrade(revision="heads")
    return app


def empty_tables(app: Flask) -> None:
    """As a fresh migration leaves it, and as an app knows it that has just begun."""
    activity.install(app)
    rates.install(app)
    memory.forget(app)
    with app.app_context(), database.engine.connect() as connection:
        for table in reversed(database.metadata.sorted_tables):
            if table.name != JournalHead.__tablename__:
                connection.execute(sa.delete(table))
        connection.execute(sa.update(JournalHead).values(revision=0, trimmed=0, at=now()))


class Answer(Protocol):
    """What a call answered, its JSON at hand."""

    status_code: int
    json: Any
    headers: Headers
    data: bytes
    text: str
    mimetype: str
    content_type: str

    @overload
    def get_data(self, as_text: Literal[False] = False) -> bytes: ...

    @overload
    def get_data(self, as_text: Literal[True]) -> str: ...

    def close(self) -> None: ...


class Agent:
    """Calls the service as an agent does.

    `path` is below `/api/coord`, unless the service has it at its root.
    """

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        rules = [rule.rule for rule in client.application.url_map.iter_rules()]
        prefixes = {rule.partition("<")[0] for rule in rules if not rule.startswith(BASE_PATH)}
        self._at_root = tuple(prefixes - {"/"})

    def call(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Answer:
        """`body` is sent as JSON; `kwargs` are those of Flask's test client."""
        if body is not None:
            kwargs |= {"data": json.dumps(body), "content_type": "application/json"}
        if (
            path.startswith("/")
            and path.partition("?")[0] != "/"
            and not path.startswith(self._at_root)
        ):
            path = BASE_PATH + path
        return cast(Answer, self.client.open(path, method=method, **kwargs))

    def get(self, path: str, **parameters: Any) -> Answer:
        return self.call("GET", path, query_string=parameters)

    def post(self, path: str, **body: Any) -> Answer:
        return self.call("POST", path, body)

    def put(self, path: str, **body: Any) -> Answer:
        return self.call("PUT", path, body)

    def patch(self, path: str, **body: Any) -> Answer:
        return self.call("PATCH", path, body)

    def delete(self, path: str, **parameters: Any) -> Answer:
        return self.call("DELETE", path, query_string=parameters)


class Clock:
    """The database's clock, as far ahead of the real one as a test moved it."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def move(self, **duration: float) -> None:
        """`clock.move(hours=3)`; the keywords of `timedelta`."""
        self.ahead += dt.timedelta(**duration)

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead


@pytest.fixture(scope="session")
def app_settings() -> Mapping[str, Any]:
    """Settings of the app, as `coord.app.create_app` takes them."""
    return {}


@pytest.fixture(scope="session")
def database_app(
    app_settings: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Flask:
    """The app that all tests share, on a migrated database."""
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('coord')}/coord.db",
        **app_settings,
    }
    return make_app(settings.pop("DATABASE_URL"), **settings)


@pytest.fixture
def app(database_app: Flask) -> Flask:
    """The app, its tables empty."""
    empty_tables(database_app)
    return database_app


@pytest.fixture
def client(app: Flask) -> Agent:
    """Calls the app as an agent does."""
    return Agent(app.test_client())


@pytest.fixture
def clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Moves the database's own clock: UTC_TIMESTAMP of every MariaDB session, and SQLite's
    coord_now().
    """
    moved = Clock()
    monkeypatch.setattr(sqlite, "utc_now", moved.now)

    def on_checkout(connection: Any, record: Any, proxy: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION timestamp = {moved.now().timestamp():.6f}")

    with app.app_context():
        pool_engine = database.engine
    if pool_engine.dialect.name == "sqlite":
        yield moved
        return
    event.listen(pool_engine, "checkout", on_checkout)
    yield moved
    event.remove(pool_engine, "checkout", on_checkout)
    pool_engine.dispose()


@pytest.fixture
def journal_rows(app: Flask) -> Callable[[], Rows]:
    """The journal as a list of dicts, oldest first."""

    def rows() -> list[Row]:
        with app.app_context(), database.engine.connect() as connection:
            entries = connection.execute(
                sa.select(JournalEntry.__table__).order_by(JournalEntry.revision)
            )
            return [dict(entry) for entry in entries.mappings()]

    return rows
