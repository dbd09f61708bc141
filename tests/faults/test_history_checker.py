"""The check of histories finds what it looks for: each kind of violation in a history made by hand,
and none where all is well.
"""

import math
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.history import (
    CertainHold,
    ClientClaim,
    Event,
    History,
    Lock,
    check,
    form,
    overlap,
)

NEVER = math.inf


class Story:
    """A history made by hand.

    Each step is a change of its own, a millisecond after the one before; `time_passes` puts more
    between.
    """

    def __init__(self) -> None:
        self.history = History([], {})
        self._now = 1000.0
        self._waiting: dict[str, ClientClaim] = {}

    def time_passes(self, seconds: float) -> None:
        self._now += seconds

    def _happens(self, kind: str, session: str, subject: str, **data: Any) -> Event:
        self._now += 0.001
        event = Event(len(self.history.events) + 1, self._now, kind, session, subject, data)
        self.history.events.append(event)
        return event

    def claimed(
        self,
        session: str,
        resource: str,
        mode: str = "exclusive",
        *,
        token: int | None = None,
        ends_in: float = NEVER,
    ) -> str:
        """A lock is granted to who does not wait."""
        return self._granted(session, resource, mode, token, ends_in)

    def waited(self, wait: str) -> str:
        """A wait is granted."""
        claim = self._waiting.pop(wait)
        return self._granted(
            claim.session, claim.resources[0], claim.mode, None, NEVER, claim, waited=True
        )

    def _granted(
        self,
        session: str,
        resource: str,
        mode: str,
        token: int | None,
        ends_in: float,
        claim: ClientClaim | None = None,
        **more: Any,
    ) -> str:
        lock = f"lock {len(self.history.locks)}"
        if claim is None:
            self._now += 0.001
            claim = ClientClaim(session, (resource,), mode, (), 0, self._now)
            self.history.claims.append(claim)
        event = self._happens("lock.claimed", session, lock, resource=resource, mode=mode, **more)
        token = event.revision if token is None else token
        self.history.locks[lock] = Lock(mode, token, NEVER, event.at + ends_in)
        claim.ids, claim.tokens, claim.status, claim.ended = (lock,), {lock: token}, 201, self._now
        return lock

    def upgraded(self, lock: str) -> None:
        before = next(event for event in self.history.events if event.subject == lock)
        event = self._happens(
            "lock.upgraded",
            str(before.session),
            lock,
            resource=before.data["resource"],
            mode="exclusive",
        )
        self.history.locks[lock] = replace(
            self.history.locks[lock], mode="exclusive", token=event.revision
        )

    def ended(self, lock: str, how: str = "released") -> None:
        before = next(event for event in self.history.events if event.subject == lock)
        self._happens(
            f"lock.{how}",
            str(before.session),
            lock,
            resource=before.data["resource"],
            mode=before.data["mode"],
        )

    def waits(self, session: str, resource: str, mode: str = "exclusive") -> str:
        claim = ClientClaim(
            session, (resource,), mode, (f"refused {len(self.history.claims)}",), 5, self._now
        )
        event = self._happens(
            "lock.waiting",
            session,
            f"wait {len(self.history.claims)}",
            resources=[resource],
            mode=mode,
        )
        self.history.claims.append(claim)
        self._waiting[event.subject] = claim
        return event.subject

    def caller_dies(self, wait: str) -> None:
        self._waiting[wait].ended = self._now

    def wait_ended(self, wait: str, reason: str) -> None:
        claim = self._waiting.pop(wait)
        self._happens(
            "lock.wait_ended",
            claim.session,
            wait,
            resources=list(claim.resources),
            mode=claim.mode,
            reason=reason,
        )
        if claim.ended == NEVER:
            claim.status, claim.ended = 409, self._now

    def violations(self) -> list[str]:
        """The first line of each."""
        return [violation.partition("\n")[0] for violation in check(self.history).violations]


@pytest.fixture
def story() -> Story:
    return Story()


MEET = [
    ("a", "a"),
    ("src/", "src/a"),
    ("src/a", "src/"),
    ("src/", "src/lib/**"),
    ("/", "git push"),
    ("./src//x/../a", "src\\a"),
    ("src/", "src"),
]
APART = [
    ("a", "b"),
    ("src/", "srcs"),
    ("src/a", "src/a/b"),
    ("src/lib/", "src/a"),
    ("git push", "git"),
]


@pytest.mark.parametrize(("one", "other"), MEET)
def test_these_names_have_something_in_common(one: str, other: str) -> None:
    assert overlap(form(one), form(other))
    assert overlap(form(other), form(one))


@pytest.mark.parametrize(("one", "other"), APART)
def test_these_names_have_nothing_in_common(one: str, other: str) -> None:
    assert not overlap(form(one), form(other))
    assert not overlap(form(other), form(one))


def test_a_sound_history_is_found_sound(story: Story) -> None:
    shared = [story.claimed("a", "src/a", "shared"), story.claimed("b", "src/", "shared")]
    first = story.waits("c", "src/a")
    second = story.waits("d", "src/")
    gone = story.waits("e", "src/a")
    story.time_passes(5)
    story.wait_ended(gone, "hung_up")
    for lock in shared:
        story.ended(lock)
    lock = story.waited(first)
    story.time_passes(2)
    story.ended(lock)
    story.ended(story.waited(second))
    expiring = story.claimed("f", "src/", ends_in=1)
    story.time_passes(1.2)
    story.ended(expiring, "expired")
    story.claimed("g", "src/a")
    refused = story.waits("h", "/")
    story.time_passes(5)
    story.wait_ended(refused, "timed_out")
    assert story.violations() == []


@pytest.mark.parametrize(("one", "other"), MEET)
@pytest.mark.parametrize(
    ("mode", "other_mode"),
    [("exclusive", "exclusive"), ("shared", "exclusive"), ("exclusive", "shared")],
)
def test_two_conflicting_grants_are_found(
    story: Story, one: str, other: str, mode: str, other_mode: str
) -> None:
    story.claimed("a", one, mode)
    story.claimed("b", other, other_mode)
    assert story.violations() == ["conflicting grants"]


def test_sharers_and_a_sessions_own_locks_do_not_conflict(story: Story) -> None:
    story.claimed("a", "src/", "shared")
    story.claimed("b", "src/a", "shared")
    story.claimed("c", "docs/")
    story.claimed("c", "docs/a")
    assert story.violations() == []


def test_an_upgrade_beside_another_sharer_is_found(story: Story) -> None:
    mine = story.claimed("a", "x", "shared")
    theirs = story.claimed("b", "src/", "shared")
    story.claimed("c", "src/a", "shared")
    story.upgraded(mine)
    assert story.violations() == []
    story.upgraded(theirs)
    assert story.violations() == ["conflicting grants"]


def test_a_grant_while_an_expired_lock_is_not_yet_noted_is_no_conflict_but_one_before_is(
    story: Story,
) -> None:
    sharer = story.claimed("a", "x", "shared", ends_in=1)
    mine = story.claimed("b", "x", "shared")
    story.time_passes(1.1)
    story.upgraded(mine)
    story.ended(sharer, "expired")
    assert story.violations() == []
    story.history.locks[sharer] = replace(
        story.history.locks[sharer], expires_at=story.history.events[2].at + 0.0001
    )
    assert "conflicting grants" in story.violations()


def test_a_lock_that_ends_before_its_time_is_found(story: Story) -> None:
    story.ended(story.claimed("a", "x", ends_in=1), "expired")
    story.ended(story.claimed("a", "x"), "taken_over")
    assert [violation.partition(" ")[0] for violation in story.violations()] == ["ended", "ended"]


@pytest.mark.parametrize("mode", ["exclusive", "shared"])
def test_a_waiter_overtaken_by_who_does_not_wait_is_found(story: Story, mode: str) -> None:
    held = story.claimed("a", "src/a")
    story.waits("b", "src/")
    story.ended(held)
    story.claimed("c", "src/b", mode)
    assert story.violations() == ["overtaken"]


def test_a_waiter_overtaken_by_a_later_one_is_found(story: Story) -> None:
    held = story.claimed("a", "src/a")
    story.waits("b", "src/")
    later = story.waits("c", "src/a")
    story.ended(held)
    story.waited(later)
    assert story.violations() == ["overtaken"]


def test_who_has_nothing_against_the_waiter_or_holds_what_it_waits_for_overtakes_nobody(
    story: Story,
) -> None:
    story.claimed("a", "src/a", "shared")
    story.waits("b", "src/")
    story.claimed("c", "docs/")
    story.claimed("a", "src/b")
    assert story.violations() == []


def test_a_lost_wake_up_is_found(story: Story) -> None:
    held = story.claimed("a", "src/")
    wait = story.waits("b", "src/a")
    story.time_passes(0.5)
    story.ended(held)
    story.time_passes(1.5)
    story.wait_ended(wait, "timed_out")
    assert story.violations() == ["lost wake-up"]


def test_a_lost_wake_up_is_found_when_the_lock_in_the_way_expired_and_nobody_noted_it(
    story: Story,
) -> None:
    story.claimed("a", "x", ends_in=1)
    wait = story.waits("b", "x")
    story.time_passes(2.5)
    story.wait_ended(wait, "timed_out")
    assert story.violations() == ["lost wake-up"]


def test_a_late_wake_up_is_measured(story: Story) -> None:
    held = story.claimed("a", "x")
    wait = story.waits("b", "x")
    story.ended(held)
    story.time_passes(0.3)
    story.waited(wait)
    verdict = check(story.history)
    assert verdict.violations == []
    assert verdict.delay == pytest.approx(0.301, abs=0.0001)


@pytest.mark.parametrize(("lingers", "found"), [(1.5, []), (2.5, ["lost wake-up"])])
def test_a_dead_waiter_may_be_in_the_way_for_a_moment(
    story: Story, lingers: float, found: list[str]
) -> None:
    held = story.claimed("a", "x")
    dead = story.waits("b", "x")
    behind = story.waits("c", "x")
    story.caller_dies(dead)
    story.ended(held)
    story.time_passes(lingers)
    story.wait_ended(dead, "died")
    story.waited(behind)
    assert story.violations() == found


def test_nobody_wakes_the_dead(story: Story) -> None:
    held = story.claimed("a", "x")
    dead = story.waits("b", "x")
    story.caller_dies(dead)
    story.ended(held)
    story.time_passes(3)
    story.wait_ended(dead, "died")
    assert story.violations() == []


def test_nothing_is_expected_in_an_outage(story: Story) -> None:
    held = story.claimed("a", "x")
    wait = story.waits("b", "x")
    story.ended(held)
    began = story.history.events[-1].at
    story.time_passes(8)
    story.waited(wait)
    assert story.violations() == ["lost wake-up"]
    story.history.outages.append((began, began + 7.5))
    assert story.violations() == []


def test_a_live_waiter_taken_for_dead_is_found(story: Story) -> None:
    held = story.claimed("a", "x")
    wait = story.waits("b", "x")
    story.wait_ended(wait, "died")
    story.history.claims[-1].ended += 3
    story.ended(held)
    assert story.violations() == ["taken for dead"]


@pytest.mark.parametrize(("one", "other"), MEET)
def test_a_token_that_does_not_grow_is_found(story: Story, one: str, other: str) -> None:
    story.ended(story.claimed("a", one, token=7))
    story.ended(story.claimed("b", other, token=7))
    assert "token 7 after 7" in story.violations()


def test_a_token_that_is_smaller_than_one_told_before_is_found_whatever_it_is_for(
    story: Story,
) -> None:
    story.claimed("a", "x", token=7)
    story.claimed("b", "y", token=5)
    assert story.violations() == ["told token 5 when 7 had been told before it was asked for"]


def test_two_clients_that_are_sure_of_the_same_are_found(story: Story) -> None:
    story.history.holds += [
        CertainHold("a", ("src/",), "exclusive", 1, 3),
        CertainHold("b", ("src/a",), "shared", 2, 4),
    ]
    assert story.violations() == ["two clients were sure to hold it"]
    story.history.holds[0].end = 2
    assert story.violations() == []


def test_what_a_client_was_told_and_the_journal_does_not_know_is_found(story: Story) -> None:
    story.history.claims.append(
        ClientClaim("a", ("x",), "exclusive", ("ghost",), 0, 1, 2, 201, None, {"ghost": 3})
    )
    assert story.violations() == ["told token 3 of a lock with []"]


def test_a_grant_that_a_client_was_told_another_token_of_is_found(story: Story) -> None:
    lock = story.claimed("a", "x")
    story.history.claims[-1].tokens[lock] = 9
    assert story.violations() == ["told token 9 of a lock with [1]"]


def test_a_grant_to_who_was_refused_is_found(story: Story) -> None:
    story.claimed("a", "x")
    claim = story.history.claims[-1]
    claim.status, claim.tokens = 409, {}
    assert story.violations() == ["granted, but all who asked for it were refused"]


def test_who_is_refused_and_stays_in_the_line_is_found(story: Story) -> None:
    story.claimed("a", "x")
    story.waits("b", "x")
    story.history.claims[-1].status = 409
    assert story.violations() == ["refused at the end of a wait that did not end"]


def test_a_lock_without_an_event_is_found(story: Story) -> None:
    story.history.locks["ghost"] = Lock("exclusive", 1, NEVER, NEVER)
    assert story.violations() == ["a lock that the journal does not know"]


@pytest.mark.parametrize("how", ["released", "expired"])
def test_what_ends_twice_is_found(story: Story, how: str) -> None:
    lock = story.claimed("a", "x", ends_in=0)
    story.ended(lock, how)
    story.ended(lock, how)
    assert story.violations() == ["ended, but not held"]


def test_a_database_that_stood_still_may_begin_a_wait_whose_caller_was_told_503(
    story: Story,
) -> None:
    wait = story.waits("a", "x")
    claim = story.history.claims[-1]
    claim.status, claim.ended = 503, story.history.events[-1].at - 4
    claim.sent = claim.ended - 4
    story.wait_ended(wait, "failed")
    assert story.violations() == ["a wait that nobody asked for"]
    story.history.outages.append((claim.sent, claim.ended + 6))
    assert story.violations() == []
