"""GET /health, by the migrations that the database has."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from coord.areas.health.repository import Histories, Schema, compare
from coord.store import database
from tests.conftest import Agent

VERSIONS = sa.table("alembic_version", sa.column("version_num", sa.String))
Apply = Callable[..., None]


@pytest.fixture
def apply(app: Flask) -> Iterator[Apply]:
    """Makes the database say that these migrations are the last it has; what it said before is put
    back.
    """

    def write(*versions: str) -> None:
        with app.app_context(), database.engine.begin() as connection:
            connection.execute(sa.delete(VERSIONS))
            for version in versions:
                connection.execute(sa.insert(VERSIONS).values(version_num=version))

    with app.app_context(), database.engine.connect() as connection:
        before = [row.version_num for row in connection.execute(sa.select(VERSIONS))]
    yield write
    write(*before)


def test_a_schema_that_is_newer_is_well_and_said(client: Agent, apply: Apply) -> None:
    apply("9999")
    answer = client.get("/health")
    assert (answer.status_code, answer.json["status"], answer.json["migrations"]) == (
        200,
        "ok",
        "newer (9999)",
    )
    assert (
        client.post("/locks", project_key="shop", session_id="host/a", resource="x").status_code
        == 201
    )


def test_a_schema_that_is_behind_is_named(client: Agent, apply: Apply) -> None:
    apply("0001")
    answer = client.get("/health")
    assert (answer.status_code, answer.json["status"]) == (500, "degraded")
    assert answer.json["migrations"].startswith("missing 00")
    assert answer.json["migrations"].endswith("; run: flask db upgrade")


CODE = Histories(frozenset({"0001", "0002", "r1", "r2"}), frozenset({"0002", "r2"}))


@pytest.mark.parametrize(
    ("applied", "schema"),
    [
        ({"0002", "r2"}, Schema()),
        ({"0003", "r2"}, Schema(newer=frozenset({"0003"}))),
        ({"0003", "r3"}, Schema(newer=frozenset({"0003", "r3"}))),
        ({"0001", "r2"}, Schema(behind=frozenset({"0002"}))),
        ({"0003", "r1"}, Schema(behind=frozenset({"0002", "r2"}))),
        ({"0002"}, Schema(behind=frozenset({"r2"}))),
        ({"0002", "r2", "of an area that was taken out"}, Schema()),
        (set(), Schema(behind=frozenset({"0002", "r2"}))),
    ],
    ids=[
        "current",
        "newer",
        "both newer",
        "behind",
        "one newer, one behind",
        "area new",
        "area gone",
        "empty",
    ],
)
def test_each_history_counts(applied: set[str], schema: Schema) -> None:
    assert compare(CODE, frozenset(applied)) == schema
