"""What a release costs those who wait: one try, by the one whose turn it is."""

from typing import Any

import pytest

from coord.areas.locks import repository
from coord.areas.locks.schemas import ClaimSchema
from coord.areas.locks.terms import Blocked, ClaimTerms, terms_of
from coord.areas.locks.waiting_claims import WaitingClaim
from coord.store import engine
from tests.areas.locks.test_wait import Wait, claim, release, wait
from tests.conftest import Agent

__all__ = ["wait"]


def terms(session: str, resource: str = "src/app.py") -> ClaimTerms:
    body = {"project_key": "shop", "session_id": session, "resource": resource, "wait": 20}
    return terms_of(ClaimSchema().load(body), default_ttl_hours=2, stale_us=1)


def entry(kind: str, **more: Any) -> dict[str, Any]:
    """A row of the journal, about the lock that is waited for."""
    data = {"resource": "src/app.py", **more.pop("data", {})}
    row = {"subject_kind": "lock", "subject_id": "id", "session_id": "host/a", "data": data}
    return {"type": kind, "project_key": "shop", **row, **more}


def behind(*waiter_ids: str) -> WaitingClaim:
    """A claim that waits behind these, which wait in other processes."""
    waiting_claim = WaitingClaim(terms("host/b"))
    rows: list[Any] = [{"waiter_id": waiter_id} for waiter_id in waiter_ids]
    waiting_claim.note(Blocked([], rows, [], engine.utc_now()))
    return waiting_claim


def test_who_is_first_of_all_tries_at_once() -> None:
    first = behind()
    assert first.is_concerned(entry("lock.released"))
    assert first.urgent


def test_who_is_behind_another_process_lets_that_try_first() -> None:
    second = behind("first")
    assert second.is_concerned(entry("lock.released")), "what it knows may be out of date"
    assert not second.urgent


@pytest.mark.parametrize(
    "ended",
    [
        entry("lock.claimed", data={"waited": True, "waiter": "first"}),
        entry("lock.wait_ended", subject_kind="waiter", subject_id="first"),
    ],
    ids=["granted", "given up"],
)
def test_its_turn_comes_when_all_ahead_have_gone(ended: dict[str, Any]) -> None:
    second = behind("first")
    second.is_concerned(ended)
    second.urgent = False
    assert second.is_concerned(entry("lock.released"))
    assert second.urgent


def test_who_went_while_it_read_is_not_ahead_of_it() -> None:
    second = behind("first")
    second.begin_try()
    second.is_concerned(entry("lock.claimed", data={"waited": True, "waiter": "first"}))
    rows: list[Any] = [{"waiter_id": "first"}]
    second.note(Blocked([], rows, [], engine.utc_now()))  # read before that was committed
    assert second.ahead == frozenset()


def test_a_hand_off_reads_nothing(
    client: Agent, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = claim(client).json
    waiting = wait("host/b", "src/app.py")
    tries: list[Any] = []
    monkeypatch.setattr(repository, "claim", lambda *asked: tries.append(asked))
    release(client, held)
    assert waiting.answer.status_code == 201
    assert tries == []


def test_the_line_is_kept_through_many_hand_offs(client: Agent, wait: Wait) -> None:
    held = claim(client).json
    names = [f"host/{nth}" for nth in range(6)]
    line = [wait(name, "src/app.py") for name in names]
    for waiting in line:
        release(client, held)
        held = waiting.answer.json
    granted = client.get("/events", after=0, type="lock.claimed").json["items"]
    assert [event["session_id"] for event in granted] == ["host/a", *names]
    assert all(event["data"]["waiter"] for event in granted[1:])


def test_a_waiter_that_needs_more_than_was_freed_goes_on_waiting(client: Agent, wait: Wait) -> None:
    one, other = claim(client, resource="a").json, claim(client, resource="b").json
    waiting = wait("host/b", resources=["a", "b"])
    release(client, one)
    refused = claim(client, "host/c", "a")
    assert refused.status_code == 409, "it came later"
    assert not waiting.over
    release(client, other)
    assert waiting.answer.status_code == 201
