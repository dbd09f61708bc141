"""What a migration makes of what is stored already, there and back."""

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from coord.store import database, journal
from tests.conftest import Agent, make_app
from tests.databases import MariaDB


@pytest.fixture(params=["sqlite", "mariadb"])
def migrating(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    if request.param == "sqlite":
        return make_app(f"sqlite:///{tmp_path}/coord.db")
    server: MariaDB = request.getfixturevalue("mariadb")
    return make_app(server.create_database(f"migrating_{uuid.uuid4().hex}"))


def to(app: Flask, move: Any, revision: str) -> None:
    with app.app_context():
        move(revision=revision)
        database.engine.dispose()


def test_what_stood_before_observed_at_was_decided_when_it_was_last_changed(
    migrating: Flask,
) -> None:
    client = Agent(migrating.test_client())
    flow = client.post("/workflows", project_key="shop", name="Checkout", created_by="host/a").json[
        "id"
    ]
    fresh, changed = (
        client.post("/work-items", workflow_id=flow, title="Task").json["id"] for _ in range(2)
    )
    for path in (f"/workflows/{flow}", f"/work-items/{changed}"):
        client.patch(path, status="completed", observed_at="2026-01-05T10:00:00Z")
    lock = client.post("/locks", project_key="shop", session_id="host/a", resource="x").json
    to(migrating, downgrade, "0002")
    with migrating.app_context():
        inspector = sa.inspect(database.engine)
        assert all(
            not {"observed_at", "decisions", "decided_at"}
            & {column["name"] for column in inspector.get_columns(table)}
            for table in ("workflows", "work_items", "locks")
        )
    to(migrating, upgrade, "heads")
    for path in (f"/workflows/{flow}", f"/work-items/{changed}", f"/work-items/{fresh}"):
        stored = client.get(path).json
        assert stored["observed_at"] == stored["updated_at"]
        answer = client.patch(path, status="blocked", observed_at="2026-01-05T10:00:00Z")
        assert answer.status_code == (200 if stored["updated_at"] == stored["created_at"] else 409)
    assert client.get(f"/locks/{lock['id']}").json == lock


class Killed(Exception):
    """Stands for a kill -9 just before a statement."""


@contextmanager
def killed_before(nth: int) -> Iterator[list[str]]:
    """Raises Killed before the nth statement that changes anything; gives the list of
    those before.
    """
    done: list[str] = []

    def before(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if statement.split(maxsplit=1)[0] in (
            "CREATE",
            "DROP",
            "ALTER",
            "INSERT",
            "UPDATE",
            "DELETE",
        ):
            if len(done) == nth:
                raise Killed
            done.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", before)
    try:
        yield done
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", before)


def dies_before(nth: int, app: Flask, move: Any, revision: str) -> tuple[list[str], bool]:
    """The statements that were done, and whether it was killed before it had done all."""
    with killed_before(nth) as done:
        try:
            to(app, move, revision)
        except Killed:
            return done, True
    return done, False


def recorded(app: Flask) -> list[tuple[str, str]]:
    entries = journal.JournalEntry
    with app.app_context(), database.engine.connect() as connection:
        found = connection.execute(
            sa.select(entries.type, entries.subject_kind).order_by(entries.revision)
        )
        return [(row.type, row.subject_kind) for row in found if row.type != "lock.claimed"]


def column_of_id(app: Flask) -> set[str]:
    with app.app_context():
        return {
            column["name"] for column in sa.inspect(database.engine).get_columns("lock_waiters")
        } & {"wait_id", "waiter_id"}


AS_WAITERS = ({"waiter_id"}, [("lock.waiting", "waiter"), ("lock.wait_ended", "waiter")])
AS_WAITS = ({"wait_id"}, [("lock.queued", "wait"), ("lock.unqueued", "wait")])


@pytest.mark.parametrize(
    ("back", "move", "revision", "result"),
    [(upgrade, downgrade, "0003", AS_WAITS), (downgrade, upgrade, "0004", AS_WAITERS)],
    ids=["downgrade", "upgrade"],
)
def test_waiters_are_renamed_by_a_migration_that_may_be_killed_at_any_statement(
    migrating: Flask, back: Any, move: Any, revision: str, result: Any
) -> None:
    client = Agent(migrating.test_client())
    claim = {"project_key": "shop", "resource": "x"}
    client.post("/locks", **claim, session_id="host/a")
    assert client.post("/locks", **claim, session_id="host/b", wait=0.01).status_code == 409
    to(migrating, downgrade, "0004")
    for nth in itertools.count():
        to(migrating, back, "0004" if back is upgrade else "0003")
        done, has_died = dies_before(nth, migrating, move, revision)
        if not has_died:
            break
        to(migrating, move, revision)
        assert (column_of_id(migrating), recorded(migrating)) == result
    assert len(done) >= 7, "drop, create, three indexes, two kinds of events"
    to(migrating, upgrade, "heads")
    assert (
        client.get("/events", type="lock.waiting").json["items"][0]["subject"]["kind"] == "waiter"
    )
    assert client.post("/locks", **claim, session_id="host/c", wait=0.01).json["position"] == 1


def test_the_plain_names_hold_what_the_old_ones_did(migrating: Flask) -> None:
    client = Agent(migrating.test_client())
    workflow = client.post(
        "/workflows", project_key="shop", name="Checkout", created_by="host/a"
    ).json["id"]
    first = client.post("/work-items", workflow_id=workflow, title="First").json["id"]
    second = client.post(
        "/work-items", workflow_id=workflow, title="Second", depends_on=[first]
    ).json["id"]
    client.patch(f"/workflows/{workflow}", status="cancelled")
    client.post("/sessions/heartbeat", session_id="host/a")
    ended = client.delete("/sessions", session_id="host/a").json["session"]
    to(migrating, downgrade, "0004")
    to(migrating, upgrade, "heads")
    assert client.get("/sessions", state="ended").json["items"] == [ended]
    assert client.get(f"/work-items/{first}").json["ready"] is True
    assert client.get(f"/work-items/{second}").json["ready"] is False
    assert client.post("/work-items/claim", session_id="host/b").status_code == 204
    client.patch(f"/workflows/{workflow}", status="active")
    assert client.post("/work-items/claim", session_id="host/b").json["id"] == first


def test_the_plain_names_come_by_a_migration_that_may_be_killed_at_any_statement(
    migrating: Flask,
) -> None:
    for nth in itertools.count():
        to(migrating, downgrade, "0004")
        done, has_died = dies_before(nth, migrating, upgrade, "0005")
        if not has_died:
            break
        to(migrating, upgrade, "0005")
    assert len(done) >= 6, "three columns, two stages, an index"
    to(migrating, upgrade, "heads")
    client = Agent(migrating.test_client())
    assert client.get("/health").json["migrations"] == "current"
    assert client.get("/sessions").status_code == 200
    assert client.get("/work-items", ready="true").status_code == 200


NAMED_BY_OLDER_NODES = {
    "locks": {f"ix_locks_{name}" for name in ("held", "holder", "due", "named")}
    | {f"ix_locks_of_{name}" for name in ("project", "resource", "session")},
    "lock_waiters": {"ix_lock_waiters_of_resource"},
}


def missing_indexes(app: Flask) -> set[str]:
    with app.app_context():
        inspector = sa.inspect(database.engine)
        return {
            name
            for table, names in NAMED_BY_OLDER_NODES.items()
            for name in names - {str(index["name"]) for index in inspector.get_indexes(table)}
        }


@pytest.mark.parametrize(
    ("back", "move", "revision"),
    [(upgrade, downgrade, "0007"), (downgrade, upgrade, "0008")],
    ids=["downgrade", "upgrade"],
)
def test_the_indexes_of_lists_come_by_a_migration_that_may_be_killed_at_any_statement(
    migrating: Flask, back: Any, move: Any, revision: str
) -> None:
    client = Agent(migrating.test_client())
    claims = [
        client.post("/locks", project_key="shop", session_id="host/a", resource=name).json
        for name in ("x", "y")
    ]
    released = client.delete(f"/locks/{claims[0]['id']}", session_id="host/a").json
    with migrating.app_context():
        is_mariadb = database.engine.dialect.name == "mariadb"
    for nth in itertools.count():
        to(migrating, back, "0008" if back is upgrade else "0007")
        done, has_died = dies_before(nth, migrating, move, revision)
        if not has_died:
            break
        if is_mariadb:  # whose statements name them; an older node would fail without
            assert missing_indexes(migrating) == set()
        to(migrating, move, revision)
    assert len(done) >= 15, "a column, four indexes changed, ten made"
    to(migrating, upgrade, "heads")
    listed = client.get("/locks", state="all", project_key="shop").json["items"]
    assert listed == [claims[1], released]
    assert client.get("/locks", state="released").json["items"] == [released]


SAYS = {"waiting_for": ("input", "waiting_for_human"), "state": ("idle", "idle")}
"""What a session says of itself, and its state then."""


@pytest.mark.parametrize("goes_up", [False, True], ids=["downgrade", "upgrade"])
@pytest.mark.parametrize(
    ("before", "after", "statements", "field"),
    [
        pytest.param("0008", "0009", 3, "waiting_for", id="waits for a human"),
        pytest.param("0009", "0010", 7, "state", id="reported states and notes"),
    ],
)
def test_what_sessions_say_comes_by_migrations_that_may_be_killed_at_any_statement(
    migrating: Flask, before: str, after: str, statements: int, field: str, *, goes_up: bool
) -> None:
    back, move = (downgrade, upgrade) if goes_up else (upgrade, downgrade)
    start, end = (before, after) if goes_up else (after, before)
    client = Agent(migrating.test_client())
    session = client.post("/sessions/heartbeat", session_id="host/a", task="Checkout").json
    for nth in itertools.count():
        to(migrating, back, start)
        done, has_died = dies_before(nth, migrating, move, end)
        if not has_died:
            break
        to(migrating, move, end)
    assert len(done) >= statements, "each column and each index"
    to(migrating, upgrade, "heads")
    assert client.get("/sessions").json["items"] == [session]
    said, state = SAYS[field]
    beat = client.post("/sessions/heartbeat", session_id="host/a", **{field: said}).json
    assert (beat["state"], beat["task"]) == (state, "Checkout")


def test_the_event_of_a_reported_state_is_renamed_there_and_back(migrating: Flask) -> None:
    client = Agent(migrating.test_client())
    session = client.post("/sessions/heartbeat", session_id="host/a", state="idle").json
    to(migrating, downgrade, "0010")
    assert recorded(migrating)[-1] == ("session.state_told", "session")
    to(migrating, upgrade, "heads")
    (event,) = client.get("/events", type="session.state_reported").json["items"]
    assert event["data"] == {"state": "idle", "was": None}
    assert client.get("/sessions").json["items"] == [session]


def test_a_version_leaves_the_tables_of_a_newer_one_as_they_are(
    migrating: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    to(migrating, upgrade, "head")
    stamp(migrating, "UPDATE alembic_version SET version_num = '9999'")
    to(migrating, upgrade, "head")
    assert "the database is newer (9999) than this version" in capsys.readouterr().err
    with pytest.raises(click.ClickException, match="is at 9999"):
        to(migrating, downgrade, "0001")


def test_the_others_are_migrated_when_an_area_is_gone(migrating: Flask) -> None:
    to(migrating, upgrade, "0010")
    stamp(migrating, "INSERT INTO alembic_version VALUES ('gone_0001')")
    to(migrating, upgrade, "head")
    with migrating.app_context(), database.engine.connect() as connection:
        found = connection.scalars(sa.text("SELECT version_num FROM alembic_version")).all()
    assert "gone_0001" in found
    assert "0010" not in found


def stamp(app: Flask, statement: str) -> None:
    with app.app_context(), database.engine.begin() as connection:
        connection.execute(sa.text(statement))
