"""Which part of the journal is of which time."""

from collections.abc import Callable

from flask import Flask

from coord.store import Rows, moments, read
from tests.conftest import Agent, Clock


def test_the_first_revision_of_a_moment_is_the_one_made_in_it(
    app: Flask, client: Agent, clock: Clock, journal_rows: Callable[[], Rows]
) -> None:
    for number in range(4):
        client.post("/locks", project_key="shop", session_id="host/a", resource=f"r{number}")
        clock.move(minutes=1)
    rows = journal_rows()
    with app.app_context():
        found = [read(moments.first_since, row["at"]) for row in rows]
    assert found == [row["revision"] for row in rows]
