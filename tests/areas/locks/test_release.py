"""DELETE /locks…: by id, by name, all; and who may."""

from typing import Any

from tests.conftest import Agent, Clock


def claim(client: Agent, session: str = "host/a", resource: str = "r", **more: Any) -> Any:
    return client.post(
        "/locks", project_key="shop", session_id=session, resource=resource, **more
    ).json


def test_the_holder_releases(client: Agent) -> None:
    lock = claim(client)
    answer = client.delete(f"/locks/{lock['id']}", session_id="host/a")
    assert answer.status_code == 200
    assert (answer.json["released_by"], answer.json["release_reason"]) == ("host/a", "released")
    assert answer.json["released_at"] >= lock["acquired_at"]
    assert client.get("/locks").json["items"] == []


def test_releasing_again_answers_the_same(client: Agent) -> None:
    lock = claim(client)
    first = client.delete(f"/locks/{lock['id']}", session_id="host/a")
    again = client.delete(f"/locks/{lock['id']}", session_id="host/a")
    assert (again.status_code, again.json) == (200, first.json)


def test_another_session_may_not(client: Agent) -> None:
    lock = claim(client)
    answer = client.delete(f"/locks/{lock['id']}", session_id="host/b")
    assert (answer.status_code, answer.json["error"], answer.json["lock"]) == (
        403,
        "not_holder",
        lock,
    )
    assert client.get(f"/locks/{lock['id']}").json["released_at"] is None


def test_anybody_may_release_a_stale_lock(client: Agent, clock: Clock, journal_rows: Any) -> None:
    lock = claim(client, ttl_hours=0)
    clock.move(hours=2, seconds=1)
    answer = client.delete(f"/locks/{lock['id']}", session_id="host/b")
    assert answer.status_code == 200
    assert (answer.json["released_by"], answer.json["release_reason"]) == ("host/b", "stale")
    last = journal_rows()[-1]
    assert (last["type"], last["session_id"], last["data"]["holder"]) == (
        "lock.released",
        "host/b",
        "host/a",
    )


def test_the_holder_of_a_stale_lock_releases_it_as_its_own(client: Agent, clock: Clock) -> None:
    lock = claim(client, ttl_hours=0)
    clock.move(hours=3)
    assert (
        client.delete(f"/locks/{lock['id']}", session_id="host/a").json["release_reason"]
        == "released"
    )


def test_releasing_an_expired_lock_says_that_it_expired(client: Agent, clock: Clock) -> None:
    lock = claim(client, ttl_hours=0.5)
    clock.move(hours=1)
    answer = client.delete(f"/locks/{lock['id']}", session_id="host/a")
    assert (answer.status_code, answer.json["release_reason"], answer.json["released_at"]) == (
        200,
        "expired",
        lock["expires_at"],
    )


def test_an_unknown_lock_is_not_found(client: Agent) -> None:
    answer = client.delete("/locks/0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11", session_id="host/a")
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")


def test_the_caller_must_say_who_it_is(client: Agent) -> None:
    lock = claim(client)
    answer = client.delete(f"/locks/{lock['id']}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["session_id"])


def test_the_caller_may_say_so_in_the_body_or_a_header(client: Agent) -> None:
    one, two = claim(client), claim(client, resource="s")
    assert client.call("DELETE", f"/locks/{one['id']}", {"session_id": "host/a"}).status_code == 200
    assert (
        client.call(
            "DELETE", f"/locks/{two['id']}", headers={"X-Coord-Session": "host/a"}
        ).status_code
        == 200
    )


def test_release_by_name(client: Agent) -> None:
    lock = claim(client, resource="src/app.py")
    answer = client.delete(
        "/locks", session_id="host/a", project_key="shop", resource=".\\src\\app.py"
    )
    assert answer.status_code == 200
    assert answer.json["released"] == 1
    assert answer.json["items"][0]["id"] == lock["id"]


def test_release_by_name_leaves_what_only_overlaps(client: Agent) -> None:
    claim(client, resource="src/")
    claim(client, resource="src/app.py")
    client.delete("/locks", session_id="host/a", project_key="shop", resource="src/app.py")
    assert [lock["resource"] for lock in client.get("/locks").json["items"]] == ["src/"]


def test_release_by_name_of_anothers_lock_is_refused(client: Agent) -> None:
    lock = claim(client)
    answer = client.delete("/locks", session_id="host/b", project_key="shop", resource="r")
    assert (answer.status_code, answer.json["error"], answer.json["lock"]["id"]) == (
        403,
        "not_holder",
        lock["id"],
    )


def test_release_by_name_repeated_later_is_fine_whoever_has_it_now(client: Agent) -> None:
    claim(client)
    client.delete("/locks", session_id="host/a", project_key="shop", resource="r")
    claim(client, "host/b")
    answer = client.delete("/locks", session_id="host/a", project_key="shop", resource="r")
    assert (answer.status_code, answer.json) == (200, {"released": 0, "items": []})
    assert len(client.get("/locks").json["items"]) == 1


def test_release_all_of_a_session(client: Agent, journal_rows: Any) -> None:
    for resource in ("a", "b", "c"):
        claim(client, resource=resource)
    client.post("/locks", project_key="other", session_id="host/a", resource="a")
    claim(client, "host/b", "d")
    answer = client.delete("/locks", session_id="host/a", release_all="true", project_key="shop")
    assert (answer.status_code, answer.json["released"]) == (200, 3)
    assert {lock["release_reason"] for lock in answer.json["items"]} == {"released"}
    assert [row["type"] for row in journal_rows()].count("lock.released") == 3
    assert client.delete("/locks", session_id="host/a", release_all="true").json["released"] == 1
    assert client.delete("/locks", session_id="host/a", release_all="true").json == {
        "released": 0,
        "items": [],
    }
    assert [lock["session_id"] for lock in client.get("/locks").json["items"]] == ["host/b"]


def test_a_release_that_names_nothing_is_refused_and_changes_nothing(client: Agent) -> None:
    claim(client)
    answer = client.delete("/locks", session_id="host/a")
    assert answer.status_code == 422
    assert "release_all" in answer.json["detail"]
    assert len(client.get("/locks").json["items"]) == 1


def test_release_all_together_with_a_resource_is_refused(client: Agent) -> None:
    claim(client)
    assert (
        client.delete(
            "/locks", session_id="host/a", project_key="shop", resource="r", release_all="true"
        ).status_code
        == 422
    )
    assert len(client.get("/locks").json["items"]) == 1
