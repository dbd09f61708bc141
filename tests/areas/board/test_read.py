"""`GET /board`: everything in one read, and then what changed; on both databases."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Agent, Clock

LISTS = {
    "locks",
    "waiters",
    "components",
    "workflows",
    "work_items",
    "messages",
    "unread_messages",
    "sessions",
}


def claim(client: Agent, resource: str, **fields: Any) -> dict[str, Any]:
    body = {"project_key": "shop", "session_id": "host/a", "resource": resource, **fields}
    lock: dict[str, Any] = client.post("/locks", **body).json
    return lock


def shown(lock: dict[str, Any]) -> dict[str, Any]:
    """What a page of five thousand locks needs of one."""
    fields = ("id", "project_key", "resource", "session_id", "description", "mode")
    return {name: lock[name] for name in (*fields, "acquired_at", "last_activity_at", "stale")}


def test_the_first_read_has_every_list_whole(client: Agent) -> None:
    lock = claim(client, "src/app.py")
    board = client.get("/board").json
    assert board["complete"] is True
    assert board["lists"].keys() == LISTS
    items = [shown(lock)]
    assert board["lists"]["locks"] == {"key": "id", "complete": True, "items": items, "gone": []}
    assert [change["type"] for change in board["changes"]] == ["lock.claimed"]


def test_the_next_has_only_what_changed(client: Agent) -> None:
    kept, released = claim(client, "kept"), claim(client, "released")
    cursor = client.get("/board").json["cursor"]
    taken = claim(client, "taken")
    client.delete(f"/locks/{released['id']}", session_id="host/a")
    board = client.get("/board", after=cursor).json
    assert board["complete"] is False
    assert board["lists"].keys() == {"locks", "waiters"}
    assert board["lists"]["locks"]["items"] == [shown(taken)]
    assert board["lists"]["locks"]["gone"] == [released["id"]]
    assert kept["id"] not in str(board)
    assert [change["subject"]["id"] for change in board["changes"]] == [taken["id"], released["id"]]


def test_nothing_new_is_a_short_answer_with_the_same_cursor(client: Agent) -> None:
    claim(client, "src/app.py")
    cursor = client.get("/board").json["cursor"]
    board = client.get("/board", after=cursor).json
    assert (board["cursor"], board["lists"], board["changes"]) == (cursor, {}, [])


def test_who_is_told_only_changes_ends_with_what_a_first_read_tells(client: Agent) -> None:
    board = client.get("/board").json
    known = {
        name: {item[part["key"]]: item for item in part["items"]}
        for name, part in board["lists"].items()
    }
    cursor = board["cursor"]
    steps: list[Callable[[], Any]] = [
        lambda: claim(client, "a"),
        lambda: claim(client, "b", mode="shared"),
        lambda: client.put(
            "/components",
            project_key="shop",
            component="api",
            state="degraded",
            updated_by="host/a",
        ),
        lambda: client.post(
            "/messages",
            from_session="host/a",
            to_session="host/b",
            subject="s",
            body="b",
            importance="urgent",
        ),
        lambda: client.post(
            "/sessions/heartbeat", session_id="host/a", project_key="shop", ttl_minutes=5
        ),
        lambda: client.put(
            "/components",
            project_key="shop",
            component="api",
            state="deployed",
            updated_by="host/b",
        ),
        lambda: client.delete("/locks", session_id="host/a", release_all="true"),
        lambda: client.delete("/components/shop/api", updated_by="host/b"),
        lambda: client.delete("/sessions", session_id="host/a"),
    ]
    for step in steps:
        step()
        board = client.get("/board", after=cursor).json
        cursor = board["cursor"]
        for name, part in board["lists"].items():
            kept = {} if part["complete"] else known[name]
            kept |= {item[part["key"]]: item for item in part["items"]}
            known[name] = {key: item for key, item in kept.items() if key not in part["gone"]}
    whole = client.get("/board").json["lists"]
    assert known == {
        name: {item[part["key"]]: item for item in part["items"]} for name, part in whole.items()
    }


@pytest.mark.parametrize("after", [10**9, 2**53], ids=["not yet", "the last number"])
def test_a_cursor_that_the_journal_does_not_reach_gets_everything(
    client: Agent, after: int
) -> None:
    claim(client, "src/app.py")
    assert client.get("/board", after=after).json["complete"] is True


def test_who_is_far_behind_gets_everything(client: Agent) -> None:
    cursor = client.get("/board").json["cursor"]
    for number in range(6):
        client.post(
            "/locks",
            project_key="shop",
            session_id="host/a",
            resources=[f"{number}/{each}" for each in range(100)],
        )
    assert client.get("/board", after=cursor).json["complete"] is True


def test_a_lock_that_expired_is_not_shown(client: Agent, clock: Clock) -> None:
    claim(client, "short", ttl_hours=0.5)
    clock.move(hours=1)
    assert client.get("/board").json["lists"]["locks"]["items"] == []


def test_who_ended_is_not_shown_and_who_is_gone_is(client: Agent, clock: Clock) -> None:
    for name in ("host/ended", "host/gone"):
        client.post("/sessions/heartbeat", session_id=name, ttl_minutes=5)
    client.delete("/sessions", session_id="host/ended")
    clock.move(minutes=6)
    shown = client.get("/board").json["lists"]["sessions"]["items"]
    assert [(session["session_id"], session["state"]) for session in shown] == [
        ("host/gone", "gone")
    ]


def test_the_history_of_a_resource_is_that_of_its_locks(client: Agent) -> None:
    first = claim(client, "src/app.py")
    claim(client, "src/other.py")
    claim(client, "src/app.py", project_key="other")
    client.delete(f"/locks/{first['id']}", session_id="host/a")
    history = client.get("/board/history", project_key="shop", resource="src/app.py").json
    assert [event["type"] for event in history["items"]] == ["lock.released", "lock.claimed"]
    assert history["next_cursor"] is None


def test_the_history_of_a_session_is_what_it_did(client: Agent) -> None:
    claim(client, "a")
    claim(client, "b", session_id="host/b")
    history = client.get("/board/history", session_id="host/b").json
    assert [event["session_id"] for event in history["items"]] == ["host/b"]


def test_the_history_of_a_subject_comes_in_pages(client: Agent) -> None:
    for state in ("building", "built", "deployed"):
        client.put(
            "/components", project_key="shop", component="web/api", state=state, updated_by="host/a"
        )
    about = {"project_key": "shop", "kind": "component", "subject_id": "shop/web/api"}
    page = client.get("/board/history", **about, limit=2).json
    assert [event["data"]["state"] for event in page["items"]] == ["deployed", "built"]
    rest = client.get("/board/history", **about, limit=2, after=page["next_cursor"]).json
    assert [event["data"]["state"] for event in rest["items"]] == ["building"]
    assert rest["next_cursor"] is None


def test_reading_the_board_changes_nothing(client: Agent) -> None:
    claim(client, "src/app.py")
    cursor = client.get("/board").json["cursor"]
    client.get("/board/history", project_key="shop")
    assert client.get("/board", session_id="host/reader").json["cursor"] == cursor
