"""How long the result of a tool may be, and that it says what it leaves out."""

from typing import Any

import pytest

from tests.areas.mcp.conftest import McpAgent
from tests.conftest import Agent

MAX_BYTES = 32 * 1024
A, SHOP = {"session_id": "host/a"}, {"project_key": "shop"}


def whole(mcp: McpAgent, tool: str, **arguments: Any) -> Any:
    """The result, once its whole answer is known to be short enough."""
    answer = mcp.ask("tools/call", {"name": tool, "arguments": arguments})
    assert len(answer.data) <= MAX_BYTES
    return answer.json["result"]["structuredContent"]


@pytest.mark.parametrize("size", [3_000, 150_000])
@pytest.mark.parametrize("text", ["x", '"', "ä"])
def test_an_inbox_of_long_messages_is_cut_and_pages_go_on(
    mcp: McpAgent, client: Agent, size: int, text: str
) -> None:
    sent = [
        client.post(
            "/messages", from_session="host/b", to_session="host/a", subject="s", body=text * size
        ).json["id"]
        for _ in range(6)
    ]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in sent:
        inbox = whole(mcp, "inbox", **A, **cursor)
        seen += [message["id"] for message in inbox["items"]]
        assert inbox["left_out"]["texts"] >= 1
        assert f"{size} characters in all" in inbox["items"][0]["body"]
        if inbox["next_cursor"] is None:
            break
        cursor = {"cursor": inbox["next_cursor"]}
    assert seen == sent


def test_a_workflow_of_many_items_says_how_many_are_left_out(mcp: McpAgent, client: Agent) -> None:
    workflow = client.post(
        "/workflows", project_key="shop", name="Checkout", created_by="host/a"
    ).json["id"]
    for number in range(80):
        client.post("/work-items", workflow_id=workflow, title=f"Task {number}")
    result = whole(mcp, "work", **A, action="workflows", workflow_id=workflow)
    assert len(result["work_items"]) + result["left_out"]["work_items"] == 80
    assert result["work_items"][0]["title"] == "Task 0"


def test_a_short_result_leaves_nothing_out(mcp: McpAgent) -> None:
    mcp.done("component", **A, **SHOP, component="web", state="built")
    assert "left_out" not in whole(mcp, "component", **A, **SHOP)
