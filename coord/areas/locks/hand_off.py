"""A hand-off: the release of a lock and its grant to the first that waits for it. Where that waits
in this process both are one transaction; where it waits in another, the bell calls it by name.

What is known in this process says to whom, and nothing rests on that. The grant has all the guards
that it has when the waiter tries by itself; where they fail, the release stands alone, the journal
tells of it, and who waits tries as ever. One that is called and is not there is missed as soon as
another process reads the journal.

A release does not grant into another process: one that is stopped would hold what it cannot answer
for, and to ask it first would be the change that this saves.
"""

from functools import partial

from coord.areas.locks import repository, waiting_claims
from coord.areas.locks.rows import LockRow
from coord.areas.locks.terms import ClaimOutcome, Granted
from coord.areas.locks.waiting_claims import WaitingClaim
from coord.store import Change, Follower, journal

# Who has it alone now keeps out all whom the lock kept out, so the release opens nothing to others.
SETTLED = frozenset({journal.topic("lock", "lock.released")})
CALLED = journal.topic("lock", waiting_claims.NEXT_CALLED)  # news to all but those who wait for it


def release(lock_id: str, session_id: str) -> Change[LockRow]:
    """The change that releases the lock if the caller holds it."""
    change = repository.release_held(lock_id, session_id)
    next_one = waiting_claims.next_for(lock_id)
    if isinstance(next_one, str):
        change.rung_as = frozenset({CALLED, waiting_claims.turn_of(next_one)})
    elif next_one is not None and next_one.waiter_id is not None:
        grant = repository.grant_to_waiter(next_one.terms, next_one.waiter_id, next_one.revision)
        answer = partial(_answer_waiter, next_one, next_one.waiter_id, lock_id)
        change.follower = Follower(grant, next_one.context, answer, SETTLED)
    return change


def _answer_waiter(
    claim: WaitingClaim, waiter_id: str, lock_id: str, outcome: ClaimOutcome
) -> None:
    assert isinstance(outcome, Granted)
    waiting_claims.give(claim, waiter_id, lock_id, outcome)
