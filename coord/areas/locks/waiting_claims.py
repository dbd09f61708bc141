"""The claims that wait in this process, and which of them a change wakes.

That is judged in the watcher's thread. Of those that conflict only the first is woken, so a release
in front of a hundred waiters costs one try: the first of all at once, the first of each other
process when nothing has happened for a little while, in case what it knows of those ahead is out of
date. Who waits, and in which order, is in the database; what is kept here only says whom to wake.
"""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from coord.areas.locks.resources import canonical
from coord.areas.locks.terms import Begun, Blocked, ClaimTerms
from coord.live import Subscription
from coord.store import Row

CONCERNS_NOBODY = (  # whoever begins to wait is behind all that wait already
    "lock.waiting", "lock.refused", "lock.upgraded",
    "session.announced", "session.heartbeat", "session.active",
    "session.waiting", "session.wait_ended", "session.ended",
)  # fmt: skip
RENEWED = "lock.renewed"  # which opens nothing, unless its holder has it for less time now
NOT_URGENT = ("lock.claimed",)  # it frees nothing: it only says whose end to wait for now
OPEN_NOTHING = frozenset({*CONCERNS_NOBODY, *NOT_URGENT, RENEWED})
NOT_URGENT_S = 0.1
MAX_NOT_URGENT_S = 0.5  # however much happens meanwhile


@dataclass(eq=False)
class WaitingClaim:
    """A claim that waits in this process, and what it was last seen to wait for.

    `waiter_id`: None before it has begun to wait, and `revision`: where it stands in the line.
    `ahead`: the waiters that go first; `holders`: the sessions whose locks are in its way. `ended`:
    the waiters whose wait has ended since the try that is under way began; None between two.
    `urgent`: it may be its turn, so it is to be tried at once. `must_look`: what it waits for is
    not known. `opens_at`: when the first lock in its way ends by itself, of time.monotonic().
    """

    terms: ClaimTerms
    subscription: Subscription | None = None
    waiter_id: str | None = None
    revision: int = 0
    ahead: frozenset[str] = frozenset()
    ended: set[str] | None = field(default_factory=set)
    holders: frozenset[str] = frozenset()
    urgent: bool = False
    must_look: bool = False
    opens_at: float = math.inf

    def note(self, blocked: Blocked) -> None:
        """What it waits for now."""
        self._note_conflicts(blocked)
        self._note_ahead(row["waiter_id"] for row in blocked.ahead)

    def note_begun(self, begun: Begun, blocked: Blocked | None) -> None:
        """Where it waits, and for what, as far as that is known."""
        self.revision = begun.revision
        if blocked is not None and begun.may_be_waited_for:
            self.note(blocked)
            return
        if blocked is not None:
            self._note_conflicts(blocked)
        self._note_ahead(begun.ahead)
        self.must_look = blocked is None and (begun.may_be_waited_for or self.is_first())

    def _note_conflicts(self, blocked: Blocked) -> None:
        self.holders = frozenset(lock["session_id"] for lock in blocked.conflicts)
        ends = [lock["expires_at"] for lock in blocked.conflicts if lock["expires_at"] is not None]
        if self.terms.take_over_stale:
            ends += [lock["stale_at"] for lock in blocked.conflicts]
        opens_in = (min(ends) - blocked.now).total_seconds() + 0.001 if ends else math.inf
        self.opens_at = time.monotonic() + max(0.001, opens_in)

    def _note_ahead(self, waiter_ids: Iterable[str]) -> None:
        with _changing:
            self.ahead = frozenset(waiter_ids) - (self.ended or set())
            self.ended = None
            if self.ahead:  # what seemed to make it urgent was of a time when one of them was there
                self.urgent = False

    def is_concerned(self, entry: Row) -> bool:
        """Whether the journal's entry may have opened the way, or moved the time at which it
        opens."""
        self._note_ended(entry)
        if not self._may_concern(entry):
            return False
        if entry["type"] == "lock.released":
            self.holders -= {entry["data"].get("holder", entry["session_id"])}
        if not self.is_first():
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
        with _changing:
            self.ahead -= {waiter_id}
            if self.ended is not None:
                self.ended.add(waiter_id)

    def _may_concern(self, entry: Row) -> bool:
        type_, data = entry["type"], entry["data"]
        if type_ in CONCERNS_NOBODY or (type_ == RENEWED and not data.get("shortened")):
            return False
        if entry["subject_kind"] == "session":
            return entry["subject_id"] in self.holders  # it is gone: its locks are stale
        if entry["project_key"] != self.terms.project_key:
            return False
        names = data.get("resources") or [data["resource"]]
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
        """Until it is worth another try: at once when it may be its turn or that is not known, when
        the lock in its way ends, or when nothing has happened for a little while after somebody
        else got it, or may get it first in another process. Whether it may be its turn.

        `until`: of time.monotonic(). Raises what `Subscription.wait` raises.
        """
        assert self.subscription is not None
        if not self.must_look:
            while self.subscription.wait(min(until, self._opens_at())):
                if self.is_first():
                    self._let_others_try(self.subscription, until)
                    break
        is_urgent, self.urgent = self.urgent and not self.must_look, False
        self.must_look = False
        self.begin_try()
        return is_urgent

    def _opens_at(self) -> float:
        """Those ahead of it in this process see to it that they are told."""
        return self.opens_at if self.is_first() else math.inf

    def _let_others_try(self, subscription: Subscription, until: float) -> None:
        """Those in other processes, unless it may be its turn."""
        at_the_latest = min(until, time.monotonic() + MAX_NOT_URGENT_S)
        while not self.urgent and subscription.wait(
            min(at_the_latest, time.monotonic() + NOT_URGENT_S)
        ):
            pass

    def begin_try(self) -> None:
        """From now on it is kept who ends: what is about to be read may not show it yet."""
        self.ended = set()

    def names(self) -> list[tuple[str, str]]:
        return [(self.terms.project_key, request.resource.key) for request in self.terms.requests]


_waiting: dict[str, WaitingClaim] = {}
_wanted: defaultdict[tuple[str, str], set[WaitingClaim]] = defaultdict(set)  # by what they want
_changing = threading.Lock()


def is_waited_for(terms: ClaimTerms) -> bool:
    """Whether a claim waits here for something of these very names."""
    return any((terms.project_key, request.resource.key) in _wanted for request in terms.requests)


def is_behind_another(terms: ClaimTerms) -> bool:
    """Whether it would have to wait behind a claim that waits here for something of these very
    names: whatever holds that up is in its way too.

    Not where its session holds what the other waits for, nor where it may have been granted before.
    """
    if terms.may_be_repeated:
        return False
    names = [(terms.project_key, request.resource.key) for request in terms.requests]
    with _changing:
        others = [
            claim
            for name in names
            for claim in _wanted.get(name, ())
            if claim.terms.session_id != terms.session_id
            and "exclusive" in (claim.terms.mode, terms.mode)
        ]
    return bool(others) and not any(terms.session_id in claim.holders for claim in others)


def add(claim: WaitingClaim, waiter_id: str) -> None:
    claim.waiter_id, claim.ahead = waiter_id, frozenset()
    claim.begin_try()
    with _changing:
        _waiting[waiter_id] = claim
        for name in claim.names():
            _wanted[name].add(claim)


def remove(waiter_id: str, *, urgent: bool) -> None:
    """It is in nobody's way here any more: those who are first now try for themselves. May be
    repeated."""
    with _changing:
        removed = _waiting.pop(waiter_id, None)
        if removed is None:
            return
        for name in removed.names():
            _wanted[name].discard(removed)
            if not _wanted[name]:
                del _wanted[name]
        next_ones = [
            claim for claim in _waiting.values() if waiter_id in claim.ahead and claim.is_first()
        ]
        for claim in next_ones:
            claim.ahead -= {waiter_id}
    for claim in next_ones:
        claim.wake(urgent=urgent)
