"""Claiming: all that is asked for or nothing, and what stands in the way."""

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import hand_over
from coord.areas.locks.models import LockAlias
from coord.areas.locks.repository import waiters
from coord.areas.locks.repository.blocking import blocking_locks, waiting_on_me
from coord.areas.locks.repository.expiry import expire
from coord.areas.locks.repository.grants import (
    add_grant,
    add_upgrade,
    answer_granted,
    data_of_waiter,
)
from coord.areas.locks.repository.queries import database_now, find_by_id
from coord.areas.locks.repository.renewals import Renewal, add_renewal
from coord.areas.locks.repository.statements import (
    RELEASE_STALE,
    columns,
    held,
    in_order,
    lock_columns,
    lock_event,
    overlapping,
    read_back,
    table,
)
from coord.areas.locks.rows import LockAnswer, LockRow, WaiterRow, lock_as_of_now, resource_of
from coord.areas.locks.terms import (
    Blocked,
    ClaimOutcome,
    ClaimTerms,
    Granted,
    RequestedLock,
)
from coord.ids import must_match
from coord.store import Answer, Change, Decision, Prepared, Reader, journal

_aliases = LockAlias.__table__

_STILL_HELD = Prepared(
    sa.update(table)
    .where(columns.id == param("lock_id"), columns.session_id == param("by"), held(journal.moment))
    .values(id=columns.id)
)
"""Touches one row while the session holds the lock: a guard."""

_ADD_ALIAS = Prepared(sa.insert(_aliases))
_BY_ALIAS = Prepared(
    sa.select(*lock_columns, _aliases.c.digest.label("alias_digest"))
    .join(_aliases, _aliases.c.lock_id == columns.id)
    .where(_aliases.c.id == param("id"))
)


class NoLongerWaiting(Exception):
    """The waiter that a claim is tried for was removed: its process was taken for dead. It has
    to wait anew."""


def claim(db: Reader, terms: ClaimTerms, waiter_id: str | None = None) -> Decision[ClaimOutcome]:
    """Grants all that is asked for or nothing; renews what the caller holds already. Judged by the
    database's clock.

    `waiter_id`: of the waiting claim that this is a try of. Raises IdConflict, and NoLongerWaiting.
    May be repeated: under an id that the caller chose nothing is granted twice.
    """
    granted_before = _granted_before(db, terms) if terms.may_be_repeated else None
    if granted_before is not None:
        return _answer_again(db, granted_before, waiter_id)
    attempt = ClaimAttempt(db, terms, waiter_id)
    for request in terms.requests:
        own = attempt.collect_conflicts(request)
        if own is not None:
            attempt.renew(own, request)
        else:
            attempt.check_waiters(request)
    if attempt.is_blocked:
        # Only this answer may rest on what was read: it changes nothing, and was true a moment ago.
        return Answer(attempt.blocked())
    # That nothing was found in the way does not mean that nothing is: another claim may have
    # committed since. So each step of the change is guarded, and when one fails, `transact` calls
    # this again. Granting "because it was checked above" would grant twice.
    return attempt.granted()


class ClaimAttempt:
    """One try of a claim: what it meets, resource by resource, and the change that it comes to."""

    def __init__(self, db: Reader, terms: ClaimTerms, waiter_id: str | None) -> None:
        self._db = db
        self._terms = terms
        self._waiter_rows = [] if waiter_id is None else waiters.rows_of(db, waiter_id)
        if waiter_id is not None and not self._waiter_rows:
            raise NoLongerWaiting
        self._before = self._waiter_rows[0]["revision"] if self._waiter_rows else waiters.BEHIND_ALL
        self._event_data = {} if waiter_id is None else data_of_waiter(waiter_id)
        self._change: Change[ClaimOutcome] = Change()
        self._ended: set[str] = set()  # locks and waiters that the change ends
        self._succeeded: set[str] = set()  # sessions whose stale locks are taken over
        self._conflicts: dict[str, LockRow] = {}
        self._ahead: dict[tuple[str, int], WaiterRow] = {}
        self._new: list[tuple[RequestedLock, int]] = []  # with the sum of who is passed
        self._lock_ids: list[str] = []

    @property
    def is_blocked(self) -> bool:
        return bool(self._conflicts or self._ahead)

    def collect_conflicts(self, request: RequestedLock) -> LockRow | None:
        """Notes what has expired, takes over what may be, and keeps the rest. The caller's own
        lock of this name."""
        own: LockRow | None = None
        for lock in overlapping(self._db, self._terms.project_key, request.resource):
            if lock["id"] in self._ended:
                continue
            if lock["released_at"] is not None:
                self._ended.add(lock["id"])
                expire(self._change, lock)
            elif lock["session_id"] == self._terms.session_id:
                if resource_of(lock) == request.resource:
                    own = lock
            elif self._terms.mode == lock["mode"] == "shared":
                continue
            elif lock["stale"] and self._terms.take_over_stale:
                self._take_over(lock)
            else:
                self._conflicts[lock["id"]] = lock
        return own

    def _take_over(self, lock: LockRow) -> None:
        by = self._terms.session_id
        self._ended.add(lock["id"])
        self._change.add(RELEASE_STALE, {"lock_id": lock["id"], "by": by}, expect=1)
        holder = lock["session_id"]
        self._change.record(lock_event("lock.taken_over", lock, by, holder=holder))
        if holder not in self._succeeded:
            self._succeeded.add(holder)
            reason = f"you have taken over its lock of '{lock['resource']}'"
            hand_over(self._db, self._change, holder, by, reason)

    def check_waiters(self, request: RequestedLock) -> None:
        """For a resource that is to be granted anew: removes dead waiters ahead, passes those
        that wait for the caller itself, and keeps the rest."""
        session_id = self._terms.session_id
        rows = waiters.ahead(self._db, self._terms.row_of(request), self._before)
        dead = waiters.dead_among(self._db, rows)
        for waiter_id in sorted(dead - self._ended):
            waiters.end_wait(self._db, self._change, waiter_id, "died")
        self._ended |= dead
        alive = [row for row in rows if row["waiter_id"] not in dead]
        passed = waiting_on_me(self._db, alive, session_id)
        for lock_id in sorted(set(passed.values())):
            self._change.add(_STILL_HELD, {"lock_id": lock_id, "by": session_id}, expect=1)
        first = [row for row in alive if row["waiter_id"] not in passed]
        self._ahead |= {(row["waiter_id"], row["nth"]): row for row in first}
        self._new.append(
            (request, sum(row["revision"] for row in alive if row["waiter_id"] in passed))
        )
        self._lock_ids.append(request.id)

    def renew(self, own: LockRow, request: RequestedLock) -> None:
        """The caller holds it already: what the claim leaves out stays as it is."""
        terms = self._terms
        if terms.may_be_repeated and request.id != own["id"]:
            alias = {"id": request.id, "lock_id": own["id"], "digest": request.digest}
            self._change.add(_ADD_ALIAS, alias)
        ttl_hours, description = terms.ttl_hours, terms.description
        if terms.keep_terms:
            ttl_hours = description = None
        renewal = Renewal(
            ttl_hours=own["ttl_hours"] if ttl_hours is None else ttl_hours,
            description=own["description"] if description is None else description,
            stale_us=terms.stale_us,
            observed_at=terms.observed_at,
        )
        add_renewal(self._change, own, renewal, **self._event_data)
        if terms.mode == "exclusive" and own["mode"] == "shared":
            add_upgrade(self._change, own, request.resource, **self._event_data)
        self._lock_ids.append(own["id"])

    def blocked(self) -> Blocked:
        conflicts, ahead = list(self._conflicts.values()), list(self._ahead.values())
        awaited = [] if conflicts else blocking_locks(self._db, ahead[0])
        causes = conflicts or awaited
        return Blocked(
            conflicts, ahead, awaited, causes[0]["now"] if causes else database_now(self._db)
        )

    def granted(self) -> Change[ClaimOutcome]:
        change, terms = self._change, self._terms
        if self._waiter_rows:
            waiters.end_granted(change, self._waiter_rows[0]["waiter_id"], len(self._waiter_rows))
        for request, sum_passed in self._new:  # last: `answer_granted` counts back
            add_grant(
                change,
                terms,
                request,
                before=self._before,
                sum_passed=sum_passed,
                **self._event_data,
            )
        if len(self._new) == len(terms.requests):
            answer_granted(change, terms)
        else:
            ids, created = self._lock_ids, bool(self._new)
            change.answer_with(lambda rows: Granted(in_order(rows, ids), created), *read_back(ids))
        return change


def _granted_before(db: Reader, terms: ClaimTerms) -> list[LockAnswer] | None:
    """The locks that these very ids were granted as before, if they were. Raises IdConflict."""
    locks: list[LockAnswer] = []
    for request in terms.requests:
        lock = find_by_id(db, request.id)
        if lock is not None:
            must_match(lock, request.digest, "lock")
            locks.append(lock)
            continue
        row = db.row(_BY_ALIAS, id=request.id)
        if row is not None:
            must_match({**row, "digest": row["alias_digest"]}, request.digest, "lock")
            locks.append(lock_as_of_now(row))
    return locks if len(locks) == len(terms.requests) else None


def _answer_again(
    db: Reader, locks: list[LockAnswer], waiter_id: str | None
) -> Decision[ClaimOutcome]:
    """The same claim, sent twice, was granted to the other call: this one has nothing to wait
    for any more."""
    change: Change[ClaimOutcome] = Change()
    if waiter_id is not None:
        waiters.end_wait(db, change, waiter_id, "repeated")
    change.answer_with(lambda _: Granted(locks, created=False))
    is_own = waiter_id is not None and not change.steps  # its wait was ended by the grant
    return change if change.steps else Answer(Granted(locks, created=is_own))


def granted_meanwhile(db: Reader, terms: ClaimTerms) -> Granted | None:
    """What a claim holds whose wait was ended by its grant, unless it was ended otherwise."""
    locks = _granted_before(db, terms)
    return None if locks is None else Granted(locks, created=True)
