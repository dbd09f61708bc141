"""Every SQL statement of the messages area. Functions read, and return a Change or an Answer; none
of them commits.

All time is the database's.
"""

from coord.areas.messages.repository.lists import count_unread, find, find_unread, may_show
from coord.areas.messages.repository.marking import (
    MarkResult,
    find_to_mark,
    in_batches,
    mark,
    mark_message,
    report,
)
from coord.areas.messages.repository.messages import get
from coord.areas.messages.repository.sending import deliver, send, send_new

__all__ = [
    "MarkResult",
    "count_unread",
    "deliver",
    "find",
    "find_to_mark",
    "find_unread",
    "get",
    "in_batches",
    "mark",
    "mark_message",
    "may_show",
    "report",
    "send",
    "send_new",
]
