"""`observed_at` of releases and claims: a release that is replayed late leaves alone what was
claimed since.
"""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.conftest import Agent, Clock, at_once, moved

A, B = "host/a", "host/b"
Release = Callable[..., Any]


def claim(client: Agent, resource: str = "r", session: str = A, **more: Any) -> Any:
    answer = client.post(
        "/locks", project_key="shop", session_id=session, resource=resource, **more
    )
    assert answer.status_code in (200, 201), answer.json
    return answer.json


def held(client: Agent) -> list[str]:
    return sorted(lock["resource"] for lock in client.get("/locks").json["items"])


def by_id(client: Agent, lock: Any, at: str, session: str = A) -> Any:
    return client.delete(f"/locks/{lock['id']}", session_id=session, observed_at=at)


def by_name(client: Agent, lock: Any, at: str, session: str = A) -> Any:
    return client.delete(
        "/locks", session_id=session, project_key="shop", resource=lock["resource"], observed_at=at
    )


@pytest.fixture(params=[by_id, by_name], ids=["by-id", "by-name"])
def release(request: pytest.FixtureRequest) -> Release:
    found: Release = request.param
    return found


@pytest.fixture
def reclaimed(client: Agent, clock: Clock) -> tuple[Any, str]:
    """A lock that its holder claimed again, and a time between."""
    lock = claim(client)
    clock.move(minutes=10)
    claim(client)
    return lock, moved(lock["acquired_at"], minutes=5)


def test_what_was_claimed_before_is_released(client: Agent, release: Release, clock: Clock) -> None:
    lock = claim(client)
    clock.move(minutes=10)
    assert release(client, lock, moved(lock["acquired_at"], minutes=5)).status_code == 200
    assert held(client) == []


def test_what_was_claimed_again_since_stays(
    client: Agent, release: Release, reclaimed: Any, journal_rows: Any
) -> None:
    lock, between = reclaimed
    before = journal_rows()
    answer = release(client, lock, between)
    assert (answer.status_code, answer.json["error"], answer.json["lock"]["id"]) == (
        409,
        "superseded",
        lock["id"],
    )
    assert held(client) == ["r"]
    assert journal_rows() == before
    assert release(client, lock, moved(between, minutes=6)).status_code == 200


def test_what_was_renewed_since_stays(client: Agent, release: Release, clock: Clock) -> None:
    lock = claim(client)
    clock.move(minutes=10)
    client.patch(f"/locks/{lock['id']}", session_id=A)
    assert release(client, lock, moved(lock["acquired_at"], minutes=5)).status_code == 409


@pytest.mark.parametrize("sign", ["heartbeat", "checkin"])
def test_a_sign_of_life_is_no_claim(
    client: Agent, release: Release, clock: Clock, sign: str
) -> None:
    lock = claim(client)
    clock.move(minutes=10)
    client.post(f"/sessions/{sign}", session_id=A)
    assert release(client, lock, moved(lock["acquired_at"], minutes=5)).status_code == 200


def test_without_it_all_is_released(client: Agent, reclaimed: Any) -> None:
    assert client.delete(f"/locks/{reclaimed[0]['id']}", session_id=A).status_code == 200


def test_a_name_that_was_released_and_claimed_anew_stays(client: Agent, clock: Clock) -> None:
    first = claim(client)
    client.delete(f"/locks/{first['id']}", session_id=A)
    clock.move(minutes=10)
    second = claim(client)
    at = moved(first["acquired_at"], minutes=5)
    assert by_id(client, first, at).json["id"] == first["id"]
    answer = by_name(client, first, at)
    assert (answer.status_code, answer.json["lock"]["id"]) == (409, second["id"])
    assert held(client) == ["r"]


def test_release_all_leaves_what_was_claimed_since(client: Agent, clock: Clock) -> None:
    old = claim(client, "old")
    claim(client, "again")
    clock.move(minutes=10)
    claim(client, "new")
    claim(client, "again")
    between = moved(old["acquired_at"], minutes=5)
    for released in (["old"], []):
        answer = client.delete("/locks", session_id=A, release_all="true", observed_at=between)
        assert (answer.status_code, [lock["resource"] for lock in answer.json["items"]]) == (
            200,
            released,
        )
    assert held(client) == ["again", "new"]


def test_a_queue_of_a_claim_and_its_release_leaves_nothing_held(
    client: Agent, release: Release
) -> None:
    for _ in range(2):
        lock = claim(
            client, id="0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11", observed_at="2026-01-05T10:00:00Z"
        )
        assert release(client, lock, "2026-01-05T10:05:00Z").status_code == 200
        assert held(client) == []


def test_one_who_names_the_id_of_a_grant_means_it_whenever_it_was_made(client: Agent) -> None:
    assert by_id(client, claim(client), "2026-01-05T10:00:00Z").status_code == 200
    claim(client)
    assert (
        client.delete(
            "/locks", session_id=A, release_all="true", observed_at="2026-01-05T10:00:00Z"
        ).json["released"]
        == 0
    )


def test_a_claim_or_renewal_replayed_late_does_not_outlast_the_release(
    client: Agent, release: Release, clock: Clock
) -> None:
    lock = claim(client)
    at = lock["acquired_at"]
    clock.move(minutes=30)
    claim(client, observed_at=moved(at, minutes=5))
    assert (
        client.patch(
            f"/locks/{lock['id']}", session_id=A, observed_at=moved(at, minutes=10)
        ).status_code
        == 200
    )
    claim(client, observed_at=moved(at, minutes=1))
    assert release(client, lock, moved(at, minutes=9)).status_code == 409
    assert release(client, lock, moved(at, minutes=11)).status_code == 200


def test_anothers_lock_is_refused_whatever_the_time(
    client: Agent, release: Release, reclaimed: Any
) -> None:
    lock, between = reclaimed
    answer = release(client, lock, between, B)
    assert (answer.status_code, answer.json["error"]) == (403, "not_holder")


def test_a_stale_lock_that_was_claimed_before_may_be_released_by_anybody(
    client: Agent, release: Release, clock: Clock
) -> None:
    lock = claim(client, ttl_hours=0)
    clock.move(hours=3)
    assert (
        release(client, lock, moved(lock["acquired_at"], hours=2, minutes=30), B).status_code == 200
    )


def test_a_time_ahead_by_more_than_five_minutes_names_the_clock_skew(client: Agent) -> None:
    lock = claim(client)
    ahead = moved(lock["acquired_at"], minutes=6)
    for answer in (
        by_id(client, lock, ahead),
        by_name(client, lock, ahead),
        client.delete("/locks", session_id=A, release_all="true", observed_at=ahead),
        client.patch(f"/locks/{lock['id']}", session_id=A, observed_at=ahead),
        client.post("/locks", project_key="shop", session_id=B, resource="s", observed_at=ahead),
    ):
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["observed_at"])
    assert held(client) == ["r"]


def test_a_late_release_and_a_claim_at_once_never_end_with_the_claim_released(
    app: Flask, client: Agent, release: Release
) -> None:
    """The claim may come after the release: then it is a new lock."""
    for n in range(15):
        lock = claim(client, f"r{n}")

        def release_late(agent: Agent, lock: Any = lock) -> Any:
            return release(agent, lock, lock["acquired_at"])

        def again(agent: Agent, n: int = n) -> Any:
            return claim(agent, f"r{n}")

        released, _ = at_once(app, [release_late, again])
        assert released.status_code in (200, 409)
        assert f"r{n}" in held(client)
