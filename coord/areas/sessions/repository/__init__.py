"""Every SQL statement of the sessions area. Functions read, and return a Change or an Answer; none
of them commits.

All time is the database's. Whether a promise was broken is judged by the clock when somebody asks;
that it is noted later only adds what follows from it. Each guard says what was decided upon, so of
a heartbeat and the end of a promise one comes first, whole.
"""

from coord.areas.sessions.repository import changes
from coord.areas.sessions.repository.calls import CallsResult, write_calls
from coord.areas.sessions.repository.checkins import collect_checkin
from coord.areas.sessions.repository.ends import EndResult, end, find_due, note_gone
from coord.areas.sessions.repository.heartbeats import heartbeat
from coord.areas.sessions.repository.listing import count, find, find_for_board, find_named
from coord.areas.sessions.repository.states import silent_us

__all__ = [
    "CallsResult",
    "EndResult",
    "changes",
    "collect_checkin",
    "count",
    "end",
    "find",
    "find_due",
    "find_for_board",
    "find_named",
    "heartbeat",
    "note_gone",
    "silent_us",
    "write_calls",
]
