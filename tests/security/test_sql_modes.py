"""What a MariaDB server is set to for all its users changes nothing for coord."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

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
