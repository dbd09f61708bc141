"""Every SQL statement of the components area. Functions read, and return a Change or an Answer;
none of them commits.

All time but `observed_at` is the database's. A component's `observed_at` (`retired_at`, once it is
retired) only grows, so what was found to be late stays late. Everything else that a decision rests
on is guarded by `changed_revision`, which each change and each return from retirement moves.
"""

from coord.areas.components.repository.listing import (
    MAX_RECENT,
    count_by_state,
    find,
    find_recent,
    get,
    history,
)
from coord.areas.components.repository.reports import change_content, put
from coord.areas.components.repository.retirement import retire

__all__ = [
    "MAX_RECENT",
    "change_content",
    "count_by_state",
    "find",
    "find_recent",
    "get",
    "history",
    "put",
    "retire",
]
