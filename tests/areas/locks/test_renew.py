"""PATCH /locks/<id>."""

from typing import Any

from tests.conftest import Agent, Clock


def claim(client: Agent, **more: Any) -> Any:
    return client.post("/locks", project_key="shop", session_id="host/a", resource="r", **more).json


def test_renewing_starts_the_ttl_anew(client: Agent, clock: Clock) -> None:
    lock = claim(client, ttl_hours=1)
    clock.move(minutes=50)
    answer = client.patch(f"/locks/{lock['id']}", session_id="host/a")
    assert answer.status_code == 200
    assert answer.json["expires_at"] > lock["expires_at"]
    assert answer.json["fencing_token"] == lock["fencing_token"]
    clock.move(minutes=50)
    assert client.get(f"/locks/{lock['id']}").json["released_at"] is None


def test_renewing_is_activity(client: Agent, clock: Clock) -> None:
    lock = claim(client, ttl_hours=0)
    clock.move(hours=3)
    assert client.get(f"/locks/{lock['id']}").json["stale"] is True
    assert client.patch(f"/locks/{lock['id']}", session_id="host/a").json["stale"] is False


def test_ttl_and_description_may_change(client: Agent) -> None:
    lock = claim(client, description="one")
    answer = client.patch(
        f"/locks/{lock['id']}", session_id="host/a", ttl_hours=0, description="two"
    ).json
    assert (answer["ttl_hours"], answer["expires_at"], answer["description"]) == (0, None, "two")
    kept = client.patch(f"/locks/{lock['id']}", session_id="host/a").json
    assert (kept["ttl_hours"], kept["description"]) == (0, "two")
    assert (
        client.patch(f"/locks/{lock['id']}", session_id="host/a", description=None).json[
            "description"
        ]
        is None
    )


def test_only_the_holder_renews(client: Agent) -> None:
    lock = claim(client)
    answer = client.patch(f"/locks/{lock['id']}", session_id="host/b")
    assert (answer.status_code, answer.json["error"]) == (403, "not_holder")


def test_an_expired_lock_is_lost(client: Agent, clock: Clock) -> None:
    lock = claim(client, ttl_hours=0.5)
    clock.move(hours=1)
    answer = client.patch(f"/locks/{lock['id']}", session_id="host/a")
    assert (answer.status_code, answer.json["error"]) == (409, "lock_lost")
    assert answer.json["lock"]["release_reason"] == "expired"


def test_a_lock_that_was_taken_over_is_lost_and_says_who_did_it(
    client: Agent, clock: Clock
) -> None:
    lock = claim(client, ttl_hours=0)
    clock.move(hours=3)
    client.post(
        "/locks", project_key="shop", session_id="host/b", resource="r", take_over_stale=True
    )
    answer = client.patch(f"/locks/{lock['id']}", session_id="host/a")
    assert (answer.status_code, answer.json["error"]) == (409, "lock_lost")
    assert "host/b" in answer.json["detail"]


def test_nothing_else_can_be_changed(client: Agent) -> None:
    lock = claim(client)
    answer = client.patch(f"/locks/{lock['id']}", session_id="host/a", resource="x")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["resource"])
