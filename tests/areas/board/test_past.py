"""`GET /board/past` and `/board/counts`: what the journal tells of a moment and of a stretch of
time, on both databases; and the page that shows it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.areas.board.conftest import Opened
from tests.conftest import Agent, Clock
from tests.service import Service

Open = Callable[..., Opened]


def stood(client: Agent, at: str, **query: Any) -> dict[str, list[tuple[str, str, str | None]]]:
    answer = client.get("/board/past", at=at, **query).json
    return {
        each["title"]: [(item["text"], item["state"], item["session_id"]) for item in each["items"]]
        for each in answer["lists"]
    }


def now(client: Agent) -> str:
    generated_at: str = client.get("/board").json["generated_at"]
    return generated_at


def report(client: Agent, state: str, version: str | None = None) -> None:
    body = {"project_key": "shop", "component": "api", "state": state, "updated_by": "host/a"}
    client.put("/components", **body, version=version)


def test_a_component_is_told_as_it_was(client: Agent, clock: Clock) -> None:
    moments = []
    for change in (
        lambda: report(client, "built", "1.0"),
        lambda: report(client, "degraded", "1.1"),
        lambda: client.delete("/components/shop/api", updated_by="host/a"),
    ):
        clock.move(seconds=60)
        moments.append(now(client))
        change()
    clock.move(seconds=60)
    moments.append(now(client))
    assert [stood(client, at)["Components"] for at in moments] == [
        [],
        [("api 1.0", "built", "host/a")],
        [("api 1.1", "degraded", "host/a")],
        [],
    ]


def test_an_item_is_told_with_its_status_and_assignee_until_it_is_done(
    client: Agent, clock: Clock
) -> None:
    body = {"project_key": "shop", "name": "W", "created_by": "host/a"}
    workflow = client.post("/workflows", **body).json["id"]
    item = client.post("/work-items", workflow_id=workflow, title="Job", session_id="host/a").json[
        "id"
    ]
    moments = []
    for status in ("in_progress", "completed"):
        clock.move(seconds=60)
        moments.append(now(client))
        client.patch(f"/work-items/{item}", session_id="host/b", status=status)
    clock.move(seconds=60)
    moments.append(now(client))
    assert [stood(client, at)["Work items"] for at in moments] == [
        [("Job", "pending", None)],
        [("Job", "in_progress", "host/b")],
        [],
    ]


def test_a_session_is_told_from_its_announcement_to_its_end(client: Agent, clock: Clock) -> None:
    before = now(client)
    clock.move(seconds=60)
    named = {"session_id": "host/a", "project_key": "shop"}
    client.post("/sessions/heartbeat", **named, task="Totals", ttl_minutes=600)
    clock.move(seconds=60)
    there = now(client)
    client.delete("/sessions", session_id="host/a")
    clock.move(seconds=60)
    assert [stood(client, at)["Sessions"] for at in (before, there, now(client))] == [
        [],
        [("Totals", "there", "host/a")],
        [],
    ]


def test_the_past_is_told_of_one_project(client: Agent, clock: Clock) -> None:
    report(client, "built")
    clock.move(seconds=60)
    assert stood(client, now(client), project_key="shop")["Components"] != []
    assert stood(client, now(client), project_key="bank")["Components"] == []


def test_events_are_counted_in_the_sixtieth_in_which_they_happened(
    client: Agent, clock: Clock
) -> None:
    since = now(client)
    for _ in range(2):
        clock.move(seconds=600)
        client.post("/messages", from_session="host/a", subject="s", body="b", project_key="shop")
    clock.move(seconds=2400)
    answer = client.get("/board/counts", since=since).json
    (counted,) = [item for item in answer["items"] if item["title"] == "Messages"]
    filled = {place: count for place, count in enumerate(counted["buckets"]) if count}
    assert counted["total"] == sum(filled.values()) == 2
    assert all(abs(place - wanted) <= 1 for place, wanted in zip(filled, (10, 20), strict=True))
    assert counted["by_project"] == [{"name": "shop", "count": 2}]
    assert counted["by_session"] == [{"name": "host/a", "count": 2}]


@pytest.mark.parametrize("path", ["/board/past", "/board/counts"])
def test_a_moment_must_be_named(client: Agent, path: str) -> None:
    assert client.get(path).status_code == 422


def test_a_link_to_a_moment_shows_all_that_stood_then(service: Service, open_page: Open) -> None:
    report = {"project_key": "shop", "component": "api", "updated_by": "web-1/agent"}
    service.call("PUT", "/components", {**report, "state": "degraded"})
    named = {"session_id": "web-1/agent", "project_key": "shop"}
    service.call("POST", "/sessions/heartbeat", {**named, "task": "Totals", "ttl_minutes": 60})
    at = service.call("GET", "/board").json["generated_at"]
    service.call("PUT", "/components", {**report, "state": "deployed"})
    opened = open_page()
    page = opened.go(f"#/timeline?at={at}")
    component = page.get_by_label("Components", exact=True).locator("li")
    component.get_by_text("degraded").wait_for()
    page.get_by_label("Sessions", exact=True).get_by_role("link", name="Totals").wait_for()
    assert component.count() == 1
    assert opened.complaints == []
