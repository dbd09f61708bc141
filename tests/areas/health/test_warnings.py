"""What a database is set to that weakens coord's promises is said, before it costs something."""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from coord import upkeep
from coord.areas.health import weaknesses
from coord.testing import empty_tables
from tests.conftest import Agent
from tests.databases import MariaDB


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weaknesses, "EVERY_S", 0.0)


@pytest.fixture
def client(mariadb_app: Flask) -> Agent:
    empty_tables(mariadb_app)
    return Agent(mariadb_app.test_client())


def warnings(app: Flask, client: Agent) -> list[str]:
    upkeep.run_once(app)
    answer = client.get("/health")
    assert (answer.status_code, answer.json["status"]) == (200, "ok")
    return list(answer.json["warnings"])


@pytest.fixture
def durable(mariadb: MariaDB) -> Iterator[None]:
    mariadb.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    yield
    mariadb.run("SET GLOBAL innodb_flush_log_at_trx_commit = 0")


def test_commits_that_a_crash_would_lose_are_said_once(
    mariadb_app: Flask, client: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "coord"):
        (said,) = warnings(mariadb_app, client)
        assert warnings(mariadb_app, client) == [said]
    assert said.startswith("innodb_flush_log_at_trx_commit is 0: ")
    assert caplog.messages == [said]


@pytest.mark.usefixtures("durable")
@pytest.mark.parametrize(
    ("statement", "undone", "said"),
    [
        (
            "ALTER TABLE lock_aliases ENGINE=Aria",
            "ALTER TABLE lock_aliases ENGINE=InnoDB",
            "The table lock_aliases is Aria, which undoes no change",
        ),
        (
            "ALTER TABLE messages CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
            "ALTER TABLE messages CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
            "The table messages compares text as utf8mb4_general_ci does",
        ),
    ],
    ids=["engine", "collation"],
)
def test_tables_that_are_not_as_coord_made_them_are_said_until_they_are(
    mariadb: MariaDB, mariadb_app: Flask, client: Agent, statement: str, undone: str, said: str
) -> None:
    assert warnings(mariadb_app, client) == []
    mariadb.run("USE tests", statement)
    try:
        (found,) = warnings(mariadb_app, client)
    finally:
        mariadb.run("USE tests", undone)
    assert found.startswith(said)
    assert warnings(mariadb_app, client) == []


def test_sqlite_has_none(sqlite_app: Flask) -> None:
    empty_tables(sqlite_app)
    assert warnings(sqlite_app, Agent(sqlite_app.test_client())) == []
