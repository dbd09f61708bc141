"""What a MariaDB server is set to for all its users changes nothing for coord."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from coord.store import database
from coord.testing import Agent, make_app
from tests.databases import MariaDB, mariadb_missing, private_mariadb

MODES = {
    "quotes": "ANSI_QUOTES",
    "ansi": "ANSI",
    "oracle": "ORACLE",
    "backslashes": "NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE",
    "lax": "",
}
ODD = 'it\'s "quoted" \\ `so` || %s :x'


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    missing = mariadb_missing()
    if missing:
        pytest.skip(missing)
    with (
        tempfile.TemporaryDirectory(prefix="coord-modes-") as folder,
        private_mariadb(Path(folder) / "db") as server,
    ):
        yield server


@pytest.mark.parametrize(("name", "mode"), MODES.items(), ids=MODES.keys())
def test_every_kind_of_call_works_whatever_the_servers_sql_mode(
    server: MariaDB, name: str, mode: str
) -> None:
    server.run(f"SET GLOBAL sql_mode = '{mode}'")
    app = make_app(server.create_database(f"modes_{name}"))
    try:
        go_through(Agent(app.test_client()))
        with app.app_context(), database.engine.connect() as connection:
            in_use = str(connection.scalar(sa.text("SELECT @@sql_mode")))
            assert "STRICT_ALL_TABLES" in in_use
            assert "ANSI_QUOTES" not in in_use
    finally:
        with app.app_context():
            database.engine.dispose()


FOR_ALL = {
    "sql_select_limit": "1",
    "completion_type": "'CHAIN'",
    "sql_safe_updates": "1",
    "sql_big_selects": "0",
    "max_join_size": "1",
    "innodb_lock_wait_timeout": "1000",
    "tx_isolation": "'SERIALIZABLE'",
    "autocommit": "0",
    "group_concat_max_len": "4",
    "max_sort_length": "64",
    "unique_checks": "0",
    "foreign_key_checks": "0",
    "check_constraint_checks": "0",
    "wsrep_dirty_reads": "1",
    "sql_quote_show_create": "0",
}


def test_what_the_server_is_told_for_all_its_users_cuts_no_list_short(server: MariaDB) -> None:
    url = server.create_database("told")
    server.run(*(f"SET GLOBAL {name} = {value}" for name, value in FOR_ALL.items()))
    try:
        check_nothing_is_cut(make_app(url))  # which migrates, too
    finally:
        server.run(*(f"SET GLOBAL {name} = DEFAULT" for name in FOR_ALL))


def check_nothing_is_cut(app: Flask) -> None:
    client = Agent(app.test_client())
    try:
        go_through(client)
        for number in range(3):
            body = {"project_key": "cut", "session_id": "a", "resource": f"r{number}"}
            assert client.post("/locks", **body).status_code == 201
        assert len(client.get("/locks", project_key="cut").json["items"]) == 3
        assert client.delete("/locks", session_id="a", release_all="true").json["released"] == 3
        check_long_texts(client)
        with app.app_context(), database.engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT @@in_transaction")) == 0
    finally:
        with app.app_context():
            database.engine.dispose()


def check_long_texts(client: Agent) -> None:
    """What is put together of many texts is whole, and names that differ at their end are told
    apart.
    """
    workflow = client.post("/workflows", project_key="cut", name="w", created_by="a").json["id"]
    given_up = [
        client.post("/work-items", workflow_id=workflow, title="t").json["id"] for _ in range(3)
    ]
    for item in given_up:
        client.patch(f"/work-items/{item}", session_id="a", status="cancelled")
    body = {"workflow_id": workflow, "title": "after", "depends_on": given_up}
    after = client.post("/work-items", **body).json["id"]
    assert sorted(client.get(f"/work-items/{after}").json["blocked_by"]) == sorted(given_up)
    names = [f"{'n' * 90}{number}" for number in range(8)]
    for name in reversed(names):
        client.put("/components", project_key="cut", component=name, state="built", updated_by="a")
    seen: list[str] = []
    page = client.get("/components", project_key="cut", limit=3).json
    while page["next_cursor"] is not None:
        seen += [each["component"] for each in page["items"]]
        page = client.get(
            "/components", project_key="cut", limit=3, cursor=page["next_cursor"]
        ).json
    assert sorted([*seen, *(each["component"] for each in page["items"])]) == names


def go_through(client: Agent) -> None:
    me, shop = {"session_id": ODD}, {"project_key": ODD}
    assert client.post("/sessions/heartbeat", **me, **shop, task=ODD).status_code in (200, 201)
    lock = client.post("/locks", **me, **shop, resource=ODD, description=ODD)
    assert (lock.status_code, lock.json["resource"]) == (201, ODD)
    assert client.post("/locks", session_id="b", **shop, resource=ODD).status_code == 409
    assert client.patch(f"/locks/{lock.json['id']}", **me, description=ODD).status_code == 200
    assert client.get("/locks", **shop, resource=ODD).json["items"][0]["description"] == ODD
    report = {**shop, "component": "a", "state": ODD, "notes": ODD, "updated_by": ODD}
    assert client.put("/components", **report).status_code == 201
    assert client.get("/components", **shop).json["items"][0]["notes"] == ODD
    workflow = client.post("/workflows", **shop, name=ODD, created_by=ODD).json["id"]
    first = client.post("/work-items", workflow_id=workflow, title=ODD).json["id"]
    after = {"workflow_id": workflow, "title": ODD, "depends_on": [first]}
    assert client.post("/work-items", **after).status_code == 201
    assert client.post("/work-items/claim", **me).json["id"] == first
    assert client.patch(f"/work-items/{first}", **me, status="completed").status_code == 200
    sent = {"from_session": "b", "to_session": ODD, "subject": ODD, "body": ODD}
    message = client.post("/messages", **sent).json["id"]
    assert client.get("/messages", to_session=ODD).json["items"][0]["body"] == ODD
    assert client.put(f"/messages/{message}/read", **me).status_code == 200
    assert client.post("/sessions/checkin", **me, **shop, after=0).status_code == 200
    for path in ("/status", "/events", "/sessions", "/board", "/health", "/metrics"):
        assert client.get(path).status_code == 200, path
    assert client.delete(f"/locks/{lock.json['id']}", **me).status_code == 200
    assert client.delete("/sessions", **me).status_code == 200
