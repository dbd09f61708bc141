"""Every SQL statement of the locks area. Functions read, and return a Change or an answer; none of
them commits.

All time is the database's. Who holds what is judged twice: by what a decision was made upon, and by
the guards of the change, which run after it took the journal's head, so nothing can be granted in
between.
"""

from coord.areas.locks.repository import waiters
from coord.areas.locks.repository.blocking import (
    blocking_locks,
    waiting_on_me,
)
from coord.areas.locks.repository.claims import NoLongerWaiting, claim, granted_meanwhile
from coord.areas.locks.repository.expiry import note_expired
from coord.areas.locks.repository.grants import grant, grant_to_waiter
from coord.areas.locks.repository.listing import find
from coord.areas.locks.repository.queries import (
    count,
    get,
    held_among,
    held_by,
    held_since_before,
    refuse_skew_now,
)
from coord.areas.locks.repository.refusals import record_refusals
from coord.areas.locks.repository.releases import (
    release,
    release_all,
    release_by_name,
    release_held,
    release_locks,
)
from coord.areas.locks.repository.renewals import make_stale, renew, restart_ttls, show_activity
from coord.areas.locks.repository.spans import spans
from coord.areas.locks.repository.waiter_listing import find_waiters

__all__ = [
    "NoLongerWaiting",
    "blocking_locks",
    "claim",
    "count",
    "find",
    "find_waiters",
    "get",
    "grant",
    "grant_to_waiter",
    "granted_meanwhile",
    "held_among",
    "held_by",
    "held_since_before",
    "make_stale",
    "note_expired",
    "record_refusals",
    "refuse_skew_now",
    "release",
    "release_all",
    "release_by_name",
    "release_held",
    "release_locks",
    "renew",
    "restart_ttls",
    "show_activity",
    "spans",
    "waiters",
    "waiting_on_me",
]
