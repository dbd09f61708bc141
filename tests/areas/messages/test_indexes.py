"""Lists and counts read ranges of an index, however many messages are stored.

(MariaDB is told which; here SQLite's choice is shown.)
"""

from collections.abc import Iterator
from itertools import combinations

import pytest
from sqlalchemy.engine import Connection

from coord.areas.messages.repository import lists, recent
from coord.store import Prepared, database
from tests.conftest import make_app

SHAPES = [
    frozenset(shape)
    for length in range(7)
    for shape in combinations((*lists.FILTERS, "unread_only", "after"), length)
]


def named(shape: set[str]) -> str:
    return "+".join(sorted(shape)) or "nothing"


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    app = make_app(f"sqlite:///{tmp_path_factory.mktemp('plans')}/coord.db")
    with app.app_context(), database.engine.connect() as opened:
        yield opened


def plan(connection: Connection, statement: Prepared) -> list[str]:
    compiled = statement.compiled_for(connection.dialect)
    found = connection.exec_driver_sql(
        f"EXPLAIN QUERY PLAN {compiled.sql}", (None,) * len(compiled.names)
    )
    return [row[3] for row in found]


def ranges(connection: Connection, statement: Prepared) -> set[str]:
    """How the plan reads messages: the index and the columns that it is entered by."""
    steps = [
        step
        for step in plan(connection, statement)
        if step.startswith(("SEARCH messages ", "SCAN messages"))
    ]
    return {
        step.partition(" USING ")[2].removeprefix("COVERING ").removeprefix("INDEX ix_messages_")
        for step in steps
    }


@pytest.mark.parametrize("shape", SHAPES, ids=named)
def test_no_list_scans_the_messages(connection: Connection, shape: frozenset[str]) -> None:
    found = ranges(connection, lists._keys(shape))
    if shape <= {"after"}:
        assert found <= {"", "INTEGER PRIMARY KEY (rowid<?)"}  # all messages, newest first
    elif "thread_id" in shape:
        assert found
        assert all(step.startswith("of_thread (thread_id=?") for step in found)
    else:
        assert found
        assert all("=?" in step for step in found)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({"to_session"}, {"to (to_session=?)"}),
        (
            {"to_session", "project_key"},
            {"to (to_session=?)", "to_in_project (to_session=? AND project_key=?)"},
        ),
        ({"to_session", "from_session"}, {"between (from_session=? AND to_session=?)"}),
        ({"from_session"}, {"from (from_session=?)"}),
        ({"project_key"}, {"of_project (project_key=?)"}),
        (
            {"unread_only", "to_session"},
            {"unread (read_at=? AND to_session=?)", "to (to_session=? AND revision>?)"},
        ),
        (
            {"unread_only", "to_session", "project_key"},
            {
                "unread (read_at=? AND to_session=?)",
                "to_in_project (to_session=? AND project_key=? AND revision>?)",
            },
        ),
        ({"unread_only"}, {"unread (read_at=? AND to_session>?)"}),
    ],
    ids=named,
)
def test_each_list_has_its_index(
    connection: Connection, shape: set[str], expected: set[str]
) -> None:
    assert ranges(connection, lists._keys(frozenset(shape))) == expected


@pytest.mark.parametrize(
    "statement",
    [
        lists._unread_direct(False),
        lists._unread_apart_from_blocks(False),
        recent._blocks(True, False),
    ],
    ids=["direct", "inbox", "blocks"],
)
def test_counting_what_is_unread_reads_no_message(
    connection: Connection, statement: Prepared
) -> None:
    steps = [step for step in plan(connection, statement) if " messages " in step]
    read_by_session = "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)"
    assert steps
    assert all("COVERING INDEX" in step or step == read_by_session for step in steps)
