"""POST /locks."""

import uuid
from typing import Any

import pytest

from tests.conftest import Agent, Clock


def claim(client: Agent, session: str = "host/a", resource: str = "src/app.py", **more: Any) -> Any:
    return client.post("/locks", project_key="shop", session_id=session, resource=resource, **more)


def test_a_free_resource_is_granted(client: Agent) -> None:
    answer = claim(client, description="editing")
    assert answer.status_code == 201
    lock = answer.json
    assert list(lock) == [
        "id",
        "project_key",
        "resource",
        "session_id",
        "description",
        "mode",
        "ttl_hours",
        "fencing_token",
        "acquired_at",
        "last_activity_at",
        "expires_at",
        "stale",
        "released_at",
        "released_by",
        "release_reason",
    ]
    assert (lock["session_id"], lock["resource"], lock["mode"], lock["ttl_hours"]) == (
        "host/a",
        "src/app.py",
        "exclusive",
        2,
    )
    assert lock["acquired_at"].endswith("Z")
    assert lock["stale"] is False
    assert lock["released_at"] is None


def test_a_held_resource_is_refused_with_who_why_and_until_when(client: Agent) -> None:
    held = claim(client, description="editing").json
    answer = claim(client, "host/b")
    assert answer.status_code == 409
    assert answer.json["error"] == "lock_held"
    assert answer.json["lock"] == held
    assert answer.json["conflicts"] == [held]
    assert 7100 < int(answer.headers["Retry-After"]) <= 7200
    assert "host/a" in answer.json["detail"]
    assert "editing" in answer.json["detail"]


@pytest.mark.parametrize(
    "spelling", ["./src/app.py", "src\\app.py", "src//app.py", "src/./app.py", "src/x/../app.py"]
)
def test_spellings_of_one_path_are_one_resource(client: Agent, spelling: str) -> None:
    claim(client)
    assert claim(client, "host/b", spelling).status_code == 409


@pytest.mark.parametrize("other", ["src/App.py", "src/app.py ", "src/äpp.py", "src/app.pyc"])
def test_names_that_differ_are_different_resources(client: Agent, other: str) -> None:
    claim(client)
    assert claim(client, "host/b", other).status_code == 201


def test_the_holder_gets_the_same_lock_renewed(client: Agent, clock: Clock) -> None:
    first = claim(client).json
    clock.move(minutes=30)
    answer = claim(client, ttl_hours=1)
    assert answer.status_code == 200
    assert answer.json["id"] == first["id"]
    assert answer.json["fencing_token"] == first["fencing_token"]
    assert answer.json["last_activity_at"] > first["last_activity_at"]
    assert answer.json["ttl_hours"] == 1


def test_a_claim_that_keeps_terms_renews_what_is_held_with_its_own_ttl_and_description(
    client: Agent, clock: Clock
) -> None:
    held = claim(client, ttl_hours=8, description="release 1.4").json
    terms: dict[str, Any] = {"ttl_hours": 0.5, "description": "a hook", "keep_terms": True}
    again = claim(client, **terms)
    assert (again.status_code, again.json["id"]) == (200, held["id"])
    assert (again.json["ttl_hours"], again.json["description"]) == (8, "release 1.4")
    new = claim(client, resource="other.py", **terms).json
    assert (new["ttl_hours"], new["description"]) == (0.5, "a hook")


def test_an_expired_lock_gives_way(client: Agent, clock: Clock, journal_rows: Any) -> None:
    first = claim(client, ttl_hours=0.5).json
    clock.move(minutes=31)
    second = claim(client, "host/b")
    assert second.status_code == 201
    assert second.json["fencing_token"] > first["fencing_token"]
    old = client.get(f"/locks/{first['id']}").json
    assert old["release_reason"] == "expired"
    assert old["released_at"] == first["expires_at"]
    assert [row["type"] for row in journal_rows()] == [
        "lock.claimed",
        "lock.expired",
        "lock.claimed",
    ]


def test_ttl_zero_never_expires(client: Agent, clock: Clock) -> None:
    assert claim(client, ttl_hours=0).json["expires_at"] is None
    clock.move(days=400)
    assert claim(client, "host/b").status_code == 409


def test_a_stale_lock_is_taken_over_when_asked_for(client: Agent, clock: Clock) -> None:
    first = claim(client, ttl_hours=0).json
    clock.move(hours=2, seconds=1)
    refused = claim(client, "host/b")
    assert refused.status_code == 409
    assert refused.json["lock"]["stale"] is True
    assert "take_over_stale" in refused.json["detail"]
    taken = claim(client, "host/b", take_over_stale=True)
    assert taken.status_code == 201
    assert taken.json["fencing_token"] > first["fencing_token"]
    old = client.get(f"/locks/{first['id']}").json
    assert (old["released_by"], old["release_reason"]) == ("host/b", "stale")


def test_a_live_lock_is_not_taken_over(client: Agent, clock: Clock) -> None:
    claim(client, ttl_hours=0)
    clock.move(hours=1, minutes=59)
    assert claim(client, "host/b", take_over_stale=True).status_code == 409


def test_the_token_never_goes_back_after_a_release(client: Agent) -> None:
    tokens = []
    for _ in range(3):
        lock = claim(client).json
        tokens.append(lock["fencing_token"])
        client.delete(f"/locks/{lock['id']}", session_id="host/a")
    assert tokens == sorted(set(tokens))


def test_a_repeated_id_grants_nothing_twice(client: Agent) -> None:
    chosen = str(uuid.uuid4())
    first = claim(client, id=chosen)
    assert first.status_code == 201
    assert first.json["id"] == chosen
    again = claim(client, id=chosen)
    assert (again.status_code, again.json) == (200, first.json)
    client.delete(f"/locks/{chosen}", session_id="host/a")
    late = claim(client, id=chosen)
    assert late.status_code == 200
    assert late.json["release_reason"] == "released"
    assert client.get("/locks").json["items"] == []


def test_a_repeated_id_of_a_claim_that_met_the_callers_own_lock_grants_nothing_after_the_release(
    client: Agent,
) -> None:
    held = claim(client).json
    chosen = str(uuid.uuid4())
    assert claim(client, id=chosen).json["id"] == held["id"]
    client.delete(f"/locks/{held['id']}", session_id="host/a")
    again = claim(client, id=chosen)
    assert (again.status_code, again.json["id"], again.json["release_reason"]) == (
        200,
        held["id"],
        "released",
    )
    assert client.get("/locks").json["items"] == []
    assert claim(client, id=chosen, description="other").status_code == 409


def test_an_id_with_other_content_is_a_conflict(client: Agent) -> None:
    chosen = str(uuid.uuid4())
    claim(client, id=chosen)
    answer = claim(client, resource="other", id=chosen)
    assert (answer.status_code, answer.json["error"]) == (409, "id_conflict")
    assert len(client.get("/locks").json["items"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ttl_hours": -1}, "ttl_hours"),
        ({"ttl_hours": "2"}, "ttl_hours"),
        ({"ttl_hours": True}, "ttl_hours"),
        ({"ttl_hours": 1e300}, "ttl_hours"),
        ({"mode": "both"}, "mode"),
        ({"resource": ""}, "resource"),
        ({"resource": "x" * 501}, "resource"),
        ({"resource": "a\x00b"}, "resource"),
        ({"resource": "\ud800"}, "resource"),
        ({"session_id": "s" * 201}, "session_id"),
        ({"session_id": None}, "session_id"),
        ({"project_key": 7}, "project_key"),
        ({"id": "no"}, "id"),
        ({"resources": ["a"]}, "resource"),
        ({"descripton": "x"}, "descripton"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_named_and_changes_nothing(
    client: Agent, change: dict[str, Any], field: str
) -> None:
    body = {"project_key": "shop", "session_id": "host/a", "resource": "r", **change}
    answer = client.post("/locks", **body)
    assert answer.status_code == 422
    assert answer.json["error"] == "invalid"
    assert field in answer.json["errors"]
    assert client.get("/locks", state="all").json["items"] == []


def test_a_typo_is_answered_with_the_nearest_name(client: Agent) -> None:
    answer = client.post("/locks", project="shop", session_id="a", resource="r")
    assert answer.json["errors"]["project"] == ["Unknown field. Did you mean 'project_key'?"]
