"""Who is there: which calls wait in this process, which processes and sessions are alive, who has
called lately.

This is its face: whoever uses it imports from here.
"""

from coord.live import (
    activity,
    callers,
    hang_up,
    memory,
    presence,
    processes,
    spawning,
    tuning,
    waiting,
)
from coord.live.activity import Activity
from coord.live.callers import Progress
from coord.live.hang_up import ClientHungUp
from coord.live.peers import Connection, Peer, Peers
from coord.live.presence import AGENT_LENGTH, WAITING_FOR_LENGTH, Session
from coord.live.pulse import Pulse
from coord.live.tail import Entry, Seen
from coord.live.threads import Threads
from coord.live.waiting import MAX_WAIT_S, Subscription, subscribe

__all__ = [
    "AGENT_LENGTH",
    "MAX_WAIT_S",
    "WAITING_FOR_LENGTH",
    "Activity",
    "ClientHungUp",
    "Connection",
    "Entry",
    "Peer",
    "Peers",
    "Progress",
    "Pulse",
    "Seen",
    "Session",
    "Subscription",
    "Threads",
    "activity",
    "callers",
    "hang_up",
    "memory",
    "presence",
    "processes",
    "spawning",
    "subscribe",
    "tuning",
    "waiting",
]
