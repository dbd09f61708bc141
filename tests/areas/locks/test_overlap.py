"""Trees, shared locks and several resources at once: never two grants that conflict."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from coord.areas.locks.repository.claims import ClaimAttempt
from tests.conftest import Agent, Clock


def claim(client: Agent, session: str, resource: str, **more: Any) -> Any:
    return client.post("/locks", project_key="shop", session_id=session, resource=resource, **more)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("src/", "src/app.py"),
        ("src/**", "src/a/b/c.py"),
        ("src/", "src"),
        ("src/", "./src//x"),
        ("src\\", "src/app.py"),
        ("/", "anything"),
        ("/", "/etc/hosts"),
        ("/etc/", "/etc/hosts"),
        ("src/", "src/core/"),
        ("C:\\repo\\", "c:/repo/a.py"),
    ],
)
def test_a_tree_overlaps_what_is_below_it_in_both_orders(
    client: Agent, first: str, second: str
) -> None:
    held = claim(client, "host/a", first).json
    assert claim(client, "host/b", second).status_code == 409
    client.delete(f"/locks/{held['id']}", session_id="host/a")
    assert claim(client, "host/b", second).status_code == 201
    refused = claim(client, "host/a", first)
    assert refused.status_code == 409
    assert refused.json["lock"]["resource"] == second


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("src/", "srcs"),
        ("src/", "src.py"),
        ("src/", "lib/src/x"),
        ("a/b/", "a/bc"),
        ("src", "src/app.py"),
        ("src/%", "src/x"),
        ("a_/", "ab/c"),
    ],
)
def test_what_only_looks_alike_does_not_overlap(client: Agent, first: str, second: str) -> None:
    assert claim(client, "host/a", first).status_code == 201
    assert claim(client, "host/b", second).status_code == 201


def test_locks_of_other_projects_do_not_overlap(client: Agent) -> None:
    claim(client, "host/a", "/")
    answer = client.post("/locks", project_key="Shop", session_id="host/b", resource="/")
    assert answer.status_code == 201


def test_a_session_may_claim_inside_its_own_tree(client: Agent) -> None:
    tree = claim(client, "host/a", "src/").json
    inner = claim(client, "host/a", "src/app.py")
    assert inner.status_code == 201
    assert inner.json["fencing_token"] > tree["fencing_token"]


def test_several_sessions_hold_shared_locks_and_block_an_exclusive_one(client: Agent) -> None:
    assert claim(client, "host/a", "db", mode="shared").status_code == 201
    assert claim(client, "host/b", "db", mode="shared").status_code == 201
    refused = claim(client, "host/c", "db")
    assert refused.status_code == 409
    assert {lock["session_id"] for lock in refused.json["conflicts"]} == {"host/a", "host/b"}


def test_an_exclusive_lock_blocks_a_shared_one(client: Agent) -> None:
    claim(client, "host/a", "db")
    assert claim(client, "host/b", "db", mode="shared").status_code == 409


def test_the_only_holder_may_make_its_shared_lock_exclusive(client: Agent) -> None:
    shared = claim(client, "host/a", "db", mode="shared").json
    upgraded = claim(client, "host/a", "db", mode="exclusive")
    assert upgraded.status_code == 200
    assert (upgraded.json["id"], upgraded.json["mode"]) == (shared["id"], "exclusive")
    assert upgraded.json["fencing_token"] > shared["fencing_token"]
    assert claim(client, "host/b", "db", mode="shared").status_code == 409


def test_a_shared_lock_with_others_beside_it_is_not_made_exclusive(client: Agent) -> None:
    claim(client, "host/a", "db", mode="shared")
    claim(client, "host/b", "db", mode="shared")
    refused = claim(client, "host/a", "db", mode="exclusive")
    assert refused.status_code == 409
    assert [lock["session_id"] for lock in refused.json["conflicts"]] == ["host/b"]


def test_several_resources_are_granted_together(client: Agent) -> None:
    answer = client.post(
        "/locks", project_key="shop", session_id="host/a", resources=["b", "a", "./a"]
    )
    assert answer.status_code == 201
    assert sorted(lock["resource"] for lock in answer.json["items"]) == ["a", "b"]
    assert len({lock["fencing_token"] for lock in answer.json["items"]}) == 2
    assert len(client.get("/locks").json["items"]) == 2


def test_several_resources_are_refused_together(client: Agent) -> None:
    claim(client, "host/b", "b")
    answer = client.post(
        "/locks", project_key="shop", session_id="host/a", resources=["a", "b", "c"]
    )
    assert answer.status_code == 409
    assert [lock["resource"] for lock in answer.json["conflicts"]] == ["b"]
    assert [lock["resource"] for lock in client.get("/locks").json["items"]] == ["b"]


def test_several_resources_may_hold_one_that_the_caller_has(client: Agent) -> None:
    own = claim(client, "host/a", "a").json
    answer = client.post("/locks", project_key="shop", session_id="host/a", resources=["a", "b"])
    assert answer.status_code == 201
    assert answer.json["items"][0]["id"] == own["id"]


def test_several_resources_under_a_repeated_id_are_granted_once(client: Agent) -> None:
    body = {
        "project_key": "shop",
        "session_id": "host/a",
        "resources": ["a", "b"],
        "id": str(uuid.uuid4()),
    }
    first = client.post("/locks", **body)
    again = client.post("/locks", **body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json


def test_an_expired_tree_gives_way_to_a_file_below(client: Agent, clock: Clock) -> None:
    claim(client, "host/a", "src/", ttl_hours=0.5)
    clock.move(minutes=31)
    assert claim(client, "host/b", "src/app.py").status_code == 201


def test_of_two_claims_at_once_that_make_a_shared_lock_exclusive_one_does(
    app: Flask, client: Agent, monkeypatch: pytest.MonkeyPatch, journal_rows: Any
) -> None:
    """A second upgrade would take the token from under the first one's answer."""
    claim(client, "host/a", "db", mode="shared")
    first: list[Any] = []
    granted = ClaimAttempt.granted

    def after_another(attempt: ClaimAttempt) -> Any:
        monkeypatch.setattr(ClaimAttempt, "granted", granted)
        with ThreadPoolExecutor(1) as pool:
            other = Agent(app.test_client())
            first.append(pool.submit(claim, other, "host/a", "db", mode="exclusive").result())
        return granted(attempt)

    monkeypatch.setattr(ClaimAttempt, "granted", after_another)
    second = claim(client, "host/a", "db", mode="exclusive")
    assert (second.status_code, second.json["mode"]) == (200, "exclusive")
    assert second.json["fencing_token"] == first[0].json["fencing_token"]
    assert [row["type"] for row in journal_rows()].count("lock.upgraded") == 1
