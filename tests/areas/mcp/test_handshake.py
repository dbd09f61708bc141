"""The versions before 2026-07-28: `initialize`, then requests that name the version in a header or
nowhere.
"""

import pytest

from coord import __version__
from tests.areas.mcp.conftest import CURRENT, McpAgent


def initialize(mcp: McpAgent, version: str, **headers: str) -> object:
    params = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "tests", "version": "1"},
    }
    answer = mcp.post(
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}, **headers
    )
    assert (answer.status_code, answer.json["id"]) == (200, 0)
    result = answer.json["result"]
    assert result["serverInfo"] == {"name": "coord", "version": __version__}
    assert result["capabilities"] == {"tools": {}}
    assert result["instructions"]
    assert "resultType" not in result
    return result["protocolVersion"]


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_a_client_gets_the_version_it_asks_for(without_database: McpAgent, version: str) -> None:
    assert initialize(without_database, version) == version


@pytest.mark.parametrize("version", ["1.0", "2099-01-01", CURRENT])
def test_a_client_that_asks_for_another_gets_the_last_with_a_handshake(
    without_database: McpAgent, version: str
) -> None:
    assert initialize(without_database, version) == "2025-11-25"


def test_some_clients_name_a_version_in_the_header_already(without_database: McpAgent) -> None:
    assert (
        initialize(without_database, "2025-11-25", MCP_Protocol_Version="2025-11-25")
        == "2025-11-25"
    )
    assert initialize(without_database, "2025-11-25", MCP_Protocol_Version=CURRENT) == "2025-11-25"


def test_a_handshake_without_a_version_is_refused(without_database: McpAgent) -> None:
    answer = without_database.ask_as_before("initialize", {})
    assert (answer.status_code, answer.json["error"]["code"]) == (200, -32602)


def test_that_it_is_ready_needs_no_answer(without_database: McpAgent) -> None:
    answer = without_database.post(
        {"jsonrpc": "2.0", "method": "notifications/initialized"}, MCP_Protocol_Version="2025-11-25"
    )
    assert (answer.status_code, answer.data) == (202, b"")


def test_a_ping_is_answered(without_database: McpAgent) -> None:
    assert without_database.ask_as_before("ping").json == {"jsonrpc": "2.0", "id": 7, "result": {}}


def test_the_tools_are_the_same_as_without_a_handshake(without_database: McpAgent) -> None:
    before = without_database.ask_as_before("tools/list").json["result"]
    assert before == {"tools": without_database.ask("tools/list").json["result"]["tools"]}


def test_a_client_without_the_header_is_understood(without_database: McpAgent) -> None:
    assert (
        without_database.post({"jsonrpc": "2.0", "id": "a", "method": "tools/list"}).json["id"]
        == "a"
    )


def test_a_tool_answers_the_same_as_without_a_handshake(mcp: McpAgent) -> None:
    call = {"name": "locks", "arguments": {"session_id": "host/a"}, "_meta": {"progressToken": 1}}
    answer = mcp.ask_as_before("tools/call", call)
    assert answer.json["result"]["structuredContent"] == {"items": [], "next_cursor": None}
    assert set(answer.json["result"]) == {"content", "structuredContent", "isError"}


def test_errors_of_the_protocol_come_with_status_200(without_database: McpAgent) -> None:
    for method, params, code in [
        ("tools/lst", {}, -32601),
        ("server/ping", None, -32601),
        ("tools/call", {"name": "lokc"}, -32602),
    ]:
        answer = without_database.ask_as_before(method, params)
        assert (answer.status_code, answer.json["id"], answer.json["error"]["code"]) == (
            200,
            7,
            code,
        )


@pytest.mark.parametrize("version", ["1900-01-01", "not-a-version"])
def test_a_version_that_nobody_agreed_upon_is_refused(
    without_database: McpAgent, version: str
) -> None:
    asked = without_database.ask_as_before("ping", MCP_Protocol_Version=version)
    told = without_database.post(
        {"jsonrpc": "2.0", "method": "notifications/initialized"}, MCP_Protocol_Version=version
    )
    for answer in (asked, told):
        assert (answer.status_code, answer.json["error"]["code"]) == (400, -32600)
        assert version in answer.json["error"]["message"]
        assert CURRENT in answer.json["error"]["message"]
