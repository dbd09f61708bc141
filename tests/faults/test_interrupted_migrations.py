"""A migration that is killed at any statement, on MariaDB, is finished by the same command: coord's
own, and a stranger's that knows nothing of this.
"""

import subprocess
import sys
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from tests.databases import MariaDB
from tests.service import ROOT, environment

SETTINGS = {"AREAS": "tests.faults.stranger"}
KILL_S = 400
DEFINITION = sa.text(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
)


def flask(url: str, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flask", *command],
        cwd=ROOT,
        env=environment(DATABASE_URL=url, **SETTINGS),
        capture_output=True,
        text=True,
    )


def kill(url: str, move: str, revision: str, when: str) -> int:
    """How often the migration was killed before it was through."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.kill_migrations", move, revision, when],
        cwd=ROOT,
        env=environment(DATABASE_URL=url, **SETTINGS),
        capture_output=True,
        text=True,
        timeout=KILL_S,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def contents(url: str) -> dict[str, tuple[str, list[Any]]]:
    """Each table's definition and rows."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return {
            name: (
                connection.execute(sa.text(f"SHOW CREATE TABLE {name}")).one()[1],
                sorted(tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {name}"))),
            )
            for (name,) in connection.execute(DEFINITION)
        }


@pytest.fixture(scope="module")
def undisturbed(breakable: MariaDB) -> dict[str, Any]:
    url = breakable.create_database("undisturbed")
    assert flask(url, "db", "upgrade").returncode == 0
    return contents(url)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_stranger_s_upgrade_killed_at_each_statement_ends_as_one_that_was_not(
    breakable: MariaDB, undisturbed: dict[str, Any], when: str
) -> None:
    url = breakable.create_database(f"stranger_{when}")
    assert kill(url, "upgrade", "stranger@head", when) > 10
    tables = contents(url)
    assert [row[1:3] for row in tables["stranger_visits"][1]] == [
        ("ann", 3),
        ("bob", 12),
        ("eve", 102),
    ]
    assert {name: undisturbed[name] for name in ("stranger_people", "stranger_visits")} == {
        name: table for name, table in tables.items() if name != "alembic_version"
    }
    assert kill(url, "downgrade", "stranger@base", when) > 5
    assert {name: rows for name, (_, rows) in contents(url).items()} == {"alembic_version": []}


def test_coord_s_upgrade_killed_at_each_statement_ends_as_one_that_was_not(
    breakable: MariaDB, undisturbed: dict[str, Any]
) -> None:
    url = breakable.create_database("killed")
    assert kill(url, "upgrade", "0005", "after") > 70
    assert flask(url, "db", "upgrade").returncode == 0
    assert contents(url) == undisturbed


def test_another_migration_waits_until_the_interrupted_one_is_finished(
    breakable: MariaDB,
) -> None:
    url = breakable.create_database(f"half_{uuid.uuid4().hex}")
    assert flask(url, "db", "upgrade", "0003").returncode == 0
    breakable.run(
        f"CREATE TABLE {sa.make_url(url).database}.migration_progress"
        " (number INT PRIMARY KEY, step VARCHAR(200), digest VARCHAR(64))",
        f"INSERT INTO {sa.make_url(url).database}.migration_progress"
        " VALUES (1, 'upgrade 0003 -> 0004', 'x')",
    )
    refused = flask(url, "db", "downgrade", "0002")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith(
        "Error: upgrade 0003 -> 0004 was interrupted and is half done."
    )
    finished = flask(url, "db", "upgrade", "0004")
    assert finished.returncode == 0
    assert "goes on after 1 statements" in finished.stderr
    assert flask(url, "db", "downgrade", "0002").returncode == 0


def test_each_migration_is_told_as_it_is_run(breakable: MariaDB) -> None:
    url = breakable.create_database(f"told_{uuid.uuid4().hex}")
    output = flask(url, "db", "upgrade").stderr.splitlines()
    assert "coord: upgrade 0004 -> 0005, Plain names" in "\n".join(output)
    ours = sorted(path.name[:4] for path in (ROOT / "migrations" / "versions").glob("0*.py"))
    assert len(output) == len(ours) + 2
    assert flask(url, "db", "upgrade").stderr == (
        f"coord: nothing to migrate: the database is at {ours[-1]}, stranger_0002\n"
    )


def test_a_statement_that_fails_is_told_in_a_sentence_and_run_again(breakable: MariaDB) -> None:
    url = breakable.create_database(f"fails_{uuid.uuid4().hex}")
    name = sa.make_url(url).database
    breakable.run(f"CREATE TABLE {name}.locks (id INT PRIMARY KEY)")
    for _ in range(2):
        failed = flask(url, "db", "upgrade", "0005")
        assert failed.returncode == 1
        sentence = failed.stderr.splitlines()[-1]
        assert "could not be migrated: 1050 Table 'locks' already exists" in sentence
        assert "Traceback" not in failed.stderr
        assert "for-tests-only" not in failed.stderr
    breakable.run(f"DROP TABLE {name}.locks")
    assert flask(url, "db", "upgrade", "0005").returncode == 0
