"""What a hook of an area does to others when it is wrong: it is named, and as far as possible only
its own part is missing.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from marshmallow import fields

from coord import upkeep
from coord.area import HOOKS, Area, BoardList, BoardPart, CheckinPart, PastList, StatusPart, Tool
from coord.plugins import BadArea, find
from coord.web import Blueprint, Schema
from tests.conftest import Agent, Clock, make_app


class RecipeSchema(Schema):
    name = fields.String()


def fails(*_: Any) -> Any:
    raise KeyError("oven")


RECIPES = Area("recipes", Blueprint("recipes", __name__))
STATUS = StatusPart({"recipes": fields.Integer()}, fails)
CHECKIN = CheckinPart("recipes", "recipes", 99, RecipeSchema, fails, lambda item: str(item["name"]))
TOOL = Tool("cook", "Cooks.", {}, fails)


@pytest.fixture(scope="module")
def database_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An app of this file's own: it remembers which areas fail.

    Hooks know nothing of the database: one is enough.
    """
    return make_app(f"sqlite:///{tmp_path_factory.mktemp('hooks')}/coord.db")


@pytest.fixture
def stranger(app: Flask) -> Iterator[Callable[..., None]]:
    """Adds an area whose hooks are these to the app."""
    areas = app.extensions["coord.areas"]

    def add(**hooks: Any) -> None:
        app.extensions["coord.areas"] = [*areas, replace(RECIPES, **hooks)]

    yield add
    app.extensions["coord.areas"] = areas


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "coord.area.hooks"]


def test_a_status_without_the_part_that_fails(
    client: Agent, stranger: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    client.post("/locks", project_key="shop", session_id="host/a", resource="x")
    stranger(status=STATUS)
    answer = client.get("/status")
    assert answer.status_code == 200
    assert len(answer.json["active_locks"]) == 1
    assert answer.json["failed_areas"] == ["recipes"]
    assert failures(caplog) == ["status.read of the area 'recipes' failed"]


def test_a_status_names_no_area_when_none_fails(client: Agent) -> None:
    assert client.get("/status").json["failed_areas"] == []


@pytest.mark.parametrize(
    ("part", "hook"),
    [
        (CHECKIN, "checkin.read"),
        (
            replace(CHECKIN, read=lambda db, scope: ([{"name": "soup"}], 1), line=fails),
            "checkin.line",
        ),
    ],
    ids=["read", "line"],
)
def test_a_checkin_without_the_part_that_fails(
    client: Agent,
    stranger: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    part: CheckinPart,
    hook: str,
) -> None:
    stranger(checkin=part)
    client.post("/messages", from_session="host/b", to_session="host/a", subject="Hello", body="")
    answer = client.post("/sessions/checkin", session_id="host/a")
    assert answer.status_code == 200
    assert [message["subject"] for message in answer.json["messages"]] == ["Hello"]
    assert answer.json["failed_areas"] == ["recipes"]
    assert failures(caplog) == [f"{hook} of the area 'recipes' failed"]
    text = client.call(
        "POST", "/sessions/checkin", {"session_id": "host/a"}, headers={"Accept": "text/plain"}
    )
    assert "(Not shown, because of a bug in them: recipes.)" in text.text


def gauges_fail_late(db: Any) -> Iterator[Any]:
    yield fails()


@pytest.mark.parametrize("hook", [fails, gauges_fail_late], ids=["called", "read"])
def test_metrics_without_the_gauges_that_fail(
    client: Agent, stranger: Callable[..., None], hook: Callable[..., Any]
) -> None:
    stranger(gauges=hook)
    text = client.get("/metrics").text
    assert "coord_database_up 1.0" in text
    assert "coord_workflows_active 0.0" in text
    assert 'coord_area_failed{area="recipes"} 1.0' in text


@pytest.mark.parametrize(
    ("hook", "call"),
    [
        ("on_activity", ("POST", "/sessions/heartbeat")),
        ("on_checkin", ("POST", "/sessions/checkin")),
        ("on_session_end", ("DELETE", "/sessions")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_failing_hook_had_to_change_is_not_left_out_in_silence(
    client: Agent, stranger: Callable[..., None], hook: str, call: tuple[str, str]
) -> None:
    client.post("/locks", project_key="shop", session_id="host/a", resource="x")
    stranger(**{hook: fails})
    answer = client.call(*call, {"session_id": "host/a"})
    assert answer.status_code == 500
    assert (answer.json["area"], answer.json["hook"]) == ("recipes", hook)
    assert "recipes" in answer.json["detail"]
    assert len(client.get("/locks").json["items"]) == 1


def test_a_session_that_cannot_be_noted_gone_keeps_no_other_from_it(
    client: Agent,
    app: Flask,
    clock: Clock,
    stranger: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("coord.areas.sessions.upkeep._retry_at", {})
    for session_id in ("host/a", "host/b"):
        client.post("/sessions/heartbeat", session_id=session_id, ttl_minutes=1)

    def fails_for_a(db: Any, end: Any) -> None:
        if end.session_id == "host/a":
            fails()

    stranger(on_session_end=fails_for_a)
    clock.move(minutes=2)
    for _ in range(3):
        upkeep.run_once(app)
    gone = [
        event["subject"]["id"] for event in client.get("/events", type="session.gone").json["items"]
    ]
    assert gone == ["host/b"]
    assert failures(caplog) == ["on_session_end of the area 'recipes' failed"]


def test_a_tool_that_fails_is_named_in_its_result(
    client: Agent, stranger: Callable[..., None]
) -> None:
    stranger(tools=(TOOL,))
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "cook"}}
    result = client.call("POST", "/mcp", message).json["result"]
    assert result["isError"]
    assert (result["structuredContent"]["area"], result["structuredContent"]["hook"]) == (
        "recipes",
        "tool.call[cook]",
    )


def test_a_tick_that_fails_is_named_in_the_log(
    app: Flask, stranger: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    stranger(on_tick=fails)
    upkeep.run_once(app)
    (record,) = [record for record in caplog.records if record.name == "coord.upkeep"]
    assert record.levelno == logging.ERROR
    assert "on_tick of the area 'recipes' fails" in record.getMessage()


def _no_arguments() -> None: ...


no_arguments: Any = _no_arguments
BOARD = BoardPart(Path(__file__).parent)
UNREAD = BoardList("recipes", RecipeSchema, "name", frozenset(), no_arguments)


WRONG: Mapping[str, tuple[dict[str, Any], str]] = {
    "gauges": ({"gauges": no_arguments}, "gauges(db)"),
    "on_activity": ({"on_activity": no_arguments}, "on_activity(change, session_id)"),
    "on_checkin": ({"on_checkin": no_arguments}, "on_checkin(change, session_id)"),
    "on_session_end": ({"on_session_end": no_arguments}, "on_session_end(db, end)"),
    "waiters": ({"waiters": lambda db: None}, "waiters()"),
    "deliver": ({"deliver": no_arguments}, "deliver(change, notice)"),
    "on_tick": ({"on_tick": lambda app: None}, "on_tick()"),
    "status.read": ({"status": replace(STATUS, read=no_arguments)}, "status.read(db, scope)"),
    "checkin.read": ({"checkin": replace(CHECKIN, read=no_arguments)}, "checkin.read(db, scope)"),
    "checkin.line": ({"checkin": replace(CHECKIN, line=no_arguments)}, "checkin.line(item)"),
    "tool.call": ({"tools": (replace(TOOL, call=no_arguments),)}, "tool.call[cook](arguments)"),
    "samples": ({"samples": {"soup": lambda change: None}}, "samples[soup]()"),
    "board.read": ({"board": replace(BOARD, lists=(UNREAD,))}, "board.read[recipes](db)"),
    "board.changed": (
        {"board": replace(BOARD, lists=(replace(UNREAD, read=fails, changed=no_arguments),))},
        "board.changed[recipes](db, ids)",
    ),
    "board.spans": ({"board": replace(BOARD, spans=no_arguments)}, "board.spans(db, stretch)"),
    "board.past": (
        {"board": replace(BOARD, past=PastList("Recipes", (), no_arguments))},
        "board.past(entry)",
    ),
    "not a function": ({"deliver": "coord"}, "deliver(change, notice)"),
}


@pytest.mark.parametrize(("hooks", "form"), WRONG.values(), ids=WRONG.keys())
def test_a_hook_that_cannot_be_called_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, hooks: dict[str, Any], form: str
) -> None:
    module = ModuleType("recipes_of_a_stranger")
    vars(module)["area"] = replace(RECIPES, **hooks)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(BadArea) as refused:
        find((), (module.__name__,))
    assert "'recipes'" in str(refused.value)
    assert form in str(refused.value)


def test_no_hook_is_left_out_of_these() -> None:
    assert set(WRONG) - {"not a function"} == set(HOOKS)
