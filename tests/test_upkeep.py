"""The thread that does what comes due without a call."""

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from coord import upkeep
from coord.app import create_app
from coord.area import Area
from coord.store import faults
from coord.upkeep import Upkeep
from tests.databases import MariaDB
from tests.service import Service, running, until

NOWHERE = "sqlite:////nonexistent/coord.db"


@pytest.fixture
def app() -> Flask:
    """An app whose areas have nothing to keep up."""
    made = create_app({"DATABASE_URL": NOWHERE})
    made.extensions["coord.areas"] = [
        dataclasses.replace(area, on_tick=None) for area in made.extensions["coord.areas"]
    ]
    return made


@pytest.fixture
def kept_up(app: Flask) -> Callable[[str, Callable[[], None]], None]:
    """Gives the area of this name something to keep up."""

    def give(name: str, task: Callable[[], None]) -> None:
        areas: list[Area] = app.extensions["coord.areas"]
        app.extensions["coord.areas"] = [
            dataclasses.replace(area, on_tick=task) if area.name == name else area for area in areas
        ]

    return give


@pytest.fixture
def started(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upkeep]:
    monkeypatch.setattr(upkeep, "EVERY_S", 0.001)
    found = upkeep.of(app)
    found.start()
    yield found
    found.stop()


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append((record.levelname, record.getMessage()))


@pytest.fixture
def lines() -> Iterator[list[tuple[str, str]]]:
    handler = Lines()
    upkeep.log.addHandler(handler)
    yield handler.said
    upkeep.log.removeHandler(handler)


def test_an_app_starts_no_thread() -> None:
    before = threading.enumerate()
    create_app({"DATABASE_URL": NOWHERE})
    assert threading.enumerate() == before


def test_each_area_is_asked_again_and_again(
    app: Flask, kept_up: Callable[..., None], started: Upkeep
) -> None:
    rounds: list[str] = []
    kept_up("locks", lambda: rounds.append("locks"))
    kept_up("messages", lambda: rounds.append("messages"))
    until(lambda: rounds.count("messages") > 3, 10, "some rounds")
    assert rounds[:2] in (["locks", "messages"], ["messages", "locks"])


def test_one_that_takes_long_is_not_asked_twice_at_once_and_stopping_does_not_wait_for_the_next(
    app: Flask, kept_up: Callable[..., None], started: Upkeep
) -> None:
    under_way, most = [0], [0]
    go_on = threading.Event()

    def slow() -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        go_on.wait(10)
        under_way[0] -= 1

    kept_up("locks", slow)
    until(lambda: under_way[0], 10, "the first round")
    go_on.set()
    started.stop()
    assert (under_way[0], most[0]) == (0, 1)
    assert not any(thread.name == "coord-upkeep" for thread in threading.enumerate())


def test_an_error_is_logged_once_an_outage_and_keeps_nothing_else_from_its_turn(
    app: Flask, kept_up: Callable[..., None], lines: list[tuple[str, str]]
) -> None:
    away = [True]
    asked: list[str] = []

    def task() -> None:
        if away[0]:
            raise faults.CircuitOpen("no route to host")

    kept_up("locks", task)
    kept_up("messages", lambda: asked.append("messages"))
    for state in (True, True, True, False, False, True, True):
        away[0] = state
        upkeep.run_once(app)
    fails, works = (
        "on_tick of the area 'locks' fails, and is tried again twice a second",
        "on_tick of the area 'locks' works again",
    )
    assert lines == [("WARNING", fails), ("INFO", works), ("WARNING", fails)]
    assert len(asked) == 7


def test_a_bug_is_an_error_in_the_log(
    app: Flask, kept_up: Callable[..., None], lines: list[tuple[str, str]]
) -> None:
    def task() -> None:
        raise KeyError("nothing")

    kept_up("locks", task)
    upkeep.run_once(app)
    assert [level for level, _ in lines] == ["ERROR"]


@pytest.fixture(params=["sqlite", "mariadb"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    url = f"sqlite:///{tmp_path}/coord.db"
    if request.param == "mariadb":
        server: MariaDB = request.getfixturevalue("mariadb")
        url = server.create_database("upkeep")
    with running(tmp_path / "service", url) as started:
        yield started


def test_the_service_notes_that_a_session_is_gone_and_gives_back_what_it_had(
    service: Service,
) -> None:
    flow = service.call(
        "POST", "/workflows", {"project_key": "shop", "name": "w", "created_by": "host/boss"}
    ).json["id"]
    service.call(
        "POST", "/work-items", {"workflow_id": flow, "title": "Totals", "created_by": "host/boss"}
    )
    item = service.call("POST", "/work-items/claim", {"session_id": "host/a"}).json["id"]
    assert (
        service.call(
            "POST", "/sessions/heartbeat", {"session_id": "host/a", "ttl_minutes": 0.02}
        ).status
        == 201
    )

    def gone() -> bool:
        return any(
            each["type"] == "session.gone" for each in service.call("GET", "/events").json["items"]
        )

    until(gone, 15, "the session to be noted gone")
    now = service.call("GET", f"/work-items/{item}").json
    assert (now["status"], now["assigned_to"]) == ("pending", None)
    (message,) = service.call("GET", "/messages?to_session=host/boss&unread_only=true").json[
        "items"
    ]
    assert (message["from_session"], message["subject"]) == ("coord", "host/a is gone")
    assert "'Totals'" in message["body"]
    types = [each["type"] for each in service.call("GET", "/events").json["items"]]
    assert types.count("session.gone") == types.count("work_item.returned") == 1
    assert [line for line in service.log() if line["logger"] == "coord.upkeep"] == []
