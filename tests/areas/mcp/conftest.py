"""Fixtures: an agent that speaks MCP, in the current way or in the older one, with a database and
without.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from coord.app import create_app
from tests.conftest import Agent
from tests.web.conftest import NOWHERE

CURRENT = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": CURRENT,
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class McpAgent:
    """Speaks to `/mcp`. What an agent gets of a call is the result of its tool."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    def post(self, message: Any, **headers: str) -> Any:
        """Any message, as it stands."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.agent.call("POST", "/mcp", message, headers=sent)

    def ask(self, method: str, params: Mapping[str, Any] | None = None, **headers: str) -> Any:
        """A request as the current specification wants it."""
        mirrored = {"MCP_Protocol_Version": CURRENT, "Mcp_Method": method}
        if params and "name" in params:
            mirrored["Mcp_Name"] = params["name"]
        message = {
            "jsonrpc": "2.0",
            "id": 7,
            "method": method,
            "params": {"_meta": META, **(params or {})},
        }
        return self.post(message, **(mirrored | headers))

    def ask_as_before(
        self, method: str, params: Mapping[str, Any] | None = None, **headers: str
    ) -> Any:
        """A request as it was until then, after the handshake."""
        message = {
            "jsonrpc": "2.0",
            "id": 7,
            "method": method,
            **({} if params is None else {"params": params}),
        }
        return self.post(message, **({"MCP_Protocol_Version": "2025-11-25"} | headers))

    def use(self, tool: str, *, headers: Mapping[str, str] | None = None, **arguments: Any) -> Any:
        """The result of a tool. Its two forms say the same."""
        answer = self.ask("tools/call", {"name": tool, "arguments": arguments}, **(headers or {}))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        result = answer.json["result"]
        assert [part["type"] for part in result["content"]] == ["text"]
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        return result

    def done(self, tool: str, **arguments: Any) -> Any:
        """What a tool answers when all is well."""
        result = self.use(tool, **arguments)
        assert not result["isError"], result
        return result["structuredContent"]

    def refused(self, tool: str, **arguments: Any) -> Any:
        result = self.use(tool, **arguments)
        assert result["isError"], result
        return result["structuredContent"]


@pytest.fixture
def mcp(client: Agent) -> McpAgent:
    return McpAgent(client)


@pytest.fixture(scope="session")
def without_database() -> McpAgent:
    """What is answered here is answered whatever the database does."""
    return McpAgent(Agent(create_app({"DATABASE_URL": NOWHERE}).test_client()))
