"""A claim that waits: it stands in the line, and tries again whenever something has changed that it waits for.

Which changes these are is judged in the watcher's thread, for all that wait in this process: only the first of those that conflict tries,
so a release in front of a hundred waiters costs one look. The line itself is in the database; what is kept here only says whom to wake.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coord import processes
from coord.areas.locks import deadlock, line, repository
from coord.areas.locks.errors import Deadlock, LockHeld
from coord.areas.locks.repository import Blocked, Granted, OutOfLine
from coord.areas.locks.resources import canonical
from coord.change import Rows, read, settle
from coord.creation import new_id
from coord.errors import Stopping
from coord.waiting import Entry, HungUp, Waiter, waiting

log = logging.getLogger(__name__)

Row = dict[str, Any]

NO_NEWS = ("lock.queued",)  # who enters the line stands behind all that are in it
FOR_UPKEEP = 1000  # waits that could not leave the line, kept for another try


@dataclass(eq=False)
class _Standing:
    """A waiting claim of this process, and what it was last seen to wait for."""

    claims: Rows
    project_key: str
    wait_id: str = field(default_factory=new_id)
    place: int = 0
    waiter: Waiter | None = None
    ahead: frozenset[str] = frozenset()
    holders: frozenset[str] = frozenset()

    def concerns(self, entry: Entry) -> bool:
        """Whether the entry may have opened the way, or moved the time at which it opens."""
        if entry["subject_kind"] == "session":
            return entry["session_id"] in self.holders and self.is_first()
        if entry["project_key"] != self.project_key or entry["type"] in NO_NEWS or not entry["type"].startswith("lock."):
            return False
        names = entry["data"].get("resources") or [entry["data"]["resource"]]
        if not any(each["canonical"].meets(canonical(name)) for each in self.claims for name in names):
            return False
        return self.is_first()

    def is_first(self) -> bool:
        """Whether none of those in front of it waits in this process: they would have to go first."""
        return not any(each in _standing for each in self.ahead)


_standing: dict[str, _Standing] = {}
_lock = threading.Lock()
_left_behind: set[str] = set()


def claim(claims: Rows, terms: Row, seconds: float) -> Granted:
    """The claim, granted at once or when its turn comes. Raises LockHeld at the end of the time, Deadlock, HungUp and Stopping."""
    until = time.monotonic() + seconds
    outcome = settle(repository.claim, claims, terms, first=lambda: repository.grant(claims, terms))
    if isinstance(outcome, Blocked) and seconds:
        outcome = _stand_in_line(claims, terms, outcome, until)
    if isinstance(outcome, Blocked):
        raise held(outcome)
    granted: Granted = outcome
    return granted


def held(blocked: Blocked) -> LockHeld:
    return LockHeld(blocked.conflicts, blocked.ahead, blocked.behind, blocked.now)


def _stand_in_line(claims: Rows, terms: Row, blocked: Blocked, until: float) -> Granted | Blocked:
    own = _Standing(claims, terms["project_key"])
    with waiting(own.concerns) as waiter:
        if waiter is None:
            return blocked
        own.waiter = waiter
        try:
            return _take_turns(own, terms, until)
        except HungUp:
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
            _stand_down(own)


def _take_turns(own: _Standing, terms: Row, until: float) -> Granted | Blocked:
    assert own.waiter is not None
    _enter(own, terms, until)
    while True:
        outcome: Granted | Blocked | OutOfLine = settle(repository.claim, own.claims, terms, (own.wait_id, own.place))
        if isinstance(outcome, OutOfLine):
            _enter(own, terms, until)
            continue
        if isinstance(outcome, Granted):
            return outcome
        own.ahead = frozenset(row["wait_id"] for row in outcome.ahead)
        own.holders = frozenset(row["session_id"] for row in outcome.conflicts)
        if time.monotonic() >= until:
            _leave(own, "timed_out")
            return outcome
        opens = _opens_in(outcome, terms) if own.is_first() else None
        own.waiter.wait(until if opens is None else min(until, time.monotonic() + opens))


def _enter(own: _Standing, terms: Row, until: float) -> None:
    """To the end of the line. Raises Deadlock when that closes a circle."""
    processes.stay()
    _stand_down(own)
    own.wait_id, own.ahead = new_id(), frozenset()
    wait_us = max(0, round((until - time.monotonic()) * 1_000_000))
    with _lock:
        _standing[own.wait_id] = own
    own.place = settle(lambda look: line.enter(own.claims, terms, own.wait_id, wait_us))
    found = read(deadlock.cycle, own.wait_id)
    if found is not None:
        raise Deadlock(found)


def _opens_in(blocked: Blocked, terms: Row) -> float | None:
    """Seconds until the first lock in the way ends by itself; None when none does."""
    ends: list[datetime] = [lock["expires_at"] for lock in blocked.conflicts if lock["expires_at"] is not None]
    if terms["take_over_stale"]:
        ends += [lock["stale_at"] for lock in blocked.conflicts]
    return max(0.001, (min(ends) - blocked.now).total_seconds() + 0.001) if ends else None


def _leave(own: _Standing, reason: str) -> None:
    """Out of the line; left to upkeep when the database is away."""
    if own.place:
        _stand_down(own)
        _leave_as(own.wait_id, reason)


def _leave_as(wait_id: str, reason: str) -> None:
    try:
        settle(line.leave, [wait_id], reason)
        _left_behind.discard(wait_id)
    except Exception as error:
        log.info("a wait could not leave the line yet: %s", error)
        if len(_left_behind) < FOR_UPKEEP:
            _left_behind.add(wait_id)


def _stand_down(own: _Standing) -> None:
    """No longer in anybody's way here: those who are now first in this process look for themselves."""
    with _lock:
        if _standing.pop(own.wait_id, None) is None:
            return
        behind = [each for each in _standing.values() if own.wait_id in each.ahead and each.is_first()]
    for each in behind:
        if each.waiter is not None:
            each.waiter.wake()


def leave_behind_no_longer() -> None:
    """Upkeep: what could not leave the line when the database was away."""
    for wait_id in list(_left_behind):
        _leave_as(wait_id, "failed")
