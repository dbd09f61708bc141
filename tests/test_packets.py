"""What the commonest writes become is shown in the design as it is sent."""

import pytest
from click.testing import CliRunner
from flask import Flask

from coord.app import create_app
from coord.areas.documentation.commands import sql
from coord.store import Change, Event, as_sql, journal
from tools import show_packets


@pytest.fixture(scope="module")
def offline_app() -> Flask:
    return create_app({"DATABASE_URL": "sqlite:////nowhere/coord.db"})


def run(app: Flask, *arguments: str) -> str:
    with app.app_context():
        return CliRunner().invoke(sql, list(arguments)).output


def test_the_design_shows_the_packets_as_they_are() -> None:
    assert show_packets.section() in show_packets.DESIGN.read_text(encoding="utf-8"), (
        "run: python -m tools.show_packets"
    )


def test_without_a_name_it_lists_those_there_are(offline_app: Flask) -> None:
    assert set(show_packets.WRITES) <= set(run(offline_app).split())


def test_a_name_that_is_none_is_answered_with_those_there_are(offline_app: Flask) -> None:
    result = run(offline_app, "clam")
    assert "'clam' is none of them" in result
    assert "claim" in result


def test_one_database_can_be_chosen(offline_app: Flask) -> None:
    result = run(offline_app, "release", "--database", "sqlite")
    assert result.startswith("-- release on sqlite\nBEGIN IMMEDIATE;\n")
    assert "mariadb" not in result


def test_the_head_row_is_taken_first_and_the_answer_is_read_last() -> None:
    change: Change[None] = Change()
    change.record(Event("thing.changed", "thing", "1"))
    change.answer_with(lambda rows: None, journal.HEAD)
    lines = as_sql(change, "sqlite").splitlines()
    assert lines[1].startswith("UPDATE journal_head")
    assert lines[-1] == "COMMIT;"
    assert any(line.startswith("SELECT") for line in lines[2:-1])


@pytest.mark.parametrize("database", ["mariadb", "sqlite"])
def test_a_quoted_text_is_shown_as_the_database_reads_it(database: str) -> None:
    change: Change[None] = Change()
    change.record(Event("thing.changed", "thing", "it's 100 % 'quoted'"))
    expected = {"mariadb": r"'it\'s 100 % \'quoted\''", "sqlite": "'it''s 100 % ''quoted'''"}
    assert expected[database] in as_sql(change, database).replace("\n   ", "")
