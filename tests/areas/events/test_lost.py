"""A database that lost what it had committed gives no number out twice: a promoted replica that was
behind, a server that crashed without its last commits.
"""

import logging

import pytest
import sqlalchemy as sa
from flask import Flask

from coord.areas.events import lost
from coord.areas.events.commands import GAP
from coord.store import JournalEntry, JournalHead, database
from tests.conftest import Agent


def claim(client: Agent, resource: str) -> int:
    body = {"project_key": "shop", "session_id": "host/a", "resource": resource}
    return int(client.post("/locks", **body).json["fencing_token"])


def look(app: Flask) -> None:
    with app.app_context():
        lost.look()


def go_back_to(app: Flask, revision: int) -> None:
    """As a database that never had what came after it."""
    with app.app_context(), database.engine.connect() as connection:
        for table in (JournalEntry.__table__, database.metadata.tables["locks"]):
            connection.execute(sa.delete(table).where(table.c.revision > revision))
        connection.execute(sa.update(JournalHead).values(revision=revision))


def test_what_was_given_out_before_is_skipped_and_said(
    app: Flask, client: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    first, _, last = [claim(client, f"r{number}") for number in range(3)]
    look(app)
    go_back_to(app, first)
    with caplog.at_level(logging.CRITICAL, "coord"):
        look(app)
    assert f"its journal stood at {last}, and stands at {first}" in caplog.text
    assert claim(client, "r1") > last + GAP
    assert client.get("/events", after=last).status_code == 410
    after = client.get("/events", after=last + GAP).json
    assert [event["type"] for event in after["items"]] == ["journal.restored", "lock.claimed"]
    look(app)
    assert len(client.get("/events", after=last + GAP).json["items"]) == 2


def test_a_head_that_is_broken_is_not_taken_for_that(app: Flask, client: Agent) -> None:
    revision = claim(client, "r")
    look(app)
    with app.app_context(), database.engine.connect() as connection:
        connection.execute(sa.update(JournalHead).values(revision=revision - 1))
    look(app)
    assert client.get("/health").json["reason"].startswith("journal_head stands at")
