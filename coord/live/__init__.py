"""What a worker process knows: which calls wait in it, which processes are alive, who has called lately.

This is its face: whoever uses it imports from here.
"""

from coord.live import activity, callers, processes, waiting
from coord.live.activity import Activity
from coord.live.waiting import MAX_WAIT_S, ClientHungUp, Subscription, subscribe

__all__ = [
    "MAX_WAIT_S",
    "Activity",
    "ClientHungUp",
    "Subscription",
    "activity",
    "callers",
    "processes",
    "subscribe",
    "waiting",
]
