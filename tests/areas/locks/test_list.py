"""GET /locks and GET /locks/<id>."""

from typing import Any

import pytest

from tests.conftest import Agent, Clock


def claim(
    client: Agent, session: str = "host/a", resource: str = "r", project: str = "shop", **more: Any
) -> Any:
    return client.post(
        "/locks", project_key=project, session_id=session, resource=resource, **more
    ).json


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [lock["resource"] for lock in answer.json["items"]]


def test_held_locks_newest_first(client: Agent) -> None:
    for resource in ("a", "b", "c"):
        claim(client, resource=resource)
    answer = client.get("/locks", project_key="shop")
    assert names(answer) == ["c", "b", "a"]
    assert answer.json["next_cursor"] is None


def test_filters_compare_exactly(client: Agent) -> None:
    claim(client, "host/a", "a")
    claim(client, "Host/a", "b")
    claim(client, "host/a ", "c")
    assert names(client.get("/locks", session_id="host/a")) == ["a"]
    assert names(client.get("/locks", project_key="shop ")) == []


@pytest.mark.parametrize(
    ("asked", "met"),
    [("src/app.py", ["src/app.py", "src/"]), ("src/", ["src/app.py", "src/"]), ("lib", [])],
)
def test_a_resource_filter_shows_what_a_claim_would_meet(
    client: Agent, asked: str, met: list[str]
) -> None:
    claim(client, resource="src/")
    claim(client, resource="src/app.py")
    assert names(client.get("/locks", project_key="shop", resource=asked)) == met


def test_expired_locks_are_not_active(client: Agent, clock: Clock) -> None:
    claim(client, resource="short", ttl_hours=0.5)
    claim(client, resource="long", ttl_hours=5)
    clock.move(hours=1)
    assert names(client.get("/locks")) == ["long"]
    assert names(client.get("/locks", state="released")) == ["short"]
    assert names(client.get("/locks", state="all")) == ["long", "short"]


def test_stale_locks_can_be_picked(client: Agent, clock: Clock) -> None:
    claim(client, resource="old", ttl_hours=0)
    clock.move(hours=3)
    claim(client, resource="new")
    assert names(client.get("/locks", stale="true")) == ["old"]
    assert names(client.get("/locks", stale="false")) == ["new"]


def test_pages_go_on_where_the_last_one_ended(client: Agent) -> None:
    for number in range(7):
        claim(client, resource=f"r{number}")
    seen = []
    cursor = None
    while True:
        page = client.get("/locks", limit=3, **({"cursor": cursor} if cursor else {})).json
        seen += [lock["resource"] for lock in page["items"]]
        claim(client, resource=f"later{len(seen)}")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"r{number}" for number in reversed(range(7))]


def test_one_lock_by_its_id(client: Agent) -> None:
    lock = claim(client)
    assert client.get(f"/locks/{lock['id']}").json == lock
    assert client.get(f"/locks/{lock['id'].upper()}").json == lock


def test_an_unknown_id_is_not_found(client: Agent) -> None:
    answer = client.get("/locks/0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11")
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")


def test_reading_writes_nothing(client: Agent, clock: Clock, journal_rows: Any) -> None:
    lock = claim(client, ttl_hours=0.5)
    clock.move(hours=1)
    before = journal_rows()
    client.get("/locks")
    client.get(f"/locks/{lock['id']}")
    client.get("/status")
    assert journal_rows() == before


def test_the_overview_shows_held_locks(client: Agent, clock: Clock) -> None:
    lock = claim(client, ttl_hours=0)
    claim(client, project="other")
    clock.move(hours=3)
    status = client.get("/status", project_key="shop").json
    assert [each["id"] for each in status["active_locks"]] == [lock["id"]]
    assert (status["counts"]["active_locks"], status["counts"]["stale_locks"]) == (1, 1)
