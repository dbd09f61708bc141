"""A claim that waits: it stands in the line, and tries again whenever something has changed that it waits for.

Which changes these are is judged in the watcher's thread, for all that wait in this process: only the first of those that conflict tries,
so a release in front of a hundred waiters costs one look. The line itself is in the database; what is kept here only says whom to wake.
"""

import logging
import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from coord.areas.locks import deadlock, line, repository
from coord.areas.locks.errors import Deadlock, LockHeld
from coord.areas.locks.repository import Blocked, Granted, OutOfLine
from coord.areas.locks.resources import canonical
from coord.errors import Stopping
from coord.ids import new_id
from coord.live import ClientHungUp, Subscription, processes, subscribe
from coord.store import Row, Rows, read, transact, transact_optimistically

log = logging.getLogger(__name__)


NO_NEWS = ("lock.queued",)  # who enters the line stands behind all that are in it
NO_HURRY = ("lock.claimed",)  # it opens no way: it only says whose end to wait for now
UNHURRIED_S = 0.1
FOR_UPKEEP = 1000  # waits that could not leave the line, kept for another try


@dataclass(eq=False)
class _Standing:
    """A waiting claim of this process, and what it was last seen to wait for."""

    claims: Rows
    project_key: str
    wait_id: str = field(default_factory=new_id)
    place: int = 0
    waiter: Subscription | None = None
    ahead: frozenset[str] = frozenset()
    holders: frozenset[str] = frozenset()
    hurry: bool = False
    in_line: bool = False

    def concerns(self, entry: Row) -> bool:
        """Whether the entry may have opened the way, or moved the time at which it opens."""
        if not self._is_about(entry) or not self.is_first():
            return False
        self.hurry |= entry["type"] not in NO_HURRY
        return True

    def _is_about(self, entry: Row) -> bool:
        if entry["subject_kind"] == "session":
            return entry["session_id"] in self.holders
        if entry["project_key"] != self.project_key or entry["type"] in NO_NEWS:
            return False
        names = entry["data"].get("resources") or [entry["data"]["resource"]]
        return any(each["canonical"].meets(canonical(name)) for each in self.claims for name in names)

    def is_first(self) -> bool:
        """Whether none of those in front of it waits in this process: they would have to go first."""
        return not any(each in _standing for each in self.ahead)

    def names(self) -> list[tuple[str, str]]:
        return [(self.project_key, each["canonical"].key) for each in self.claims]

    def look_soon(self, *, hurry: bool) -> None:
        self.hurry |= hurry
        if self.waiter is not None:
            self.waiter.wake()

    def wait(self, until: float) -> None:
        """Until it is worth while to look again: at once when the way may be open, a little later when somebody else got it."""
        assert self.waiter is not None
        if self.waiter.wait(until) and not self.hurry:
            self.waiter.wait(min(until, time.monotonic() + UNHURRIED_S))
        self.hurry = False


_standing: dict[str, _Standing] = {}
_wanted: Counter[tuple[str, str]] = Counter()
_lock = threading.Lock()
_left_behind: set[str] = set()


def claim(claims: Rows, terms: Row, seconds: float) -> Granted:
    """The claim, granted at once or when its turn comes. Raises LockHeld at the end of the time, Deadlock, ClientHungUp and Stopping."""
    outcome = _stand_in_line(claims, terms, seconds) if seconds else _try(claims, terms)
    if isinstance(outcome, Blocked):
        raise LockHeld(outcome.conflicts, outcome.ahead, outcome.behind, outcome.now)
    return outcome


def _try(claims: Rows, terms: Row) -> Granted | Blocked:
    """Most claims meet nothing; what others wait for is looked at first."""
    if any((terms["project_key"], each["canonical"].key) in _wanted for each in claims):
        outcome = transact(repository.claim, claims, terms)
    else:
        outcome = transact_optimistically(lambda: repository.grant(claims, terms), repository.claim, claims, terms)
    assert not isinstance(outcome, OutOfLine), "only a try of a waiting claim can be out of the line"
    return outcome


def _stand_in_line(claims: Rows, terms: Row, seconds: float) -> Granted | Blocked:
    """Listens before it looks: what opens the way between the look and the line is heard."""
    until = time.monotonic() + seconds
    own = _Standing(claims, terms["project_key"])
    with subscribe(own.concerns, "lock", "wait", "session") as waiter:
        own.waiter = waiter
        outcome = _try(claims, terms)
        if waiter is None or isinstance(outcome, Granted):
            return outcome
        try:
            return _take_turns(own, terms, outcome, until)
        except ClientHungUp:
            _leave(own, "hung_up")
            raise
        except Deadlock:
            _leave(own, "deadlock")
            raise
        except Stopping:  # all of this process leave at once: it says itself that it is no more
            raise
        except Exception:
            _leave(own, "failed")
            raise
        finally:
            _stand_down(own, hurry=False)


def _take_turns(own: _Standing, terms: Row, outcome: Granted | Blocked | OutOfLine, until: float) -> Granted | Blocked:
    """From a look that was in vain on."""
    _enter(own, terms, until)
    while not isinstance(outcome, Granted):
        if isinstance(outcome, OutOfLine):
            _enter(own, terms, until)
            until_opens = 0.0
        else:
            own.ahead = frozenset(row["wait_id"] for row in outcome.ahead)
            own.holders = frozenset(row["session_id"] for row in outcome.conflicts)
            if time.monotonic() >= until:
                _leave(own, "timed_out")
                return outcome
            until_opens = _opens_in(outcome, terms) if own.is_first() else math.inf
        own.wait(min(until, time.monotonic() + until_opens))
        outcome = transact(repository.claim, own.claims, terms, (own.wait_id, own.place))
    return outcome


def _enter(own: _Standing, terms: Row, until: float) -> None:
    """To the end of the line. Raises Deadlock when that closes a circle."""
    processes.renew_lease()
    _stand_down(own, hurry=False)
    own.wait_id, own.ahead = new_id(), frozenset()
    wait_us = max(0, round((until - time.monotonic()) * 1_000_000))
    with _lock:
        _standing[own.wait_id] = own
        _wanted.update(own.names())
    own.in_line = True  # from now on: also when the answer of the database is lost
    asked = (own.claims, terms, own.wait_id, wait_us)
    own.place = transact_optimistically(lambda: line.enter(*asked), line.enter_once, *asked)
    found = read(deadlock.cycle, own.wait_id)
    if found is not None:
        raise Deadlock(found)


def _opens_in(blocked: Blocked, terms: Row) -> float:
    """Seconds until the first lock in the way ends by itself."""
    ends: list[datetime] = [lock["expires_at"] for lock in blocked.conflicts if lock["expires_at"] is not None]
    if terms["take_over_stale"]:
        ends += [lock["stale_at"] for lock in blocked.conflicts]
    return max(0.001, (min(ends) - blocked.now).total_seconds() + 0.001) if ends else math.inf


def _leave(own: _Standing, reason: str) -> None:
    """Out of the line; left to upkeep when the database is away."""
    if own.in_line:
        _stand_down(own, hurry=True)
        _leave_as(own.wait_id, reason)


def _leave_as(wait_id: str, reason: str) -> None:
    try:
        transact(line.leave, [wait_id], reason)
        _left_behind.discard(wait_id)
    except Exception as error:
        log.info("a wait could not leave the line yet: %s", error)
        if len(_left_behind) < FOR_UPKEEP:
            _left_behind.add(wait_id)


def _stand_down(own: _Standing, *, hurry: bool) -> None:
    """No longer in anybody's way here: those who are now first in this process look for themselves."""
    with _lock:
        if _standing.pop(own.wait_id, None) is None:
            return
        _wanted.subtract(own.names())
        for name in own.names():
            if not _wanted[name]:
                del _wanted[name]
        behind = [each for each in _standing.values() if own.wait_id in each.ahead and each.is_first()]
    for each in behind:
        each.look_soon(hurry=hurry)


def leave_behind_no_longer() -> None:
    """Upkeep: what could not leave the line when the database was away."""
    for wait_id in list(_left_behind):
        _leave_as(wait_id, "failed")
