"""The claims that wait in this process, and which of them a change wakes.

That is judged in the watcher's thread. Of those that conflict only the first is woken, so a release
in front of a hundred waiters costs one try: the first of all at once, the first of each other
process when nothing has happened for a little while, in case what it knows of those ahead is out of
date. Who waits, and in which order, is in the database; what is kept here only says whom to wake.
"""

import contextvars
import math
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from coord.areas.locks.resources import Resource, canonical
from coord.areas.locks.terms import Ahead, Begun, Blocked, ClaimTerms, Granted
from coord.live import Subscription
from coord.store import Row, journal

T = TypeVar("T")

CONCERNS_NOBODY = (  # whoever begins to wait is behind all that wait already
    "lock.waiting", "lock.refused", "lock.upgraded",
    "session.announced", "session.heartbeat", "session.active",
    "session.waiting", "session.wait_ended", "session.ended",
)  # fmt: skip
RENEWED = "lock.renewed"  # which opens nothing, unless its holder has it for less time now
NOT_URGENT = ("lock.claimed",)  # it frees nothing: it only says whose end to wait for now
NEXT_CALLED = "next_called"  # in place of a release: who is to have the lock next was called
OPEN_NOTHING = frozenset({*CONCERNS_NOBODY, *NOT_URGENT, RENEWED, NEXT_CALLED})
NOT_URGENT_S = 0.1
MAX_NOT_URGENT_S = 0.5  # however much happens meanwhile
MAX_REMEMBERED = 4096  # locks; the oldest are forgotten


@dataclass(eq=False)
class WaitingClaim:
    """A claim that waits in this process, and what it was last seen to wait for.

    `waiter_id`: None before it has begun to wait, and `revision`: where it stands in the line.
    `ahead`: the waiters that go first; `holders`: the sessions whose locks are in its way. `ended`:
    the waiters whose wait has ended since the try that is under way began; None between two.
    `urgent`: it may be its turn, so it is to be tried at once. `must_look`: what it waits for is
    not known. `opens_at`: when the first lock in its way ends by itself, of time.monotonic().
    `looks_at`: when it is tried all the same, since something has happened at `noticed_at` that may
    have opened the way. `rests`: between two tries. `granted`: by whoever released what it waits
    for. `context`: of its call.
    """

    terms: ClaimTerms
    subscription: Subscription | None = None
    waiter_id: str | None = None
    revision: int = 0
    ahead: Mapping[str, Ahead] = field(default_factory=dict)
    ended: set[str] | None = field(default_factory=set)
    holders: frozenset[str] = frozenset()
    urgent: bool = False
    must_look: bool = False
    opens_at: float = math.inf
    looks_at: float = math.inf
    noticed_at: float = math.inf
    rests: bool = False
    granted: Granted | None = None
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    def note(self, blocked: Blocked) -> None:
        """What it waits for now."""
        self._note_conflicts(blocked)
        self._note_ahead(
            {row["waiter_id"]: Ahead(row["revision"], row["mode"]) for row in blocked.ahead}
        )

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

    def _note_ahead(self, ahead: Mapping[str, Ahead]) -> None:
        with _changing:
            self.ahead = _without(ahead, self.ended or set())
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
        if not self.is_first() or self.granted is not None or entry["subject_id"] in _handed_on:
            return False
        self.urgent |= entry["type"] not in NOT_URGENT and not self.ahead
        return self._notice() or self.urgent

    def is_called(self, news: AbstractSet[str]) -> bool:
        """Whether somebody released what it waits for, and called it: it is to be tried at once."""
        if self.waiter_id is None or turn_of(self.waiter_id) not in news:
            return False
        self.urgent = True
        return True

    def _notice(self) -> bool:
        """It is to be tried when nothing more has happened for a little while. Whether it has to
        be woken for that: it may rest until then already."""
        now, slept_on = time.monotonic(), self.looks_at == math.inf
        if slept_on:
            self.noticed_at = now
        self.looks_at = min(now + NOT_URGENT_S, self.noticed_at + MAX_NOT_URGENT_S)
        return slept_on

    def _note_ended(self, entry: Row) -> None:
        """A waiter that was granted its claim, or waits no longer, is ahead of nobody."""
        if entry["type"] == "lock.wait_ended":
            self._forget(entry["subject_id"])
        elif entry["type"] == "lock.claimed" and "waiter" in entry["data"]:
            self._forget(entry["data"]["waiter"])

    def _forget(self, waiter_id: str) -> None:
        with _changing:
            self.ahead = _without(self.ahead, {waiter_id})
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
        if (self._notice() or self.urgent) and self.subscription is not None:
            self.subscription.wake()

    def wait(self, until: float) -> bool:
        """Until it is worth another try: at once when it may be its turn or that is not known, when
        the lock in its way ends, or when nothing has happened for a little while after somebody
        else got it, or may get it first in another process. Whether it may be its turn.

        `until`: of time.monotonic(). Raises what `Subscription.wait` raises.
        """
        assert self.subscription is not None
        self.rests = True
        try:
            while not self.must_look:
                self.subscription.wait(self._rests_until(until))
                if time.monotonic() >= self._rests_until(until):
                    break
        except Exception:
            if self.granted is None:  # else it is answered, as is who is granted it by its own try
                raise
        finally:
            self.rests = False
        is_urgent, self.urgent = self.urgent and not self.must_look, False
        self.must_look = False
        self.begin_try()
        return is_urgent

    def _rests_until(self, until: float) -> float:
        if self.urgent or self.granted is not None:
            return 0.0
        return min(until, self.looks_at, self._opens_at())

    def _opens_at(self) -> float:
        """Those ahead of it in this process see to it that they are told."""
        return self.opens_at if self.is_first() else math.inf

    def begin_try(self) -> None:
        """From now on it is kept who ends: what is about to be read may not show it yet."""
        self.ended, self.looks_at = set(), math.inf

    def wants_alone(self, resource: Resource) -> bool:
        """Whether it wants to have this alone and nothing else."""
        return self.terms.mode == "exclusive" and [
            request.resource for request in self.terms.requests
        ] == [resource]

    def may_be_granted(self) -> bool:
        """Whether nothing is known that is held against it, but for those ahead of it."""
        return (
            (self.rests and not self.urgent and self.granted is None)
            and self.subscription is not None
            and self.subscription.goes_on()
        )

    def names(self) -> list[tuple[str, str]]:
        return [(self.terms.project_key, request.resource.key) for request in self.terms.requests]


def _without(ahead: Mapping[str, Ahead], waiter_ids: AbstractSet[str]) -> Mapping[str, Ahead]:
    if ahead.keys().isdisjoint(waiter_ids):
        return ahead
    return {waiter_id: other for waiter_id, other in ahead.items() if waiter_id not in waiter_ids}


_waiting: dict[str, WaitingClaim] = {}
_wanted: defaultdict[tuple[str, str], set[WaitingClaim]] = defaultdict(set)  # by what they want
_granted: dict[str, "_Granted"] = {}  # of the locks that were granted here
_handed_on: dict[str, None] = {}  # locks whose release here granted it to the next
_called: set[str] = set()  # the waiters that a call is behind, from before their rows until after
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
    claim.begin_try()
    with _changing:
        claim.waiter_id, claim.revision = waiter_id, 0
        claim.ahead, claim.granted = {}, None
        _called.add(waiter_id)
        _waiting[waiter_id] = claim
        for name in claim.names():
            _wanted[name].add(claim)


def remove(waiter_id: str, *, urgent: bool) -> None:
    """It is in nobody's way here any more: those who are first now try for themselves. May be
    repeated."""
    with _changing:
        if _take_out(waiter_id) is None:
            return
        next_ones = [claim for claim in _behind(waiter_id) if claim.is_first()]
        for claim in next_ones:
            claim.ahead = _without(claim.ahead, {waiter_id})
    for claim in next_ones:
        claim.wake(urgent=urgent)


def _take_out(waiter_id: str) -> WaitingClaim | None:
    taken = _waiting.pop(waiter_id, None)
    for name in taken.names() if taken is not None else ():
        _wanted[name].discard(taken)
        if not _wanted[name]:
            del _wanted[name]
    return taken


def _behind(waiter_id: str) -> list[WaitingClaim]:
    return [claim for claim in _waiting.values() if waiter_id in claim.ahead]


class _Granted(NamedTuple):
    """What a lock is on, and since which revision its holder had waited for it; 0: it had not."""

    project_key: str
    resource: Resource
    since: int


def remember_grant(terms: ClaimTerms, since: int = 0) -> None:
    """Remembers what the claim was granted, for its release here. Only exclusive claims of one
    resource: of others somebody else may still be in the way. `since`: where it stood in the line.
    """
    if terms.mode != "exclusive" or len(terms.requests) > 1:
        return
    (request,) = terms.requests
    with _changing:
        _keep(_granted, request.id, _Granted(terms.project_key, request.resource, since))


def _keep(kept: dict[str, T], lock_id: str, value: T) -> None:
    if len(kept) >= MAX_REMEMBERED:
        del kept[next(iter(kept))]
    kept[lock_id] = value


def next_for(lock_id: str) -> WaitingClaim | str | None:
    """Who may have what this lock is on with its release, as far as is known: a claim that waits
    here, or the waiter of one that waits in another process. The guards of the grant decide.

    Those who stood before the holder itself have gone, though that may not be known here yet.
    """
    granted = _granted.get(lock_id)
    if granted is None:
        return None
    with _changing:
        line = [
            claim
            for claim in _wanted.get((granted.project_key, granted.resource.key), ())
            if claim.revision
        ]
    first = min(line, key=lambda claim: claim.revision, default=None)
    if first is None or not first.wants_alone(granted.resource):
        return None
    ahead = {
        waiter_id: other
        for waiter_id, other in first.ahead.items()
        if other.revision > granted.since
    }
    if not ahead:
        return first if first.may_be_granted() else None
    waiter_id, other = min(ahead.items(), key=lambda item: item[1].revision)
    # of a tree others may go too, and who would share it does not want it alone
    is_only_one = other.mode == "exclusive" and not granted.resource.tree
    return waiter_id if is_only_one and waiter_id not in _waiting else None


def turn_of(waiter_id: str) -> str:
    """The word that calls the claim with this waiter, on the bell."""
    return journal.topic("turn", waiter_id)


def give(claim: WaitingClaim, waiter_id: str, lock_id: str, granted: Granted) -> None:
    """The claim was granted in the change that released this lock. That is nothing to those behind
    it, who wait for its own release now."""
    with _changing:
        if claim.waiter_id != waiter_id:  # it waits anew, and finds out what it holds
            return
        claim.granted = granted
        _take_out(waiter_id)
        _keep(_handed_on, lock_id, None)
        behind = _behind(waiter_id)
        for other in behind:
            other.ahead = _without(other.ahead, {waiter_id})
    remember_grant(claim.terms, claim.revision)
    if claim.subscription is not None:
        claim.subscription.wake()
    for other in behind:
        if other.is_first():
            other.wake(urgent=False)


def leave(waiter_id: str) -> None:
    """No call is behind it any more: a row that it has, or that comes late, is in others' way for
    nothing. May be repeated."""
    remove(waiter_id, urgent=False)
    _called.discard(waiter_id)


def has_call(waiter_id: str) -> bool:
    """Whether a call of this process is behind it."""
    return waiter_id in _called
