"""The journal is kept for as long as COORD_JOURNAL_DAYS says, and no reader is left to believe that
it has seen what was deleted.
"""

from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from coord.areas.events import repository, retention
from coord.areas.sessions.repository import changes
from coord.store import Reader, Rows, Statement, journal, transact
from tests.conftest import Agent, Clock


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Upkeep trims whenever it is asked, a few entries in one change."""
    monkeypatch.setattr(retention, "EVERY_S", 0)
    monkeypatch.setattr(retention, "_next_at", 0)
    monkeypatch.setattr(retention, "BATCH", 4)


def write(client: Agent, count: int) -> None:
    for number in range(count):
        client.put(
            "/components",
            project_key="shop",
            component=f"c{number}",
            state=f"s{number}",
            updated_by="host/a",
        )


def trim(app: Flask) -> None:
    with app.app_context():
        retention.trim()


def seen(answer: Any) -> list[tuple[int, str]]:
    return [(event["revision"], event["type"]) for event in answer.json["items"]]


def test_what_is_older_is_deleted_and_what_is_not_stays(
    app: Flask, client: Agent, clock: Clock
) -> None:
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


def test_zero_days_keep_it_for_ever(
    app: Flask, client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "JOURNAL_DAYS", 0)
    write(client, 3)
    clock.move(days=400)
    upkeep.run_once(app)
    assert [revision for revision, _ in seen(client.get("/events", after=0))][:3] == [1, 2, 3]


def test_trimming_is_an_event_and_two_that_trim_at_once_do_it_once(
    app: Flask, client: Agent, clock: Clock, journal_rows: Any
) -> None:
    write(client, 3)
    clock.move(days=91)
    with app.app_context():
        assert transact(retention.trim_once, 90) is True
        assert transact(retention.trim_once, 90) is False
    assert [(row["type"], row["data"]) for row in journal_rows()] == [
        ("journal.trimmed", {"upto": 3, "days": 90})
    ]


def trimming_before(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Retention deletes everything just before this function reads."""
    read = getattr(module, name)

    def late(*args: Any) -> Any:
        monkeypatch.setattr(module, name, read)
        assert transact(retention.trim_once, 90)
        return read(*args)

    monkeypatch.setattr(module, name, late)


def test_what_retention_deletes_while_a_page_is_read_is_not_skipped_in_silence(
    client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(client, 3)
    clock.move(days=91)
    trimming_before(monkeypatch, repository, "_between")
    answer = client.get("/events", after=1)
    assert (answer.status_code, answer.json["oldest"]) == (410, "3")
    assert client.get("/events", after=3).status_code == 200


def test_a_reader_without_a_cursor_begins_with_the_oldest_that_is_kept(
    client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(client, 3)
    clock.move(days=91)
    trimming_before(monkeypatch, repository, "_between")
    assert seen(client.get("/events")) == [(4, "journal.trimmed")]


def test_a_checkin_says_what_retention_deleted_while_it_was_read(
    client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(client, 3)
    clock.move(days=91)
    trimming_before(monkeypatch, changes, "since")
    answer = client.post("/sessions/checkin", session_id="host/b", after=1)
    assert answer.json["changes_lost"] is True


def test_a_page_that_retention_overtakes_reads_the_whole_board(
    client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(client, 3)
    clock.move(days=91)
    rows = Reader.rows

    def late(db: Reader, statement: Statement, /, **values: Any) -> Rows:
        if statement is journal.AFTER:
            monkeypatch.setattr(Reader, "rows", rows)
            assert transact(retention.trim_once, 90)
        return rows(db, statement, **values)

    monkeypatch.setattr(Reader, "rows", late)
    assert client.get("/board", after=1).json["complete"] is True


def test_after_a_restore_no_cursor_from_before_is_good(app: Flask, client: Agent) -> None:
    write(client, 3)
    result = app.test_cli_runner().invoke(args=["journal", "restored"])
    assert result.exit_code == 0, result.output
    write(client, 3)
    for cursor in (0, 2, 3, 4, 5, 9):
        assert client.get("/events", after=cursor).json["error"] == "cursor_gone", cursor
    (event, *others) = client.get("/events").json["items"]
    assert (event["type"], len(others)) == ("journal.restored", 3)


def test_after_a_restore_tokens_go_on_from_above_all_that_were_given_out(
    app: Flask, client: Agent
) -> None:
    claim = {"project_key": "shop", "session_id": "host/a"}
    before = client.post("/locks", **claim, resource="x").json["fencing_token"]
    app.test_cli_runner().invoke(args=["journal", "restored"])
    assert client.post("/locks", **claim, resource="y").json["fencing_token"] > before + 1_000_000
