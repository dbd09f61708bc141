"""POST /locks with `wait`: who waits, who goes first, and how waiting ends."""

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from coord.areas.locks import repository
from coord.store import read
from tests.conftest import Agent
from tests.service import until

LONG = 20


class Waiting:
    """A claim that waits in a thread of its own."""

    def __init__(self, app: Flask, session: str, body: dict[str, Any]) -> None:
        self._agent = Agent(app.test_client())
        self._body = {"project_key": "shop", "session_id": session, "wait": LONG, **body}
        self._answer: Any = None
        self._thread = threading.Thread(target=self._call)
        self._thread.start()

    def _call(self) -> None:
        self._answer = self._agent.post("/locks", **self._body)

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> None:
        self._thread.join(LONG)
        assert self.over, "it still waits"

    @property
    def answer(self) -> Any:
        self.join()
        return self._answer


Wait = Callable[..., Waiting]


@pytest.fixture
def wait(app: Flask, client: Agent) -> Iterator[Wait]:
    """Claims with `wait`, and returns when the claim waits."""
    started: list[Waiting] = []

    def start(session: str, resource: str | None = None, **more: Any) -> Waiting:
        before = len(waiters(client))
        body = more if resource is None else {"resource": resource, **more}
        started.append(Waiting(app, session, body))
        until(lambda: started[-1].over or len(waiters(client)) > before, 10, "the claim to wait")
        return started[-1]

    yield start
    for waiting in started:
        waiting.join()


def waiters(client: Agent, **query: Any) -> list[Any]:
    found: list[Any] = client.get("/locks/waiters", **query).json["items"]
    return found


def claim(client: Agent, session: str = "host/a", resource: str = "src/app.py", **more: Any) -> Any:
    return client.post("/locks", project_key="shop", session_id=session, resource=resource, **more)


def release(client: Agent, lock: Any) -> None:
    assert client.delete(f"/locks/{lock['id']}", session_id=lock["session_id"]).status_code == 200


def test_a_free_resource_is_granted_at_once(client: Agent) -> None:
    assert claim(client, wait=LONG).status_code == 201
    assert claim(client, wait=LONG).status_code == 200


def test_a_waiting_claim_is_granted_when_the_holder_releases(client: Agent, wait: Wait) -> None:
    held = claim(client).json
    waiting = wait("host/b", "./src/app.py", description="mine next")
    (seen,) = waiters(client)
    assert list(seen) == [
        "id",
        "project_key",
        "session_id",
        "resources",
        "mode",
        "description",
        "since",
    ]
    assert (seen["session_id"], seen["resources"], seen["description"]) == (
        "host/b",
        ["./src/app.py"],
        "mine next",
    )
    release(client, held)
    assert waiting.answer.status_code == 201
    assert waiting.answer.json["fencing_token"] > held["fencing_token"]
    assert waiters(client) == []


def test_a_wait_in_vain_ends_with_who_holds_it_and_who_is_ahead(client: Agent, wait: Wait) -> None:
    held = claim(client).json
    wait("host/b", "src/", wait=3)
    answer = claim(client, "host/c", wait=0.2)
    assert (answer.status_code, answer.json["error"]) == (409, "lock_held")
    assert answer.json["lock"] == held
    assert answer.json["position"] == 2
    assert [each["session_id"] for each in answer.json["ahead"]] == ["host/b"]
    assert "1 wait for it before you" in answer.json["detail"]
    assert [waiter["session_id"] for waiter in waiters(client)] == ["host/b"]


def test_first_come_first_served(client: Agent, wait: Wait) -> None:
    held = claim(client).json
    waiting_claims = [wait(f"host/{number}", "src/app.py") for number in range(4)]
    for waiting in waiting_claims:
        assert [each.over for each in waiting_claims[waiting_claims.index(waiting) :]] == [
            False
        ] * (4 - waiting_claims.index(waiting))
        release(client, held)
        held = waiting.answer.json
        assert waiting.answer.status_code == 201


def test_a_waiter_for_a_tree_is_not_starved_by_files(client: Agent, wait: Wait) -> None:
    held = claim(client, resource="src/a.py").json
    tree = wait("host/tree", "src/")
    refused = claim(client, "host/c", "src/b.py")
    assert (refused.status_code, refused.json["error"]) == (409, "lock_held")
    assert refused.json["lock"] == held
    assert refused.json["conflicts"] == []
    assert refused.json["position"] == 2
    assert "'host/tree' came first and waits for 'src/'" in refused.json["detail"]
    file = wait("host/c", "src/b.py")
    assert claim(client, "host/d", "docs/x.md").status_code == 201
    release(client, held)
    assert tree.answer.status_code == 201
    assert not file.over
    release(client, tree.answer.json)
    assert file.answer.status_code == 201


def test_who_shares_does_not_overtake_who_wants_it_alone(client: Agent, wait: Wait) -> None:
    held = claim(client, mode="shared").json
    alone = wait("host/b", "src/app.py")
    assert claim(client, "host/c", mode="shared").status_code == 409
    sharers = [wait(f"host/{name}", "src/app.py", mode="shared") for name in "cd"]
    release(client, held)
    assert alone.answer.status_code == 201
    assert not any(sharer.over for sharer in sharers)
    release(client, alone.answer.json)
    assert [each.answer.status_code for each in sharers] == [201, 201]


def test_several_resources_wait_for_all_of_them(client: Agent, wait: Wait) -> None:
    first, second = claim(client, "host/a", "a").json, claim(client, "host/b", "b").json
    both = wait("host/c", resources=["b", "a"])
    release(client, first)
    assert claim(client, "host/d", "a").status_code == 409
    assert not both.over
    release(client, second)
    assert both.answer.status_code == 201
    assert [lock["resource"] for lock in both.answer.json["items"]] == ["a", "b"]


def test_a_waiting_claim_is_granted_when_the_lock_expires(client: Agent, wait: Wait) -> None:
    claim(client, ttl_hours=0.001)
    waiting = wait("host/b", "src/app.py")
    behind = wait("host/c", "src/app.py", ttl_hours=0)
    assert waiting.answer.status_code == 201
    assert not behind.over
    release(client, waiting.answer.json)
    assert behind.answer.status_code == 201


def test_the_next_waiter_sees_when_the_one_before_it_expires(client: Agent, wait: Wait) -> None:
    held = claim(client).json
    first = wait("host/b", "src/app.py", ttl_hours=0.0003)
    second = wait("host/c", "src/app.py")
    release(client, held)
    assert first.answer.status_code == 201
    assert second.answer.status_code == 201


def test_a_waiting_claim_is_granted_when_the_holder_is_stale(
    app: Flask, client: Agent, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "STALE_AFTER_HOURS", 0.0003)
    held = claim(client, ttl_hours=0).json
    refused = claim(client, "host/c", wait=2, take_over_stale=False)
    assert refused.status_code == 409
    assert refused.json["lock"]["stale"] is True
    waiting = wait("host/b", "src/app.py")
    assert waiting.answer.status_code == 201
    assert client.get(f"/locks/{held['id']}").json["release_reason"] == "stale"


def test_the_last_of_several_holders_waits_to_have_it_alone(client: Agent, wait: Wait) -> None:
    mine = claim(client, mode="shared").json
    theirs = claim(client, "host/b", mode="shared").json
    upgrade = wait("host/a", "src/app.py", mode="exclusive")
    assert claim(client, "host/c", mode="shared").status_code == 409
    release(client, theirs)
    assert (upgrade.answer.status_code, upgrade.answer.json["id"], upgrade.answer.json["mode"]) == (
        200,
        mine["id"],
        "exclusive",
    )


def test_a_holder_is_not_held_up_by_those_who_wait_for_it(client: Agent, wait: Wait) -> None:
    mine = claim(client, resource="src/a.py").json
    tree = wait("host/b", "src/")
    assert claim(client, resource="src/b.py").status_code == 201
    client.delete("/locks", session_id=mine["session_id"], release_all="true")
    assert tree.answer.status_code == 201


def test_a_circle_of_waiting_sessions_is_refused_and_named(client: Agent, wait: Wait) -> None:
    for session, resource in (("host/a", "a"), ("host/b", "b"), ("host/c", "c")):
        claim(client, session, resource)
    first = wait("host/a", "b", wait=3)
    second = wait("host/b", "c", wait=3)
    refused = claim(client, "host/c", "a", wait=3)
    assert (refused.status_code, refused.json["error"]) == (409, "deadlock")
    assert refused.json["cycle"] == [
        {"session_id": "host/c", "resource": "a", "waits_for": "host/a"},
        {"session_id": "host/a", "resource": "b", "waits_for": "host/b"},
        {"session_id": "host/b", "resource": "c", "waits_for": "host/c"},
    ]
    assert "'host/c' waits for 'host/a'" in refused.json["detail"]
    assert [waiter["session_id"] for waiter in waiters(client)] == ["host/a", "host/b"]
    client.delete("/locks", session_id="host/c", release_all="true")
    assert second.answer.status_code == 201
    client.delete("/locks", session_id="host/b", release_all="true")
    assert first.answer.status_code == 201


def test_two_sharers_that_both_want_it_alone_are_a_circle(client: Agent, wait: Wait) -> None:
    for session in ("host/a", "host/b"):
        claim(client, session, mode="shared")
    first = wait("host/a", "src/app.py", mode="exclusive")
    refused = claim(client, "host/b", mode="exclusive", wait=3)
    assert (refused.status_code, refused.json["error"]) == (409, "deadlock")
    client.delete("/locks", session_id="host/b", release_all="true")
    assert first.answer.status_code == 200


def test_a_repeated_waiting_claim_is_granted_once(client: Agent, wait: Wait) -> None:
    held = claim(client).json
    chosen = str(uuid.uuid4())
    both = [wait("host/b", "src/app.py", id=chosen) for _ in range(2)]
    release(client, held)
    assert sorted(each.answer.status_code for each in both) == [200, 201]
    assert {each.answer.json["id"] for each in both} == {chosen}


def test_the_journal_says_who_waits_and_how_that_ended(
    client: Agent, wait: Wait, journal_rows: Any
) -> None:
    held = claim(client).json
    waiting = wait("host/b", "src/app.py")
    claim(client, "host/c", wait=0.1)
    release(client, held)
    assert waiting.answer.status_code == 201
    answer = [
        (row["type"], row["session_id"], row["data"].get("reason"), row["data"].get("waited"))
        for row in journal_rows()
    ]
    assert answer == [
        ("lock.claimed", "host/a", None, None),
        ("lock.waiting", "host/b", None, None),
        ("lock.waiting", "host/c", None, None),
        ("lock.wait_ended", "host/c", "timed_out", None),
        ("lock.released", "host/a", None, None),
        ("lock.claimed", "host/b", None, True),
    ]


def test_waiters_are_listed_first_come_first(client: Agent, wait: Wait) -> None:
    held = [claim(client, resource=resource).json for resource in ("src/a.py", "docs/x.md")]
    first, second = wait("host/b", "src/"), wait("host/c", "docs/x.md")
    assert [waiter["session_id"] for waiter in waiters(client)] == ["host/b", "host/c"]
    assert [each["session_id"] for each in waiters(client, resource="src/other.py")] == ["host/b"]
    assert [each["session_id"] for each in waiters(client, session_id="host/c")] == ["host/c"]
    assert waiters(client, project_key="other") == []
    page = client.get("/locks/waiters", limit=1).json
    assert [
        item["session_id"]
        for item in client.get("/locks/waiters", cursor=page["next_cursor"]).json["items"]
    ] == ["host/c"]
    assert client.get("/status", project_key="shop").json["counts"]["lock_waiters"] == 2
    for lock in held:
        release(client, lock)
    assert [first.answer.status_code, second.answer.status_code] == [201, 201]


@pytest.mark.parametrize("seconds", [-1, 61, "soon", None], ids=str)
def test_a_wait_that_cannot_be_is_refused(client: Agent, seconds: Any) -> None:
    answer = claim(client, wait=seconds)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["wait"]


def test_past_the_number_that_may_wait_the_answer_comes_at_once(
    app: Flask, client: Agent, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["coord.watcher"], "_max_subscriptions", 1)
    held = claim(client).json
    waiting = wait("host/b", "src/app.py")
    answer = claim(client, "host/c", wait=LONG)
    assert answer.status_code == 409
    assert answer.json["position"] == 2
    release(client, held)
    assert waiting.answer.status_code == 201


def test_a_wait_that_timed_out_leaves_no_waiter(app: Flask, client: Agent) -> None:
    claim(client)
    claim(client, "host/b", wait=0.1)
    with app.app_context():
        assert read(repository.waiters.count) == 0


def test_a_waiting_claim_that_is_repeated_leaves_no_waiter_behind(
    client: Agent, wait: Wait, journal_rows: Any
) -> None:
    held = claim(client).json
    chosen = str(uuid.uuid4())
    both = [wait("host/b", "src/app.py", id=chosen) for _ in range(2)]
    release(client, held)
    granted = [each.answer for each in both]
    assert waiters(client) == []
    release(client, granted[0].json)
    assert claim(client, "host/c").status_code == 201
    assert {each.json["id"] for each in granted} == {chosen}
    told = [
        row["type"]
        for row in journal_rows()
        if row["session_id"] == "host/b" and row["type"] != "lock.waiting"
    ]
    # The second either finds the lock granted to its id, or, when it looked in that very moment,
    # held by its session already.
    assert told in (
        ["lock.claimed", end, "lock.released"] for end in ("lock.wait_ended", "lock.renewed")
    )


def test_an_upgrade_is_an_event_with_the_token_that_the_lock_has_then(
    client: Agent, journal_rows: Any
) -> None:
    claim(client, mode="shared")
    answer = client.post(
        "/locks",
        project_key="shop",
        session_id="host/a",
        resources=["src/app.py", "x", "y"],
        mode="exclusive",
    )
    by_token = {lock["fencing_token"]: lock["id"] for lock in answer.json["items"]}
    told = {
        row["revision"]: row["subject_id"]
        for row in journal_rows()
        if row["type"] in ("lock.upgraded", "lock.claimed") and row["revision"] > 1
    }
    assert by_token == told
    assert [row["data"]["mode"] for row in journal_rows() if row["type"] == "lock.upgraded"] == [
        "exclusive"
    ]
