"""The journal is kept for as long as COORD_JOURNAL_DAYS says, and no reader is left to believe that it has seen what was deleted."""

from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from coord.areas.events import retention
from coord.store import transact
from tests.conftest import Agent, Clock


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Upkeep trims whenever it is asked, a few entries in one change."""
    monkeypatch.setattr(retention, "EVERY_S", 0)
    monkeypatch.setattr(retention, "_next_at", 0)
    monkeypatch.setattr(retention, "BATCH", 4)


def write(client: Agent, count: int) -> None:
    for number in range(count):
        client.put("/components", project_key="shop", component=f"c{number}", state=f"s{number}", updated_by="host/a")


def trim(app: Flask) -> None:
    with app.app_context():
        retention.trim()


def seen(answer: Any) -> list[tuple[int, str]]:
    return [(event["revision"], event["type"]) for event in answer.json["items"]]


def test_what_is_older_is_deleted_and_what_is_not_stays(app: Flask, client: Agent, clock: Clock) -> None:
    write(client, 10)
    clock.move(days=90, minutes=1)
    write(client, 1)
    trim(app)
    first, *others = seen(client.get("/events"))
    assert first == (11, "component.confirmed")
    assert {kind for _, kind in others} == {"journal.trimmed"}
    assert client.get("/events", after=10).status_code == 200
    answer = client.get("/events", after=9)
    assert (answer.status_code, answer.json["oldest"]) == (410, "10")
    assert client.get("/components/shop/c3").json["state"] == "s3"


def test_nothing_is_deleted_before_its_time(app: Flask, client: Agent, clock: Clock) -> None:
    write(client, 10)
    clock.move(days=89, hours=23)
    trim(app)
    assert len(seen(client.get("/events", after=0))) == 10


def test_zero_days_keep_it_for_ever(app: Flask, client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "JOURNAL_DAYS", 0)
    write(client, 3)
    clock.move(days=3650)
    upkeep.run_once(app)
    assert [revision for revision, _ in seen(client.get("/events", after=0))][:3] == [1, 2, 3]


def test_trimming_is_an_event_and_two_that_trim_at_once_do_it_once(app: Flask, client: Agent, clock: Clock, journal_rows: Any) -> None:
    write(client, 3)
    clock.move(days=91)
    with app.app_context():
        assert transact(retention.trim_once, 90) is True
        assert transact(retention.trim_once, 90) is False
    assert [(row["type"], row["data"]) for row in journal_rows()] == [("journal.trimmed", {"upto": 3, "days": 90})]
