"""A tool's call passes through all that a call from outside does, and leaves the same traces."""

import logging
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from coord.area import Tool, ToolCall
from coord.areas.locks import area as locks
from coord.areas.mcp import tools
from coord.plugins import BadArea, find
from coord.web import telemetry
from tests.areas.mcp.conftest import McpAgent
from tests.web.test_telemetry import calls, parsed

A = {"session_id": "host/a", "project_key": "shop"}


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)


def logged(mcp: McpAgent, tool: str, **arguments: Any) -> list[Any]:
    """The lines of the access log that the use of a tool leaves."""
    records = Records()
    telemetry.log.addHandler(records)
    try:
        mcp.use(tool, headers={"X-Request-Id": "asked-7"}, **arguments)
    finally:
        telemetry.log.removeHandler(records)
    return records.kept


def test_the_log_has_the_call_and_the_message_that_it_came_in_under_one_request_id(
    mcp: McpAgent,
) -> None:
    inner, outer = logged(mcp, "lock", **A, resources=["a"])
    assert (inner.method, inner.path, inner.status, inner.request_id) == (
        "POST",
        "/api/coord/locks",
        201,
        "asked-7",
    )
    assert (outer.method, outer.path, outer.status, outer.request_id) == (
        "POST",
        "/mcp",
        200,
        "asked-7",
    )
    assert inner.peer == outer.peer == "127.0.0.1"


def test_what_it_waited_is_not_counted_as_its_time(mcp: McpAgent) -> None:
    mcp.use("lock", session_id="host/b", project_key="shop", resources=["a"])
    inner, outer = logged(mcp, "lock", **A, resources=["a"], wait=0.3)
    assert inner.waited_ms == outer.waited_ms > 100
    assert inner.ms < outer.ms < 200


def test_the_call_is_counted_as_any_other(mcp: McpAgent) -> None:
    def counted() -> tuple[float, float]:
        samples = parsed(mcp.agent.get("/metrics").get_data(as_text=True))
        return calls(samples, "POST", "/api/coord/locks", 201), calls(samples, "POST", "/mcp", 200)

    before = counted()
    mcp.done("lock", **A, resources=["a"])
    assert counted() == (before[0] + 1, before[1] + 1)


def offering(monkeypatch: pytest.MonkeyPatch, **calls: ToolCall) -> None:
    made = {
        name: Tool(name, "Says what it is told.", {}, partial(lambda call, sent: call, call))
        for name, call in calls.items()
    }
    monkeypatch.setattr(
        tools, "offered", lambda: {name: (locks, tool) for name, tool in made.items()}
    )


def test_a_name_in_a_path_may_hold_a_slash(mcp: McpAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    mcp.done("component", **A, component="web/ä", state="built")
    offering(monkeypatch, one=ToolCall("GET", "/components/shop/web%2F%C3%A4"))
    assert mcp.done("one")["component"] == "web/ä"


def test_an_answer_without_a_body_says_something(
    mcp: McpAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    offering(monkeypatch, one=ToolCall("POST", "/work-items/claim", {"session_id": "host/a"}))
    assert mcp.done("one") == {"detail": "Done."}


def test_a_call_that_is_not_there_is_refused_as_from_outside(
    mcp: McpAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    offering(monkeypatch, one=ToolCall("GET", "/lokcs"))
    assert "Did you mean /api/coord/locks?" in mcp.refused("one")["detail"]


def test_headers_about_the_message_are_not_about_the_call(mcp: McpAgent) -> None:
    shown = mcp.use("checkin", headers={"Accept": "text/plain", "If-None-Match": "*"}, **A)[
        "structuredContent"
    ]
    assert shown["session"]["session_id"] == "host/a"


def test_a_tool_that_is_broken_is_a_bug_and_nothing_else(
    mcp: McpAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    offering(monkeypatch, one=ToolCall("GET", "/locks"))
    monkeypatch.setattr(tools, "perform", lambda *_: 1 / 0)
    assert mcp.ask("tools/call", {"name": "one"}).status_code == 500


def test_two_tools_of_one_name_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coord.areas.messages.area", replace(locks, name="others"))
    with pytest.raises(BadArea, match="Two tools are called 'lock'"):
        find(("coord.areas.locks", "coord.areas.messages"), ())
