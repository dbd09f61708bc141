"""What is no message, and what comes with it over HTTP."""

from typing import Any

import pytest

from coord.app import create_app
from tests.areas.mcp.conftest import CURRENT, McpAgent
from tests.conftest import Agent
from tests.web.conftest import NOWHERE, assert_error

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"no", b'{"a": NaN}', b"\xff", b"[" * 100_000],
    ids=lambda body: repr(body[:9]),
)
def test_a_body_that_is_no_json_is_a_parse_error(without_database: McpAgent, body: bytes) -> None:
    answer = without_database.agent.call("POST", "/mcp", data=body, content_type="application/json")
    assert (
        answer.status_code,
        answer.json["jsonrpc"],
        answer.json["id"],
        answer.json["error"]["code"],
    ) == (400, "2.0", None, -32700)


@pytest.mark.parametrize(
    "message",
    [
        [PING],
        [],
        "ping",
        {},
        {"id": 1, "method": "ping"},
        {**PING, "jsonrpc": "1.0"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {**PING, "method": 5},
        {**PING, "params": [1]},
        {**PING, "id": None},
        {**PING, "id": True},
        {**PING, "id": 1.5},
        {**PING, "id": {}},
    ],
    ids=repr,
)
def test_json_that_is_no_message_is_an_invalid_request(
    without_database: McpAgent, message: Any
) -> None:
    answer = without_database.post(message)
    assert (
        answer.status_code,
        answer.json["jsonrpc"],
        answer.json["id"],
        answer.json["error"]["code"],
    ) == (400, "2.0", None, -32600)


def test_a_batch_is_told_to_come_one_by_one(without_database: McpAgent) -> None:
    assert "one by one" in without_database.post([PING, PING]).json["error"]["message"]


def test_a_member_that_comes_twice_is_refused(without_database: McpAgent) -> None:
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "method": "tools/list"}'
    answer = without_database.agent.call("POST", "/mcp", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32600)


@pytest.mark.parametrize("version", [None, "2025-06-18", CURRENT])
def test_a_notification_is_taken_and_not_answered(
    without_database: McpAgent, version: str | None
) -> None:
    headers = {} if version is None else {"MCP_Protocol_Version": version}
    answer = without_database.post(
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
        **headers,
    )
    assert (answer.status_code, answer.data) == (202, b"")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_is_no_stream_and_no_session_to_end(without_database: McpAgent, method: str) -> None:
    answer = without_database.agent.call(method, "/mcp")
    assert "POST" in assert_error(answer, 405, "method_not_allowed")["detail"]
    assert answer.headers["Allow"] == "OPTIONS, POST"


def test_a_body_of_another_type_is_refused_as_everywhere(without_database: McpAgent) -> None:
    assert_error(
        without_database.agent.call("POST", "/mcp", data="{}", content_type="text/plain"),
        415,
        "not_json",
    )


def test_an_unknown_parameter_is_refused_as_everywhere(without_database: McpAgent) -> None:
    body = assert_error(
        without_database.agent.call("POST", "/mcp?sesion_id=a", PING), 422, "invalid"
    )
    assert body["errors"] == {"sesion_id": ["Unknown parameter. Did you mean 'session_id'?"]}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=lambda each: next(iter(each)),
)
def test_pages_of_other_sites_are_kept_out(
    without_database: McpAgent, headers: dict[str, str]
) -> None:
    assert_error(
        without_database.agent.call("POST", "/mcp", PING, headers=headers), 403, "forbidden"
    )


def test_the_token_is_needed_and_reaches_the_tools() -> None:
    mcp = McpAgent(Agent(create_app({"DATABASE_URL": NOWHERE, "TOKEN": "secret"}).test_client()))
    assert_error(mcp.post(PING), 403, "forbidden")
    assert mcp.post(PING, Authorization="Bearer secret").status_code == 200
    refused = mcp.use("locks", headers={"Authorization": "Bearer secret"}, session_id="host/a")[
        "structuredContent"
    ]
    assert refused["retry_after"] == 30  # past the token, at the database


def test_a_page_that_may_call_may_send_what_mcp_sends() -> None:
    mcp = Agent(
        create_app(
            {"DATABASE_URL": NOWHERE, "ALLOWED_ORIGINS": ("https://tools.example",)}
        ).test_client()
    )
    headers = {"Origin": "https://tools.example", "Access-Control-Request-Method": "POST"}
    allowed = (
        mcp.call("OPTIONS", "/mcp", headers=headers)
        .headers["Access-Control-Allow-Headers"]
        .split(", ")
    )
    assert {
        "MCP-Protocol-Version",
        "Mcp-Method",
        "Mcp-Name",
        "X-Coord-Session",
        "X-Coord-Project",
    } <= set(allowed)
