"""Real MCP clients against the real service: they connect in each way of the protocol, and call
every tool.
"""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import fastmcp
import mcp
import pytest
from mcp.types import TextContent

from tests.service import Service, running, until

SHOP = {"project_key": "shop"}
A, B = {"session_id": "host/a", **SHOP}, {"session_id": "host/b", **SHOP}

Use = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db") as started:
        yield started


async def a_days_work(use: Use) -> set[str]:
    """Calls every tool; gives back their names.

    `use(tool, **arguments)`: what it answers, and whether that is an error.
    """
    used: set[str] = set()

    async def done(tool: str, **arguments: Any) -> Any:
        used.add(tool)
        answer, failed = await use(tool, **arguments)
        assert not failed, answer
        return answer

    await done("checkin", **A, task="Totals")
    (lock,) = (await done("lock", **A, resources=["src/cart.py"], description="Totals"))["items"]
    refused, failed = await use("lock", **B, resources=["src/"])
    assert failed
    assert refused["error"] == "lock_held"
    assert refused["lock"] == lock
    assert (await done("locks", **B, resource="src/"))["items"] == [lock]
    await done("component", **A, component="web", state="built", version="1.0", notes=None)
    flow = await done("work", **A, action="add_workflow", name="Checkout")
    item = await done("work", **A, action="add", workflow_id=flow["id"], title="Totals")
    assert (await done("work", **B, action="claim", workflow_id=flow["id"]))["id"] == item["id"]
    sent = await done("send", **A, to_session="host/b", subject="Cart", body="mine for a minute")
    assert [each["id"] for each in (await done("inbox", **B))["items"]] == [sent["id"]]
    assert (await done("inbox", **B, read=[sent["id"]]))["read"] == 1
    assert (await done("unlock", **A, release_all=True))["released"] == 1
    return used


async def with_the_sdk(url: str, mode: str) -> tuple[set[str], set[str], str]:
    async with mcp.Client(url, mode=mode) as client:
        offered = {tool.name for tool in (await client.list_tools()).tools}

        async def use(tool: str, **arguments: Any) -> tuple[Any, bool]:
            result = await client.call_tool(tool, arguments)
            (shown,) = result.content
            assert isinstance(shown, TextContent)
            assert json.loads(shown.text) == result.structured_content
            return result.structured_content, bool(result.is_error)

        return offered, await a_days_work(use), client.protocol_version


async def with_fastmcp(url: str) -> tuple[set[str], set[str]]:
    async with fastmcp.Client(url) as client:
        offered = {tool.name for tool in await client.list_tools()}

        async def use(tool: str, **arguments: Any) -> tuple[Any, bool]:
            result = await client.call_tool(tool, arguments, raise_on_error=False)
            return result.structured_content, result.is_error

        return offered, await a_days_work(use)


@pytest.mark.parametrize(
    ("mode", "version"),
    [("auto", "2026-07-28"), ("2026-07-28", "2026-07-28"), ("legacy", "2025-11-25")],
)
def test_the_sdk_connects_and_calls_every_tool(service: Service, mode: str, version: str) -> None:
    offered, used, spoken = asyncio.run(with_the_sdk(f"{service.url}/mcp", mode))
    assert (offered, spoken) == (used, version)


def test_fastmcp_connects_and_calls_every_tool(service: Service) -> None:
    offered, used = asyncio.run(with_fastmcp(f"{service.url}/mcp"))
    assert offered == used


def test_a_client_that_hangs_up_while_its_tool_waits_leaves_the_line(service: Service) -> None:
    service.call("POST", "/locks", {**A, "resource": "hot"})
    call = {"name": "lock", "arguments": {**B, "resources": ["hot"], "wait": 30}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
    head = (
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type:"
        f" application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(head.encode() + body)
        until(lambda: waiting(service), 10, "the call to wait")
    until(lambda: not waiting(service), 10, "the call to wait no longer")


def waiting(service: Service) -> Any:
    return service.call("GET", "/locks/waiters?project_key=shop").json["items"]


def test_a_client_learns_of_the_database_as_agents_do_everywhere(
    service: Service, tmp_path: Path
) -> None:
    with running(tmp_path, f"sqlite:///{tmp_path}/nowhere/coord.db", migrated=False) as away:

        async def ask() -> Any:
            async with mcp.Client(f"{away.url}/mcp") as client:
                return await client.call_tool("locks", {"session_id": "host/a"})

        result = asyncio.run(ask())
    assert result.is_error
    assert result.structured_content == {
        "detail": "Database unavailable. Retry after 30 seconds.",
        "retry_after": 30,
    }
