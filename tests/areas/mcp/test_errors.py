"""What a call refuses, it refuses an agent over MCP in the same words."""

import json
from threading import Thread
from typing import Any

import pytest

from tests.areas.mcp.conftest import McpAgent
from tests.conftest import Agent
from tests.service import until

A, B = {"session_id": "host/a"}, {"session_id": "host/b"}
SHOP = {"project_key": "shop"}
NOBODYS = "00000000-0000-0000-0000-000000000007"


def without_times(body: Any) -> Any:
    """Seconds until a lock is free go on between two calls."""
    return {name: value for name, value in body.items() if name != "retry_after"}


def test_a_conflict(mcp: McpAgent, client: Agent) -> None:
    mcp.done("lock", **A, **SHOP, resources=["src/"], description="orders")
    refused = mcp.refused("lock", **B, **SHOP, resources=["src/app.py"])
    answer = client.post("/locks", **B, **SHOP, resources=["src/app.py"])
    assert (answer.status_code, without_times(refused)) == (409, answer.json)
    assert "is held by 'host/a' (orders)" in refused["detail"]
    assert refused["lock"]["session_id"] == "host/a"
    assert refused["retry_after"] == pytest.approx(int(answer.headers["Retry-After"]), abs=2)


def test_a_deadlock(mcp: McpAgent, client: Agent) -> None:
    mcp.done("lock", **A, **SHOP, resources=["a"])
    mcp.done("lock", **B, **SHOP, resources=["b"])
    other = McpAgent(Agent(client.client.application.test_client()))
    waiting = Thread(
        target=other.use, args=("lock",), kwargs={**A, **SHOP, "resources": ["b"], "wait": 10}
    )
    waiting.start()
    until(lambda: client.get("/locks/waiters").json["items"], 10, "the first to wait")
    refused = mcp.refused("lock", **B, **SHOP, resources=["a"], wait=10)
    mcp.done("unlock", **B, release_all=True)
    waiting.join()
    assert refused["error"] == "deadlock"
    assert {step["session_id"] for step in refused["cycle"]} == {"host/a", "host/b"}


def test_a_lock_of_another(mcp: McpAgent, client: Agent) -> None:
    lock = mcp.done("lock", **A, **SHOP, resources=["a"])["items"][0]
    assert (
        mcp.refused("unlock", **B, lock_id=lock["id"])
        == client.delete(f"/locks/{lock['id']}", **B).json
    )
    assert mcp.refused("lock", **B, lock_id=lock["id"])["error"] == "not_holder"


def test_what_is_not_there(mcp: McpAgent, client: Agent) -> None:
    assert mcp.refused("lock", **A, lock_id=NOBODYS) == client.patch(f"/locks/{NOBODYS}", **A).json
    assert (
        mcp.refused("work", **A, action="update", item_id=NOBODYS, status="completed")["error"]
        == "not_found"
    )


@pytest.mark.parametrize(
    ("tool", "method", "path", "arguments"),
    [
        ("lock", "POST", "/locks", {"resources": ["a"]}),
        ("lock", "POST", "/locks", {**SHOP, "resources": ["a"], "ttl_hours": -1}),
        ("lock", "POST", "/locks", {**SHOP, "resources": [], "wait": 61}),
        ("lock", "POST", "/locks", {**SHOP, "resources": ["a"], "mode": "exklusive"}),
        ("unlock", "DELETE", "/locks", {**SHOP}),
        ("component", "PUT", "/components", {**SHOP, "state": "built"}),
        ("send", "POST", "/messages", {"to_session": "host/b"}),
        ("send", "POST", "/messages", {"subject": "x", "body": "\x00"}),
        ("checkin", "POST", "/sessions/checkin", {"ttl_minutes": "10"}),
    ],
)
def test_arguments_that_cannot_be(
    mcp: McpAgent, client: Agent, tool: str, method: str, path: str, arguments: dict[str, Any]
) -> None:
    refused = mcp.refused(tool, **A, **arguments)
    assert refused["error"] == "invalid"
    assert refused == client.call(method, path, {**A, **arguments}).json


def test_an_argument_that_is_misspelt_is_told_the_nearest(mcp: McpAgent) -> None:
    refused = mcp.refused("lock", **A, **SHOP, resource="a")
    assert refused["errors"] == {"resource": ["Unknown field. Did you mean 'resources'?"]}


def test_a_claim_of_nothing(mcp: McpAgent) -> None:
    assert mcp.refused("lock", **A, **SHOP)["errors"] == {
        "resources": ["Needed: name what to lock, or with lock_id the lock to renew."]
    }


def test_the_database_is_away(without_database: McpAgent) -> None:
    refused = without_database.refused("lock", **A, **SHOP, resources=["a"])
    assert refused == {"detail": "Database unavailable. Retry after 30 seconds.", "retry_after": 30}


def test_half_of_a_surrogate_pair_is_refused_and_its_answer_is_utf8(mcp: McpAgent) -> None:
    message = {
        "jsonrpc": "2.0",
        "id": "\ud800",
        "method": "tools/call",
        "params": {"name": "locks", "arguments": {"\ud800": 1, **A}},
    }
    answer = mcp.agent.call(
        "POST", "/mcp", data=json.dumps(message), content_type="application/json"
    )
    assert answer.status_code == 200
    assert answer.json["result"]["isError"]
