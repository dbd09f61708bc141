"""What a release costs those who wait: one try, by the one whose turn it is."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from coord.areas.locks import repository, waiting_claims
from coord.areas.locks.schemas import ClaimSchema
from coord.areas.locks.terms import Blocked, ClaimTerms, terms_of
from coord.areas.locks.waiting_claims import WaitingClaim
from coord.live import waiting as live_waiting
from coord.store import Reader, sqlite
from coord.store.combiner import Combiner
from tests.areas.locks.test_wait import LONG, Wait, Waiting, claim, release, wait
from tests.conftest import Agent
from tests.service import until

__all__ = ["wait"]

TURNS = 6


def terms(session: str, resource: str = "src/app.py", **more: Any) -> ClaimTerms:
    body = {"project_key": "shop", "session_id": session, "resource": resource, "wait": 20, **more}
    return terms_of(ClaimSchema().load(body), default_ttl_hours=2, stale_us=1)


def entry(kind: str, **more: Any) -> dict[str, Any]:
    """A row of the journal, about the lock that is waited for."""
    data = {"resource": "src/app.py", **more.pop("data", {})}
    row = {"subject_kind": "lock", "subject_id": "id", "session_id": "host/a", "data": data}
    return {"type": kind, "project_key": "shop", **row, **more}


def behind(*waiter_ids: str) -> WaitingClaim:
    """A claim that waits behind these, which wait in other processes."""
    waiting_claim = WaitingClaim(terms("host/b"))
    rows: list[Any] = [
        {"waiter_id": waiter_id, "revision": nth, "mode": "exclusive"}
        for nth, waiter_id in enumerate(waiter_ids, 1)
    ]
    waiting_claim.note(Blocked([], rows, [], sqlite.utc_now()))
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
    rows: list[Any] = [{"waiter_id": "first", "revision": 1, "mode": "exclusive"}]
    second.note(Blocked([], rows, [], sqlite.utc_now()))  # read before that was committed
    assert second.ahead == {}


def test_a_renewal_wakes_nobody_unless_its_holder_has_the_lock_for_less_time() -> None:
    first = behind()
    assert not first.is_concerned(entry("lock.renewed"))
    assert not first.urgent
    assert first.is_concerned(entry("lock.renewed", data={"shortened": True}))


def test_of_what_a_session_says_only_its_end_concerns_who_waits_for_it() -> None:
    first = behind()
    first.holders = frozenset({"host/a"})
    of_holder = {"subject_kind": "session", "subject_id": "host/a"}
    assert not first.is_concerned(entry("session.heartbeat", **of_holder))
    assert first.is_concerned(entry("session.gone", session_id=None, **of_holder))


def test_who_waits_learns_that_a_lock_ends_sooner(client: Agent, wait: Wait) -> None:
    held = claim(client).json
    waiting = wait("host/b", "src/app.py")
    renewed = client.patch(f"/locks/{held['id']}", session_id="host/a", ttl_hours=1 / 3600)
    assert renewed.status_code == 200
    assert waiting.answer.status_code == 201


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


def standing_in_line() -> int:
    """How many claims wait here and know where, without asking the database."""
    return sum(each.revision > 0 for each in list(waiting_claims._waiting.values()))


def test_a_hand_off_is_two_changes_and_hardly_reads(
    app: Flask, client: Agent, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = claim(client, "host/0").json
    line = [wait(f"host/{nth}", "src/app.py") for nth in range(1, 4)]
    monkeypatch.setattr(live_waiting, "POLL_S", LONG)  # what is read for by time is not counted
    monkeypatch.setattr(waiting_claims, "NOT_URGENT_S", LONG)
    monkeypatch.setattr(waiting_claims, "MAX_NOT_URGENT_S", LONG)
    counts: Counter[str] = Counter()

    def counted(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            counts[name] += 1
            return original(*args, **kwargs)

        return call

    monkeypatch.setattr(Reader, "rows", counted("reads", Reader.rows))
    monkeypatch.setattr(Combiner, "carry_out", counted("changes", Combiner.carry_out))
    for _ in range(TURNS):
        before = held["session_id"]
        release(client, held)
        held = line.pop(0).answer.json
        again = Waiting(app, before, {"resource": "src/app.py"})
        until(lambda: standing_in_line() == len(line) + 1, LONG, "it to wait again")
        line.append(again)
    assert counts["changes"] == 2 * TURNS
    assert counts["reads"] <= 2
    monkeypatch.undo()
    for waiting in line:
        release(client, held)
        held = waiting.answer.json


def test_who_holds_what_others_wait_for_is_not_put_in_line(
    client: Agent, wait: Wait, journal_rows: Any
) -> None:
    held = claim(client).json
    waiting = wait("host/b", "src/app.py")
    assert claim(client, wait=LONG).status_code == 200
    assert [row["type"] for row in journal_rows() if row["session_id"] == "host/a"] == [
        "lock.claimed",
        "lock.renewed",
    ]
    release(client, held)
    assert waiting.answer.status_code == 201


def test_a_circle_is_found_by_who_stands_in_line_without_a_try(client: Agent, wait: Wait) -> None:
    claim(client, "host/a", "a")
    other = claim(client, "host/b", "b").json
    first = wait("host/x", "b")
    second = wait("host/b", "a")
    refused = claim(client, "host/a", "b", wait=LONG)
    assert (refused.status_code, refused.json["error"]) == (409, "deadlock")
    release(client, other)
    assert first.answer.status_code == 201
    client.delete("/locks", session_id="host/a", release_all="true")
    assert second.answer.status_code == 201
