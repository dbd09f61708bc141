"""What each tool does, as an agent uses it."""

from typing import Any

import pytest

from tests.areas.mcp.conftest import McpAgent
from tests.conftest import Agent

A, B = {"session_id": "host/a"}, {"session_id": "host/b"}
SHOP = {"project_key": "shop"}


def test_a_lock_is_claimed_renewed_and_released(mcp: McpAgent) -> None:
    (granted,) = mcp.done(
        "lock", **A, **SHOP, resources=["src/app.py"], description="orders", ttl_hours=0.5
    )["items"]
    assert (granted["session_id"], granted["description"], granted["ttl_hours"]) == (
        "host/a",
        "orders",
        0.5,
    )
    renewed = mcp.done("lock", **A, **SHOP, lock_id=granted["id"], ttl_hours=1)
    assert (renewed["id"], renewed["ttl_hours"], renewed["fencing_token"]) == (
        granted["id"],
        1,
        granted["fencing_token"],
    )
    released = mcp.done("unlock", **A, **SHOP, lock_id=granted["id"])
    assert released["release_reason"] == "released"


def test_several_locks_are_claimed_in_one_step_and_released_by_name_or_all_at_once(
    mcp: McpAgent,
) -> None:
    assert (
        len(mcp.done("lock", **A, **SHOP, resources=["a", "b", "c"], mode="shared")["items"]) == 3
    )
    assert mcp.done("unlock", **A, **SHOP, resource="a")["released"] == 1
    assert mcp.done("unlock", **A, release_all=True)["released"] == 2


def test_a_claim_waits_in_line(mcp: McpAgent) -> None:
    mcp.done("lock", **A, **SHOP, resources=["a"])
    refused = mcp.refused("lock", **B, **SHOP, resources=["a"], wait=0.1)
    assert (refused["error"], refused["position"]) == ("lock_held", 1)


def test_a_stale_lock_is_taken_over_when_asked(mcp: McpAgent, clock: Any) -> None:
    mcp.done("lock", **A, **SHOP, resources=["a"], ttl_hours=0)
    clock.move(hours=3)
    assert mcp.refused("lock", **B, **SHOP, resources=["a"])["lock"]["stale"]
    assert (
        mcp.done("lock", **B, **SHOP, resources=["a"], take_over_stale=True)["items"][0][
            "session_id"
        ]
        == "host/b"
    )


def test_who_holds_what(mcp: McpAgent) -> None:
    mcp.done("lock", **A, **SHOP, resources=["src/", "docs/a.md"])
    mcp.done("lock", **B, project_key="other", resources=["x"])
    assert [
        lock["resource"] for lock in mcp.done("locks", **B, **SHOP, resource="src/app.py")["items"]
    ] == ["src/"]
    assert [lock["resource"] for lock in mcp.done("locks", **A, holder="host/b")["items"]] == ["x"]
    assert len(mcp.done("locks", **A)["items"]) == 3
    assert mcp.done("locks", **A, stale=True)["items"] == []


def test_a_component_is_reported_and_listed(mcp: McpAgent) -> None:
    stored = mcp.done(
        "component",
        **A,
        **SHOP,
        component="web/api",
        state="deployed",
        version="1.4",
        notes="behind a flag",
    )
    assert (stored["state"], stored["updated_by"]) == ("deployed", "host/a")
    cleared = mcp.done("component", **B, **SHOP, component="web/api", notes=None)
    assert (cleared["state"], cleared["notes"], cleared["updated_by"]) == (
        "deployed",
        None,
        "host/b",
    )
    assert mcp.done("component", **A, **SHOP)["items"] == [cleared]
    assert mcp.done("component", **A, **SHOP, component="other")["items"] == []


def test_work_is_added_claimed_and_finished(mcp: McpAgent) -> None:
    flow = mcp.done(
        "work", **A, **SHOP, action="add_workflow", name="Checkout", description="new totals"
    )
    item = mcp.done(
        "work", **A, **SHOP, action="add", workflow_id=flow["id"], title="Totals", priority=5
    )
    later = mcp.done(
        "work",
        **A,
        action="add",
        workflow_id=flow["id"],
        title="Callers",
        depends_on=[item["id"]],
        assigned_to="host/b",
    )
    assert [each["ready"] for each in mcp.done("work", **B, **SHOP, action="list")["items"]] == [
        True,
        False,
    ]
    claimed = mcp.done("work", **B, **SHOP, action="claim")
    assert (claimed["id"], claimed["status"], claimed["assigned_to"]) == (
        item["id"],
        "in_progress",
        "host/b",
    )
    assert mcp.done("work", **A, **SHOP, action="claim") == {"detail": "Nothing is ready for you."}
    assert mcp.done("work", **B, **SHOP, action="update", item_id=item["id"], status="completed")[
        "completed_at"
    ]
    assert [
        each["id"]
        for each in mcp.done("work", **B, action="list", ready=True, status="pending")["items"]
    ] == [later["id"]]
    assert (
        mcp.done(
            "work", **A, **SHOP, action="update_workflow", workflow_id=flow["id"], status="active"
        )["status"]
        == "active"
    )
    (listed,) = mcp.done("work", **A, **SHOP, action="workflows", status="active")["items"]
    assert (listed["name"], listed["created_by"], listed["progress"]["completed"]) == (
        "Checkout",
        "host/a",
        1,
    )
    shown = mcp.done("work", **A, **SHOP, action="workflows", workflow_id=flow["id"])
    assert [each["title"] for each in shown["work_items"]] == ["Totals", "Callers"]


@pytest.mark.parametrize(
    ("action", "missing"),
    [("update", "item_id"), ("update_workflow", "workflow_id"), ("add", "workflow_id")],
)
def test_an_action_says_what_it_lacks(mcp: McpAgent, action: str, missing: str) -> None:
    assert mcp.refused("work", **A, **SHOP, action=action, title="x")["errors"][missing] == [
        "Needed, but not given."
    ]


def test_what_an_action_does_not_take_is_refused(mcp: McpAgent) -> None:
    assert mcp.refused("work", **A, **SHOP, action="claim", priority=5)["errors"].keys() == {
        "priority"
    }


def test_a_message_is_sent_read_and_acknowledged(mcp: McpAgent) -> None:
    sent = mcp.done(
        "send",
        **A,
        **SHOP,
        to_session="host/b",
        subject="Totals",
        body="src/app.py is free",
        requires_ack=True,
        importance="high",
    )
    assert sent["from_session"] == "host/a"
    (unread,) = mcp.done("inbox", **B, **SHOP)["items"]
    assert (unread["id"], unread["body"]) == (sent["id"], "src/app.py is free")
    assert mcp.done("inbox", **A)["items"] == []
    marked = mcp.done("inbox", **B, **SHOP, read=[sent["id"]], ack=True)
    assert (marked["read"], marked["items"][0]["acked_at"] is not None) == (1, True)
    assert mcp.done("inbox", **B)["items"] == []
    assert len(mcp.done("inbox", **B, unread_only=False, thread_id=sent["thread_id"])["items"]) == 1
    answer = mcp.done(
        "send", **B, to_session="host/a", subject="Re: Totals", body="thanks", reply_to=sent["id"]
    )
    assert answer["thread_id"] == sent["thread_id"]


def test_nothing_is_marked_read_that_was_not_named(mcp: McpAgent) -> None:
    mcp.done("send", **A, subject="all", body="")
    mcp.done("inbox", **B, read=None)
    mcp.done("inbox", **B, read=[])
    assert len(mcp.done("inbox", **B, wait=0.1)["items"]) == 1


def test_a_turn_begins_and_the_session_ends(mcp: McpAgent) -> None:
    mcp.done("send", **B, **SHOP, subject="hello", body="")
    mcp.done("lock", **A, **SHOP, resources=["a"])
    shown = mcp.done("checkin", **A, **SHOP, task="orders", ttl_minutes=10)
    assert (shown["session"]["session_id"], shown["session"]["task"]) == ("host/a", "orders")
    assert (
        [message["subject"] for message in shown["messages"]],
        [lock["resource"] for lock in shown["locks"]],
    ) == (["hello"], ["a"])
    mcp.done("component", **B, **SHOP, component="api", state="built")
    (news,) = mcp.done("checkin", **A, **SHOP, after=shown["cursor"])["changes"]
    assert (news["type"], news["session_id"]) == ("component.changed", "host/b")
    assert mcp.done("checkin", **A, **SHOP, leave=True)["done"]["locks_released"] == 1
    assert mcp.done("checkin", **A, leave=False)["session"]["state"] == "alive"


def test_a_list_is_short_and_goes_on(mcp: McpAgent) -> None:
    mcp.done("lock", **A, **SHOP, resources=[f"file-{number}" for number in range(25)])
    first = mcp.done("locks", **A, **SHOP)
    second = mcp.done("locks", **A, **SHOP, cursor=first["next_cursor"])
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (20, 5, None)


# --- who calls ------------------------------------------------------------------------------------


def test_the_client_may_say_once_who_calls_and_for_which_project(mcp: McpAgent) -> None:
    headers = {"X_Coord_Session": "host/ä".encode().decode("latin-1"), "X_Coord_Project": "shop"}
    (lock,) = mcp.use("lock", headers=headers, resources=["a"])["structuredContent"]["items"]
    assert (lock["session_id"], lock["project_key"]) == ("host/ä", "shop")
    (other,) = mcp.use(
        "lock", headers=headers, resources=["a"], session_id="host/b", project_key="other"
    )["structuredContent"]["items"]
    assert (other["session_id"], other["project_key"]) == ("host/b", "other")
    assert mcp.use("locks", headers=headers)["structuredContent"]["items"] == [lock]
    assert (
        len(mcp.use("locks", headers=headers, project_key=None)["structuredContent"]["items"]) == 2
    )
    mcp.done("send", **B, to_session="host/ä", subject="x", body="")
    assert len(mcp.use("inbox", headers=headers)["structuredContent"]["items"]) == 1


def test_a_client_without_headers_may_say_it_in_the_address(mcp: McpAgent) -> None:
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "lock", "arguments": {"resources": ["a"]}},
    }
    answer = mcp.agent.call("POST", "/mcp?session_id=host%2Fa&project_key=shop", message)
    assert answer.json["result"]["structuredContent"]["items"][0]["session_id"] == "host/a"


def test_an_empty_header_says_nothing(mcp: McpAgent) -> None:
    refused = mcp.use("locks", headers={"X_Coord_Session": ""})["structuredContent"]
    assert refused["errors"] == {
        "session_id": ["Needed: say who you are, here or in the header X-Coord-Session."]
    }


def test_a_variable_that_the_client_did_not_fill_in_is_nobodys_name(mcp: McpAgent) -> None:
    refused = mcp.use("locks", headers={"X_Coord_Session": "${COORD_SESSION}"})["structuredContent"]
    assert refused["error"] == "invalid"
    assert "set the variable" in refused["errors"]["X-Coord-Session"][0]


def test_a_use_of_a_tool_is_a_sign_of_life(mcp: McpAgent) -> None:
    noted = mcp.agent.client.application.extensions["coord.activity"]
    for use in (("locks", {}), ("inbox", {}), ("work", {"action": "list"}), ("component", {})):
        noted.take()
        mcp.done(use[0], **A, **use[1])
        assert list(noted.take()) == ["host/a"]


def test_what_is_done_with_a_tool_is_what_the_api_shows(mcp: McpAgent, client: Agent) -> None:
    lock = mcp.done("lock", **A, **SHOP, resources=["a"])["items"][0]
    assert client.get(f"/locks/{lock['id']}").json == lock
