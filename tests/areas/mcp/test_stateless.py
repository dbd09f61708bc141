"""Version 2026-07-28: each request stands for itself, and says its version in the body and in the
headers.
"""

import base64
from typing import Any

import pytest

from coord import __version__
from tests.areas.mcp.conftest import CURRENT, META, McpAgent

CALL = {"name": "locks", "arguments": {}}


def test_the_server_says_what_it_is(without_database: McpAgent) -> None:
    answer = without_database.ask("server/discover")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    result = answer.json["result"]
    assert (answer.json["jsonrpc"], answer.json["id"]) == ("2.0", 7)
    assert result["supportedVersions"] == [CURRENT]
    assert result["capabilities"] == {"tools": {}}
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"] == {
        "name": "coord",
        "version": __version__,
    }
    assert "checkin" in result["instructions"]
    assert len(result["instructions"]) < 600
    assert (result["resultType"], result["cacheScope"]) == ("complete", "public")
    assert result["ttlMs"] > 0


def test_the_tools_are_listed_without_a_handshake_and_may_be_kept_for_a_while(
    without_database: McpAgent,
) -> None:
    result = without_database.ask("tools/list").json["result"]
    assert (result["resultType"], result["cacheScope"]) == ("complete", "public")
    assert result["ttlMs"] > 0
    assert "lock" in [tool["name"] for tool in result["tools"]]


def test_no_session_is_given_out(without_database: McpAgent) -> None:
    for answer in (
        without_database.ask("server/discover"),
        without_database.ask_as_before("initialize", {"protocolVersion": "2025-11-25"}),
    ):
        assert "Mcp-Session-Id" not in answer.headers


@pytest.mark.parametrize("key", ["protocolVersion", "clientCapabilities"])
def test_what_each_request_must_say_is_missed(without_database: McpAgent, key: str) -> None:
    name = f"io.modelcontextprotocol/{key}"
    meta = {each: value for each, value in META.items() if each != name}
    answer = without_database.ask("tools/list", {"_meta": meta})
    assert (answer.status_code, answer.json["id"], answer.json["error"]["code"]) == (400, 7, -32602)
    assert name in answer.json["error"]["message"]


def test_the_name_of_the_client_may_be_left_out(without_database: McpAgent) -> None:
    meta = {each: value for each, value in META.items() if not each.endswith("clientInfo")}
    assert without_database.ask("tools/list", {"_meta": meta}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"MCP_Protocol_Version": "2025-11-25"},
        {"MCP_Protocol_Version": ""},
        {"Mcp_Method": "tools/list"},
        {"Mcp_Method": ""},
        {"Mcp_Name": "lock"},
        {"Mcp_Name": ""},
        {"Mcp_Name": "=?base64?bG9jaw==?="},
        {"Mcp_Name": "=?base64?no?="},
    ],
    ids=repr,
)
def test_headers_that_say_something_else_than_the_body_are_refused(
    without_database: McpAgent, headers: dict[str, str]
) -> None:
    answer = without_database.ask("tools/call", CALL, **headers)
    assert (answer.status_code, answer.json["id"], answer.json["error"]["code"]) == (400, 7, -32020)
    assert next(iter(headers)).replace("_", "-") in answer.json["error"]["message"]


def test_a_name_that_no_header_can_hold_comes_encoded(without_database: McpAgent) -> None:
    encoded = base64.b64encode("schloß".encode()).decode()
    answer = without_database.ask(
        "tools/call", {"name": "schloß"}, Mcp_Name=f"=?base64?{encoded}?="
    )
    assert answer.json["error"]["message"].startswith("schloß: Unknown tool.")


@pytest.mark.parametrize("version", ["2025-11-25", "2099-01-01", "x"])
def test_another_version_is_told_the_ones_that_are_spoken(
    without_database: McpAgent, version: str
) -> None:
    meta = META | {"io.modelcontextprotocol/protocolVersion": version}
    answer = without_database.ask("server/discover", {"_meta": meta}, MCP_Protocol_Version=version)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32022)
    assert answer.json["error"]["data"] == {"supported": [CURRENT], "requested": version}


@pytest.mark.parametrize(
    "method",
    [
        "ping",
        "initialize",
        "logging/setLevel",
        "resources/list",
        "subscriptions/listen",
        "tools/lst",
    ],
)
def test_a_method_that_is_not_there_is_not_found(without_database: McpAgent, method: str) -> None:
    answer = without_database.ask(method)
    assert (answer.status_code, answer.json["id"], answer.json["error"]["code"]) == (404, 7, -32601)


def test_a_misspelt_method_is_told_the_nearest(without_database: McpAgent) -> None:
    assert (
        without_database.ask("tools/lst").json["error"]["message"]
        == "tools/lst: Unknown method. Did you mean 'tools/list'?"
    )


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"name": "lokc"}, "lokc: Unknown tool. Did you mean 'lock'?"),
        ({}, "name: Name the tool to call."),
        ({"name": "lock", "arguments": [1]}, "arguments: Must be an object."),
    ],
    ids=repr,
)
def test_a_call_of_no_tool_is_an_error_of_the_protocol(
    without_database: McpAgent, params: dict[str, Any], said: str
) -> None:
    answer = without_database.ask("tools/call", params)
    assert (answer.status_code, answer.json["id"]) == (400, 7)
    assert answer.json["error"] == {"code": -32602, "message": said}


def test_there_is_one_page_of_tools(without_database: McpAgent) -> None:
    assert without_database.ask("tools/list", {"cursor": "x"}).json["error"]["code"] == -32602


def test_what_asks_for_the_current_version_by_its_method_is_told_what_it_lacks(
    without_database: McpAgent,
) -> None:
    answer = without_database.post({"jsonrpc": "2.0", "id": 1, "method": "server/discover"})
    assert answer.status_code == 400
    assert "params._meta" in answer.json["error"]["message"]
