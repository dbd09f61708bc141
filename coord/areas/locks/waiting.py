"""A claim, at once or by waiting: it is tried, waits, and is tried again when something that it
waits for has changed."""

import logging
import time

from coord.areas.locks import deadlock, refusals, repository, waiting_claims
from coord.areas.locks.errors import Deadlock, LockHeld
from coord.areas.locks.terms import Blocked, ClaimOutcome, ClaimTerms, Granted
from coord.areas.locks.waiting_claims import WaitingClaim
from coord.errors import Stopping
from coord.ids import new_id
from coord.live import ClientHungUp, presence, processes, subscribe
from coord.store import read, transact, transact_optimistically

log = logging.getLogger(__name__)

_REASONS: dict[type[Exception], str] = {ClientHungUp: "hung_up", Deadlock: "deadlock"}


def claim(terms: ClaimTerms, seconds: float) -> Granted:
    """The claim, granted at once or when its turn comes.

    Raises LockHeld at the end of the time, Deadlock, IdConflict, ClientHungUp and Stopping.
    """
    outcome = _claim_or_wait(terms, seconds) if seconds else _claim_at_once(terms)
    if isinstance(outcome, Blocked):
        if not seconds:
            refusals.note(terms, outcome)
        raise LockHeld(outcome, _state_of_holder(outcome))
    return outcome


def _state_of_holder(blocked: Blocked) -> str | None:
    """What the holder in the way reports: one read, for a claim that is refused."""
    if not blocked.conflicts:
        return None
    return read(presence.reported_state, blocked.conflicts[0]["session_id"])


def _claim_at_once(terms: ClaimTerms) -> ClaimOutcome:
    """Most claims meet nothing, so the grant is tried first, in one packet; not where it would
    fail."""
    if waiting_claims.is_waited_for(terms):
        outcome = transact(repository.claim, terms)
    else:
        outcome = transact_optimistically(lambda: repository.grant(terms), repository.claim, terms)
    _know(terms, outcome)
    return outcome


def _know(terms: ClaimTerms, outcome: ClaimOutcome, since: int = 0) -> None:
    """`since`: where the claim stood in the line."""
    if isinstance(outcome, Granted) and outcome.created:
        waiting_claims.remember_grant(terms, since)


def _claim_or_wait(terms: ClaimTerms, seconds: float) -> ClaimOutcome:
    """Subscribes before the first try: what is freed between that and the wait is noticed. Who
    would stand behind another of this process need not try first."""
    until = time.monotonic() + seconds
    waiting_claim = WaitingClaim(terms)
    blocked: Blocked | None = None
    with subscribe(
        waiting_claim.is_concerned,
        "lock",
        "waiter",
        "session",
        in_time=waiting_claims.OPEN_NOTHING,
        until=until,
    ) as waiting_claim.subscription:
        if waiting_claim.subscription is not None:
            waiting_claim.subscription.is_called = waiting_claim.is_called
        if waiting_claim.subscription is None or not waiting_claims.is_behind_another(terms):
            outcome = _claim_at_once(terms)
            if isinstance(outcome, Granted) or waiting_claim.subscription is None:
                return outcome
            blocked = outcome
        return _wait(waiting_claim, blocked, until)


def _wait(waiting_claim: WaitingClaim, blocked: Blocked | None, until: float) -> ClaimOutcome:
    """Waits, after a try that was in vain or without one. However that ends, it waits no longer
    then."""
    try:
        return _take_turns(waiting_claim, blocked, until)
    except Stopping:
        raise  # this process says itself that it is no more, which ends all its waits at once
    except Exception as error:
        _end(waiting_claim, _REASONS.get(type(error), "failed"))
        raise
    finally:
        if waiting_claim.waiter_id is not None:
            waiting_claims.leave(waiting_claim.waiter_id)


def _take_turns(waiting_claim: WaitingClaim, blocked: Blocked | None, until: float) -> ClaimOutcome:
    """Waits and tries by turns, once at least."""
    _begin(waiting_claim, until, blocked)
    outcome: ClaimOutcome | None = blocked
    while not isinstance(outcome, Granted):
        if outcome is not None and time.monotonic() >= until:
            if not _end(waiting_claim, "timed_out"):  # it was granted just now, or taken for dead
                outcome = _granted_meanwhile(waiting_claim) or outcome
            break
        is_its_turn = waiting_claim.wait(until)
        try:
            outcome = waiting_claim.granted or _try_again(waiting_claim, is_its_turn)
        except repository.NoLongerWaiting:
            outcome = _granted_meanwhile(waiting_claim)
            if outcome is None:  # it begins anew, behind all, and tries at least once
                _begin(waiting_claim, until, None)
            continue
        if isinstance(outcome, Blocked):
            waiting_claim.note(outcome)
    _know(waiting_claim.terms, outcome, waiting_claim.revision)
    return outcome


def _granted_meanwhile(waiting_claim: WaitingClaim) -> Granted | None:
    """By whoever released what it waits for, if that ended its wait."""
    return waiting_claim.granted or read(repository.granted_meanwhile, waiting_claim.terms)


def _try_again(waiting_claim: WaitingClaim, is_its_turn: bool) -> ClaimOutcome:
    """Raises NoLongerWaiting."""
    waiter_id = waiting_claim.waiter_id
    asked = (waiting_claim.terms, waiter_id)
    if not is_its_turn or waiter_id is None:
        return transact(repository.claim, *asked)
    return transact_optimistically(
        lambda: repository.grant_to_waiter(waiting_claim.terms, waiter_id, waiting_claim.revision),
        repository.claim,
        *asked,
    )


def _begin(waiting_claim: WaitingClaim, until: float, blocked: Blocked | None) -> None:
    """Begins to wait, behind all that wait already. Raises Deadlock when that closes a circle.

    `blocked`: what was found in its way just now, if it was tried.
    """
    processes.renew_lease()
    if waiting_claim.waiter_id is not None:
        waiting_claims.leave(waiting_claim.waiter_id)
    waiter_id = new_id()
    waiting_claims.add(waiting_claim, waiter_id)
    wait_us = max(0, round((until - time.monotonic()) * 1_000_000))
    asked = (waiting_claim.terms, waiter_id, wait_us)
    begun = transact_optimistically(
        lambda: repository.waiters.add(*asked), repository.waiters.add_once, *asked
    )
    waiting_claim.note_begun(begun, blocked)
    if begun.may_be_waited_for:
        cycle = read(deadlock.find_cycle, waiting_claim.terms.session_id, waiter_id)
        if cycle is not None:
            raise Deadlock(cycle)


def _end(waiting_claim: WaitingClaim, reason: str) -> bool:
    """Ends the wait, if it has begun. Whether it is known to have ended by this. Left to
    `end_dead_waits` when the database is away."""
    if waiting_claim.waiter_id is None:
        return True
    waiting_claims.remove(waiting_claim.waiter_id, urgent=True)
    try:
        return transact(repository.waiters.end_waits, [waiting_claim.waiter_id], reason)
    except Exception as error:
        log.info("a wait could not be ended yet: %s", error)
        return False
