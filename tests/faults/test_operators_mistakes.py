"""What only an operator can mend: it is named, in the log and in /health, and a missing migration
is never a 503.
"""

import contextlib
import re
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from tests.databases import PASSWORD, USER, MariaDB
from tests.faults import calls
from tests.faults.calls import Call, claim
from tests.service import ROOT, Service, migrate, running, until

MIGRATE = "run: flask db upgrade"


def told(service: Service, level: str) -> list[dict[str, Any]]:
    return [
        line
        for line in service.log()
        if line["level"] == level and line["logger"] == "coord.web.answers"
    ]


def test_a_missing_migration_is_a_500_that_says_what_to_run_until_it_has_run(
    empty_database: str, tmp_path: Path
) -> None:
    with running(tmp_path / "service", empty_database, migrated=False) as service:
        for call in (Call("GET", "/status"), Call("GET", "/locks"), claim("r")):
            answer = service.call(call.method, call.path, call.body)
            assert (answer.status, answer.json["error"]) == (500, "migration_missing"), answer
            assert "flask db upgrade" in answer.json["detail"]
            assert answer.headers["Retry-After"] is None
        health = service.call("GET", "/health")
        assert (health.status, health.json["status"], health.json["database"]) == (
            500,
            "degraded",
            "connected",
        )
        assert MIGRATE in health.json["migrations"]
        calls.assert_alive(service)
        assert any(MIGRATE in line["message"] for line in told(service, "ERROR"))
        migrate(empty_database)
        calls.assert_back(service)


def test_a_migration_that_this_version_needs_and_the_database_lacks_is_named(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/coord.db"
    migrate(url)
    with contextlib.closing(sqlite3.connect(tmp_path / "coord.db")) as database:
        (newest,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        database.commit()
    with running(tmp_path / "service", url, migrated=False) as service:
        health = service.call("GET", "/health")
    assert (health.status, health.json["status"]) == (500, "degraded")
    assert newest in health.json["migrations"]
    assert MIGRATE in health.json["migrations"]


@pytest.mark.parametrize("wrong", ["password", "database"])
def test_wrong_credentials_are_a_503_with_a_loud_line_in_the_log(
    breakable: MariaDB, tmp_path: Path, wrong: str
) -> None:
    url = breakable.create_database(f"t{uuid.uuid4().hex}")
    bad = url.replace(PASSWORD, "forgotten") if wrong == "password" else f"{url}_which_is_not_there"
    with running(tmp_path / "service", bad, migrated=False) as service:
        every = [Call("GET", "/status"), claim("r")]
        calls.assert_all_unavailable(every, calls.one_by_one(service, every))
        calls.assert_degraded(service)
        calls.assert_alive(service)
        loud = told(service, "ERROR")
        assert loud
        assert "Access denied" in loud[0]["reason"]
        assert "forgotten" not in service.said()


LOCKED_OUT = {
    "account locked": "ALTER USER '{user}'@'%' ACCOUNT LOCK",
    "password expired": "ALTER USER '{user}'@'%' PASSWORD EXPIRE",
    "rights taken": "REVOKE ALL ON `{name}`.* FROM '{user}'@'%'; GRANT SELECT (id) ON"
    " `{name}`.locks TO '{user}'@'%'",
    "TLS required": "ALTER USER '{user}'@'%' REQUIRE SSL",
}


@pytest.mark.parametrize("mistake", LOCKED_OUT.values(), ids=LOCKED_OUT)
def test_a_user_that_is_locked_out_is_a_503_with_a_loud_line_until_it_is_let_in_again(
    breakable: MariaDB, tmp_path: Path, mistake: str
) -> None:
    name, user = f"t{uuid.uuid4().hex}", f"u{uuid.uuid4().hex[:12]}"
    url = breakable.create_database(name)
    let_in = (
        f"CREATE OR REPLACE USER '{user}'@'%' IDENTIFIED BY '{PASSWORD}'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{name}`.* TO '{user}'@'%'",
    )
    breakable.run(*let_in)
    migrate(url)
    own = url.replace(f"//{USER}:", f"//{user}:")
    with running(tmp_path / "service", own, migrated=False) as service:
        breakable.run(*mistake.format(user=user, name=name).split("; "), f"KILL USER '{user}'")
        every = [Call("GET", "/locks"), claim("r")]
        calls.assert_all_unavailable(every, calls.one_by_one(service, every))
        calls.assert_alive(service)
        assert told(service, "ERROR")
        breakable.run(*let_in)
        calls.assert_back(service)


def test_files_of_tls_that_are_none_are_a_503_with_a_loud_line(
    breakable: MariaDB, tmp_path: Path
) -> None:
    url = breakable.create_database(f"t{uuid.uuid4().hex}")
    (tmp_path / "notes.txt").write_text("These are notes, no certificate.")
    for file in ("notes.txt", "missing.pem"):
        with running(
            tmp_path / file.partition(".")[0], f"{url}?ssl_ca={tmp_path}/{file}", migrated=False
        ) as service:
            every = [Call("GET", "/locks"), claim("r")]
            calls.assert_all_unavailable(every, calls.one_by_one(service, every))
            assert any("TLS" in line["reason"] for line in told(service, "ERROR"))


def test_an_index_that_is_missing_is_a_migration_that_is_missing(sound_service: Service) -> None:
    index = "ix_locks_held"
    url = make_url(sound_service.database_url)
    with (
        contextlib.closing(sa.create_engine(url).raw_connection()) as connection,
        contextlib.closing(connection.cursor()) as cursor,
    ):
        of_table = " ON locks" if url.get_backend_name() != "sqlite" else ""
        cursor.execute(f"DROP INDEX {index}{of_table}")
        connection.commit()
        for call in (claim("r"), claim("r", "host/b")):
            answer = sound_service.call(call.method, call.path, call.body)
            assert (answer.status, answer.json["error"]) == (500, "migration_missing"), answer
        cursor.execute(f"CREATE INDEX {index} ON locks (released_at, project_key, resource_key)")
        connection.commit()
    calls.assert_back(sound_service)


@pytest.mark.parametrize("place", ["a folder", "missing/coord.db"])
def test_a_sqlite_file_that_cannot_be_opened_is_a_503_with_a_loud_line_in_the_log(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "a folder").mkdir()
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/{place}", migrated=False) as service:
        every = [Call("GET", "/status"), claim("r")]
        calls.assert_all_unavailable(every, calls.one_by_one(service, every))
        calls.assert_degraded(service)
        calls.assert_alive(service)
        assert any("unable to open" in line["reason"] for line in told(service, "ERROR"))


def test_a_file_that_is_no_database_is_a_503_with_a_loud_line_in_the_log_and_left_alone(
    tmp_path: Path,
) -> None:
    notes = "These are notes, not a database.\n" * 100
    (tmp_path / "notes.txt").write_text(notes)
    with running(
        tmp_path / "service", f"sqlite:///{tmp_path}/notes.txt", migrated=False
    ) as service:
        calls.assert_unavailable(service.call("GET", "/status"), "GET /status")
        assert any("not a database" in line["reason"] for line in told(service, "ERROR"))
    assert (tmp_path / "notes.txt").read_text() == notes


def test_a_sqlite_database_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    """Opened read-only, which root cannot get round either."""
    url = f"sqlite:///{tmp_path}/coord.db"
    with running(tmp_path / "first", url) as service:
        assert service.call("POST", "/locks", claim("kept").body).status == 201
    read_only = make_url(url).set(
        database=f"file:{tmp_path}/coord.db", query={"mode": "ro", "uri": "true"}
    )
    with running(tmp_path / "second", str(read_only), migrated=False) as service:
        assert [lock["resource"] for lock in service.call("GET", "/locks").json["items"]] == [
            "kept"
        ]
        calls.assert_unavailable(service.call("POST", "/locks", claim("new").body), "a write")
        calls.assert_degraded(service)
        until(
            lambda: any("readonly" in line["reason"] for line in told(service, "ERROR")),
            5,
            "a loud line in the log",
        )


REPAIR = re.findall(
    r"REPLACE INTO journal_head.*?;",
    (ROOT / "docs" / "operations.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


@pytest.mark.parametrize(
    "mistake", ["DELETE FROM journal_head", "UPDATE journal_head SET revision = 0"]
)
def test_a_journal_without_its_head_is_a_500_that_says_so_until_it_is_put_right(
    sound_service: Service, mistake: str
) -> None:
    calls.assert_back(sound_service)
    url = make_url(sound_service.database_url)
    with (
        contextlib.closing(sa.create_engine(url).raw_connection()) as connection,
        contextlib.closing(connection.cursor()) as cursor,
    ):
        cursor.execute(mistake)
        connection.commit()
        every = calls_that_create()
        for call, answer in zip(every, calls.all_at_once(sound_service, every), strict=True):
            assert (answer.status, answer.json["error"]) == (500, "internal"), f"{call}: {answer}"
            assert "journal_head" in answer.json["detail"]
            assert answer.seconds < calls.ANSWER_WITHIN_S
        health = sound_service.call("GET", "/health")
        assert (health.status, health.json["status"]) == (500, "degraded")
        assert "journal_head" in health.json["reason"]
        (repair,) = REPAIR
        cursor.execute(repair)
        connection.commit()
    calls.assert_back(sound_service)


def calls_that_create() -> list[Call]:
    workflow = {"project_key": "p", "name": "w", "created_by": "host/a"}
    message = {"from_session": "host/a", "subject": "s", "body": "b"}
    return [
        claim(f"{uuid.uuid4()}"),
        Call("POST", "/workflows", workflow),
        Call("POST", "/messages", message),
    ]
