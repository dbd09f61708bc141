"""The claims that wait in this process, and which of them a change wakes.

That is judged in the watcher's thread. Of those that conflict only the first is woken, so a release
in front of a hundred waiters costs one try: the first of all at once, the first of each other
process a little later, in case what it knows of those ahead is out of date. Who waits, and in which
order, is in the database; what is kept here only says whom to wake.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from coord.areas.locks.resources import canonical
from coord.areas.locks.terms import Blocked, ClaimTerms
from coord.live import Subscription
from coord.store import Row

CONCERNS_NOBODY = ("lock.waiting",)  # whoever begins to wait is behind all that wait already
NOT_URGENT = ("lock.claimed",)  # it frees nothing: it only says whose end to wait for now
OPEN_NOTHING = frozenset({*CONCERNS_NOBODY, *NOT_URGENT})
NOT_URGENT_S = 0.1


@dataclass(eq=False)
class WaitingClaim:
    """A claim that waits in this process, and what it was last seen to wait for.

    `waiter_id`: None before it has begun to wait, and `revision`: where it stands in the line.
    `ahead`: the waiters that go first; `holders`: the sessions whose locks are in its way. `ended`:
    the waiters whose wait has ended since the try that is under way began; None between two.
    `urgent`: it may be its turn, so it is to be tried at once.
    """

    terms: ClaimTerms
    subscription: Subscription | None = None
    waiter_id: str | None = None
    revision: int = 0
    ahead: frozenset[str] = frozenset()
    ended: set[str] | None = field(default_factory=set)
    holders: frozenset[str] = frozenset()
    urgent: bool = False

    def note(self, blocked: Blocked) -> None:
        """What it waits for now."""
        self.ahead = frozenset(row["waiter_id"] for row in blocked.ahead) - (self.ended or set())
        self.ended = None
        self.holders = frozenset(lock["session_id"] for lock in blocked.conflicts)

    def is_concerned(self, entry: Row) -> bool:
        """Whether the journal's entry may have opened the way, or moved the time at which it
        opens."""
        self._note_ended(entry)
        if not self._may_concern(entry) or not self.is_first():
            return False
        self.urgent |= entry["type"] not in NOT_URGENT and not self.ahead
        return True

    def _note_ended(self, entry: Row) -> None:
        """A waiter that was granted its claim, or waits no longer, is ahead of nobody."""
        if entry["type"] == "lock.wait_ended":
            self._forget(entry["subject_id"])
        elif entry["type"] == "lock.claimed" and "waiter" in entry["data"]:
            self._forget(entry["data"]["waiter"])

    def _forget(self, waiter_id: str) -> None:
        if waiter_id in self.ahead:
            self.ahead -= {waiter_id}
        if (ended := self.ended) is not None:
            ended.add(waiter_id)

    def _may_concern(self, entry: Row) -> bool:
        if entry["subject_kind"] == "session":
            return entry["session_id"] in self.holders
        if entry["project_key"] != self.terms.project_key or entry["type"] in CONCERNS_NOBODY:
            return False
        names = entry["data"].get("resources") or [entry["data"]["resource"]]
        return any(
            request.resource.overlaps(canonical(name))
            for request in self.terms.requests
            for name in names
        )

    def is_first(self) -> bool:
        """Whether none of those ahead of it waits in this process: they would have to go first."""
        return not any(waiter_id in _waiting for waiter_id in self.ahead)

    def wake(self, *, urgent: bool) -> None:
        self.urgent |= urgent and not self.ahead
        if self.subscription is not None:
            self.subscription.wake()

    def wait(self, until: float) -> bool:
        """Until it is worth another try: at once when it may be its turn, a little later when
        somebody else got it, or may get it first in another process. Whether it may be its turn.

        `until`: of time.monotonic(). Raises what `Subscription.wait` raises.
        """
        assert self.subscription is not None
        if self.subscription.wait(until):
            at_the_latest = min(until, time.monotonic() + NOT_URGENT_S)
            while not self.urgent and self.subscription.wait(at_the_latest):
                pass
        is_urgent, self.urgent = self.urgent, False
        self.begin_try()
        return is_urgent

    def begin_try(self) -> None:
        """From now on it is kept who ends: what is about to be read may not show it yet."""
        self.ended = set()

    def names(self) -> list[tuple[str, str]]:
        return [(self.terms.project_key, request.resource.key) for request in self.terms.requests]


_waiting: dict[str, WaitingClaim] = {}
_wanted: Counter[tuple[str, str]] = Counter()  # names that are waited for here
_changing = threading.Lock()


def is_waited_for(terms: ClaimTerms) -> bool:
    """Whether a claim waits here for something of these very names."""
    return any((terms.project_key, request.resource.key) in _wanted for request in terms.requests)


def add(claim: WaitingClaim, waiter_id: str) -> None:
    claim.waiter_id, claim.ahead = waiter_id, frozenset()
    claim.begin_try()
    with _changing:
        _waiting[waiter_id] = claim
        _wanted.update(claim.names())


def remove(waiter_id: str, *, urgent: bool) -> None:
    """It is in nobody's way here any more: those who are first now try for themselves. May be
    repeated."""
    with _changing:
        removed = _waiting.pop(waiter_id, None)
        if removed is None:
            return
        _wanted.subtract(removed.names())
        for name in removed.names():
            if not _wanted[name]:
                del _wanted[name]
        next_ones = [
            claim for claim in _waiting.values() if waiter_id in claim.ahead and claim.is_first()
        ]
    for claim in next_ones:
        claim.ahead -= {waiter_id}
        claim.wake(urgent=urgent)
