"""A release grants the lock to the first that waits for it in the same process; nothing that this
process believes makes that grant."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask

from coord.areas.locks import hand_off, repository, waiting_claims
from coord.areas.locks.terms import Ahead
from coord.areas.locks.waiting_claims import WaitingClaim
from coord.live import ClientHungUp
from coord.live.waiting import Watcher
from coord.store import Change, bell, carry_out, transact
from coord.store.compiled_change import CompiledChange
from tests.areas.locks.test_hand_off import terms
from tests.areas.locks.test_wait import LONG, Wait, claim, release, wait, waiters
from tests.conftest import Agent
from tests.service import until

__all__ = ["wait"]


def resting(session: str) -> WaitingClaim:
    """The claim of this session, once it waits and its release may grant it."""

    def found() -> list[WaitingClaim]:
        return [
            each
            for each in list(waiting_claims._waiting.values())
            if each.terms.session_id == session and each.rests
        ]

    until(lambda: bool(found()), 10, "it to rest")
    return found()[0]


def wait_elsewhere(app: Flask, session: str, **more: Any) -> str:
    """A waiter whose call is, as far as anybody can tell, in another process."""
    waiter_id = str(uuid.uuid4())
    waiting_claims._called.add(waiter_id)  # which is there: else it would be taken for dead
    asked = terms(session, **more)
    with app.app_context():
        transact(lambda db: repository.waiters.add(asked, waiter_id, LONG * 1_000_000))
    return waiter_id


def end_elsewhere(app: Flask, waiter_id: str) -> None:
    with app.app_context():
        transact(repository.waiters.end_waits, [waiter_id], "timed_out")
    waiting_claims._called.discard(waiter_id)


Sent = list[int]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """How many changes went together, each time."""
    sizes: Sent = []
    as_before = carry_out._send

    def counted(changes: Sequence[CompiledChange]) -> Any:
        sizes.append(len(changes))
        return as_before(changes)

    monkeypatch.setattr(carry_out, "_send", counted)
    return sizes


def together(sent: Sent) -> Sent:
    """Who sees the release in the journal before its answer is there tries alone, in vain."""
    return [size for size in sent if size > 1]


@pytest.fixture
def while_it_commits(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Does something when the first release with a grant is about to be sent."""

    def install(act: Callable[[], object]) -> None:
        as_before = carry_out._send

        def acting(changes: Sequence[CompiledChange]) -> Any:
            if any(change.on_commit is not None for change in changes):
                monkeypatch.setattr(carry_out, "_send", as_before)
                act()
            return as_before(changes)

        monkeypatch.setattr(carry_out, "_send", acting)

    return install


@pytest.fixture
def before_it_commits(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Does something when it was decided to whom a release is to grant the lock."""

    def install(act: Callable[[], object]) -> None:
        as_before = hand_off.release

        def acting(lock_id: str, session_id: str) -> Change[Any]:
            change = as_before(lock_id, session_id)
            assert change.follower is not None
            act()
            return change

        monkeypatch.setattr(hand_off, "release", acting)

    return install


def types(rows: Callable[[], list[Any]]) -> list[str]:
    return [row["type"] for row in rows()]


def test_the_release_and_the_grant_are_one_transaction(
    client: Agent, wait: Wait, sent: Sent, journal_rows: Any
) -> None:
    held = claim(client).json
    waiting = wait("host/b", "src/app.py", description="mine")
    resting("host/b")
    sent.clear()
    release(client, held)
    granted = waiting.answer
    assert granted.status_code == 201
    assert together(sent) == [2]
    assert granted.json == client.get(f"/locks/{granted.json['id']}").json
    rows = journal_rows()
    assert [row["type"] for row in rows[-2:]] == ["lock.released", "lock.claimed"]
    assert [row["revision"] for row in rows] == list(range(1, len(rows) + 1))
    assert granted.json["fencing_token"] == rows[-1]["revision"]
    assert waiters(client) == []


def test_who_is_granted_so_hands_on_in_the_same_way(
    client: Agent, wait: Wait, sent: Sent, journal_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # on a slow machine it would look for itself before its turn has come
    for name in ("NOT_URGENT_S", "MAX_NOT_URGENT_S"):
        monkeypatch.setattr(waiting_claims, name, 60.0)
    held = claim(client).json
    line = [wait(f"host/{nth}", "src/app.py") for nth in range(4)]
    resting("host/3")
    sent.clear()
    for nth, waiting in enumerate(line):
        resting(f"host/{nth}")
        release(client, held)
        held = waiting.answer.json
    assert together(sent) == [2] * len(line)
    claimed = [row["session_id"] for row in journal_rows() if row["type"] == "lock.claimed"]
    assert claimed == ["host/a", *(f"host/{nth}" for nth in range(4))]


def test_all_that_can_share_it_get_it(client: Agent, wait: Wait) -> None:
    held = claim(client).json
    sharers = [wait(f"host/{nth}", "src/app.py", mode="shared") for nth in range(3)]
    alone = wait("host/alone", "src/app.py")
    resting("host/0")
    release(client, held)
    locks = [sharer.answer.json for sharer in sharers]
    assert {lock["mode"] for lock in locks} == {"shared"}
    assert not alone.over
    for lock in locks:
        release(client, lock)
    assert alone.answer.status_code == 201


@pytest.mark.parametrize(
    ("also_held", "wanted"),
    [("src/", "src/app.py"), ("src/app.py", "src/")],
    ids=["above", "below"],
)
def test_what_else_is_in_the_way_is_waited_for(
    client: Agent, wait: Wait, also_held: str, wanted: str
) -> None:
    other = claim(client, resource=also_held).json
    held = claim(client, resource=wanted).json
    waiting = wait("host/b", wanted)
    resting("host/b")
    release(client, held)
    assert client.get(f"/locks/{held['id']}").json["release_reason"] == "released"
    assert [waiter["session_id"] for waiter in waiters(client)] == ["host/b"]
    release(client, other)
    assert waiting.answer.status_code == 201


def test_who_is_taken_for_the_first_and_is_not_waits_on(
    app: Flask, client: Agent, wait: Wait, journal_rows: Any
) -> None:
    """One of another process came first, and this process does not know."""
    held = claim(client).json
    first = wait_elsewhere(app, "host/first")
    second = wait("host/second", "src/app.py")
    resting("host/second").ahead = {}
    release(client, held)
    assert client.get("/locks", project_key="shop").json["items"] == []
    assert not second.over
    end_elsewhere(app, first)
    assert second.answer.status_code == 201
    assert types(journal_rows)[-3:] == ["lock.released", "lock.wait_ended", "lock.claimed"]


def test_who_gives_up_before_the_commit_is_not_granted(
    client: Agent, wait: Wait, before_it_commits: Any
) -> None:
    held = claim(client).json
    waiting, behind = wait("host/b", "src/app.py"), wait("host/c", "src/app.py")
    leaving = resting("host/b").subscription
    assert leaving is not None

    def hang_up() -> None:
        leaving.fail(ClientHungUp())
        until(lambda: waiting.over, LONG, "it to leave")

    before_it_commits(hang_up)
    release(client, held)
    assert behind.answer.status_code == 201
    assert waiters(client) == []


def test_who_hangs_up_during_the_commit_holds_it_like_any_that_hang_up_when_granted(
    app: Flask, client: Agent, wait: Wait, while_it_commits: Any
) -> None:
    held = claim(client).json
    waiting, behind = wait("host/b", "src/app.py"), wait("host/c", "src/app.py")
    leaving = resting("host/b").subscription
    assert leaving is not None
    with app.app_context():
        gathering = carry_out.combiner()

    def hang_up() -> None:
        leaving.fail(ClientHungUp())
        until(lambda: len(gathering._waiting) == 2, LONG, "its end, and who is behind, to be there")

    while_it_commits(hang_up)
    release(client, held)
    waiting.join()
    (lock,) = client.get("/locks", project_key="shop").json["items"]
    assert lock["session_id"] == "host/b"
    assert [waiter["session_id"] for waiter in waiters(client)] == ["host/c"]
    release(client, lock)
    assert behind.answer.status_code == 201


def test_whose_time_is_up_during_the_commit_is_told_that_it_was_granted(
    app: Flask, client: Agent, wait: Wait, while_it_commits: Any
) -> None:
    held = claim(client).json
    waiting = wait("host/b", "src/app.py", wait=2)
    resting("host/b")
    with app.app_context():
        gathering = carry_out.combiner()
    while_it_commits(
        lambda: until(lambda: len(gathering._waiting) == 1, LONG, "the end of its wait to be there")
    )
    release(client, held)
    assert waiting.answer.status_code == 201
    (lock,) = client.get("/locks", project_key="shop").json["items"]
    assert (lock["session_id"], lock["id"]) == ("host/b", waiting.answer.json["id"])
    assert waiters(client) == []


def test_who_was_taken_for_dead_is_not_granted_and_begins_anew(
    app: Flask, client: Agent, wait: Wait, before_it_commits: Any, journal_rows: Any
) -> None:
    held = claim(client).json
    waiting = wait("host/b", "src/app.py")
    waiter_id = str(resting("host/b").waiter_id)
    before_it_commits(lambda: transact(repository.waiters.end_waits, [waiter_id], "died"))
    release(client, held)
    assert waiting.answer.status_code == 201
    assert [row["type"] for row in journal_rows() if row["subject_id"] == waiter_id] == [
        "lock.waiting",
        "lock.wait_ended",
    ]
    assert waiters(client) == []


def test_a_release_whose_outcome_is_unknown_leaves_nobody_waiting(
    client: Agent, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both took hold, and nobody was told: the caller that waits finds what it holds."""
    held = claim(client).json
    waiting = wait("host/b", "src/app.py")
    resting("host/b")
    monkeypatch.setattr(waiting_claims, "give", lambda *told: None)
    release(client, held)
    assert waiting.answer.status_code == 201
    assert waiters(client) == []
    (lock,) = client.get("/locks", project_key="shop").json["items"]
    assert lock["session_id"] == "host/b"


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[str]]:
    """What the bell said."""
    words: list[frozenset[str]] = []
    as_before = bell.ring

    def noted(news: Any = bell.ANYTHING) -> None:
        words.append(frozenset(news))
        as_before(news)

    monkeypatch.setattr(bell, "ring", noted)
    return words


def test_whose_turn_it_is_in_another_process_is_called_by_name(
    app: Flask, client: Agent, wait: Wait, rung: list[frozenset[str]]
) -> None:
    held = claim(client).json
    first = wait_elsewhere(app, "host/first")
    second = wait("host/second", "src/app.py")
    resting("host/second")
    release(client, held)
    assert frozenset({"lock/next_called", f"turn/{first}"}) in rung
    assert not second.over
    end_elsewhere(app, first)
    assert second.answer.status_code == 201


@pytest.mark.parametrize(
    ("on", "wanted"),
    [
        ("src/app.py", {"mode": "shared"}),
        ("src/", {}),
    ],
    ids=["others may share it with the next", "of a tree others may have a part"],
)
def test_where_others_may_go_too_all_are_told_of_the_release(
    app: Flask, client: Agent, wait: Wait, rung: list[frozenset[str]], on: str, wanted: Any
) -> None:
    held = claim(client, resource=on).json
    first = wait_elsewhere(app, "host/first", **wanted)
    second = wait("host/second", on)
    resting("host/second")
    rung.clear()
    release(client, held)
    assert frozenset({"lock/lock.released"}) in rung
    end_elsewhere(app, first)
    assert second.answer.status_code == 201


def test_who_is_called_is_granted_it_before_the_journal_is_read(
    client: Agent, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = claim(client).json
    waiting = wait("host/b", "src/app.py")
    waiter_id = resting("host/b").waiter_id
    monkeypatch.setattr(waiting_claims, "next_for", lambda lock_id: waiter_id)
    monkeypatch.setattr(Watcher, "_tick", lambda watcher: None)
    release(client, held)
    assert waiting.answer.status_code == 201


def test_who_stood_before_the_holder_is_known_to_have_gone(
    client: Agent, wait: Wait, sent: Sent
) -> None:
    held = claim(client).json
    holder, behind = wait("host/b", "src/app.py"), wait("host/c", "src/app.py")
    stood_at = resting("host/b").revision
    release(client, held)
    held = holder.answer.json
    # as it is where that one waited in another process, and the journal was not read yet
    resting("host/c").ahead = {"gone": Ahead(stood_at - 1, "exclusive")}
    sent.clear()
    release(client, held)
    assert behind.answer.status_code == 201
    assert together(sent) == [2]


def test_of_what_is_known_of_locks_there_is_no_more_than_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting_claims, "_granted", {})
    monkeypatch.setattr(waiting_claims, "MAX_REMEMBERED", 2)
    several = [terms("host/a", f"r{nth}") for nth in range(3)]
    for each in several:
        waiting_claims.remember_grant(each)
    assert list(waiting_claims._granted) == [each.requests[0].id for each in several[1:]]
