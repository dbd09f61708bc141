"""MariaDB's transactions of one packet: sent as text at first, prepared when they come again."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from coord.store import compound, database
from coord.testing import empty_tables
from tests.conftest import Agent
from tests.databases import MariaDB


@pytest.fixture
def web(mariadb_app: Flask) -> Iterator[Agent]:
    empty_tables(mariadb_app)
    with mariadb_app.app_context():
        database.engine.dispose()  # no connection has anything prepared
    yield Agent(mariadb_app.test_client())
    empty_tables(mariadb_app)


def number(server: MariaDB, name: str) -> int:
    """A figure of the server's."""
    with server.admin() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE %s", (name,))
        ((_, value),) = cursor.fetchall()
        return int(value)


def claim(web: Agent, *names: str, **more: Any) -> Any:
    answer = web.post(
        "/locks", project_key="shop", session_id="host/a", resources=list(names), **more
    )
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return answer.json["items"]


def test_a_change_is_prepared_when_it_comes_again(web: Agent, mariadb: MariaDB) -> None:
    claim(web, "first")
    claim(web, "second")
    prepared, executed = number(mariadb, "Com_prepare_sql"), number(mariadb, "Com_execute_sql")
    for at in range(5):
        claim(web, f"more{at}")
    assert number(mariadb, "Com_prepare_sql") == prepared
    assert number(mariadb, "Com_execute_sql") == executed + 5


@pytest.mark.parametrize(
    "text",
    ["it's", 'a "b"', "50 %s of %d %%", "what? ?", "\\", "\\'; COMMIT; --", "é \U0001f512", ""],
)
def test_values_arrive_as_they_are(web: Agent, text: str) -> None:
    for at in range(3):  # as text, prepared, and executed again
        (lock,) = claim(web, f"r{at}", description=text)
        assert web.get(f"/locks/{lock['id']}").json["description"] == text
    (lock,) = claim(web, "none", description=None, ttl_hours=0)
    stored = web.get(f"/locks/{lock['id']}").json
    assert (stored["description"], stored["expires_at"]) == (None, None)
    (lock,) = claim(web, "again", description=text, ttl_hours=1.5)
    stored = web.get(f"/locks/{lock['id']}").json
    assert (stored["description"], stored["ttl_hours"]) == (text, 1.5)
    assert stored["expires_at"] == lock["expires_at"]


def test_a_guard_that_fails_undoes_what_was_prepared(web: Agent) -> None:
    for at in range(3):
        claim(web, f"taken{at}", f"free{at}")
        refused = web.post(
            "/locks",
            project_key="shop",
            session_id="host/b",
            resources=[f"other{at}", f"taken{at}"],
        )
        assert refused.status_code == 409
        held = web.get("/locks", project_key="shop", resource=f"other{at}").json["items"]
        assert held == []


def test_no_connection_keeps_more_than_its_share(
    web: Agent, mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compound, "MAX_PREPARED", 2)
    before = number(mariadb, "Prepared_stmt_count")
    for size in range(1, 7):
        for at in range(3):
            claim(web, *(f"{size}.{at}.{nth}" for nth in range(size)))
    assert number(mariadb, "Prepared_stmt_count") <= before + 2


def test_a_server_without_room_for_more_is_sent_the_text(web: Agent, mariadb: MariaDB) -> None:
    mariadb.run("SET GLOBAL max_prepared_stmt_count = 0")
    try:
        for at in range(4):
            claim(web, f"r{at}")
    finally:
        mariadb.run("SET GLOBAL max_prepared_stmt_count = 16382")


def test_another_connection_prepares_for_itself(web: Agent, mariadb_app: Flask) -> None:
    for at in range(3):
        claim(web, f"a{at}")
    with mariadb_app.app_context():
        database.engine.dispose()
    for at in range(3):
        claim(web, f"b{at}")


def test_a_process_does_not_remember_every_change_it_has_made(
    web: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compound, "_names", {})
    monkeypatch.setattr(compound, "MAX_SHAPES", 3)
    for size in range(1, 9):
        claim(web, *(f"{size}.{nth}" for nth in range(size)))
        assert len(compound._names) <= 3
