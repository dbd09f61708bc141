"""What comes due among sessions: calls are written down, and those that broke their promise are
noted gone.
"""

import time

from flask import current_app

from coord.area import HookFailed
from coord.areas.sessions import repository
from coord.areas.sessions.retention import retention
from coord.live import Activity
from coord.store import read, transact

# sessions whose calls are written in one change: others wait for their turn while it runs
BATCH = 50
RETRY_AFTER_S = 60.0  # a session whose end an area fails to carry out

_retry_at: dict[str, float] = {}


def on_tick() -> None:
    """Calls first: who has called is not gone. Then what is old is deleted."""
    _write_calls(current_app.extensions["coord.activity"])
    _note_gone()
    retention.run()


def _write_calls(activity: Activity) -> None:
    calls = activity.take()
    names = list(calls)
    skipped = activity.skipped()
    try:
        while names:
            batch = {name: calls[name] for name in names[:BATCH]}
            result = transact(repository.write_calls, batch, skipped)
            del names[:BATCH]
            activity.put_back(calls, result.too_early)
            activity.skip_for_a_minute(result.looked_up)
    finally:
        activity.put_back(calls, names)


def _note_gone() -> None:
    """One session that an area's bug keeps from ending does not keep the others from it."""
    for session_id in read(repository.find_due):
        if time.monotonic() < _retry_at.get(session_id, 0.0):
            continue
        _retry_at.pop(session_id, None)
        try:
            while transact(repository.note_gone, session_id).incomplete:
                pass
        except HookFailed:  # call_hook has logged it
            _retry_at[session_id] = time.monotonic() + RETRY_AFTER_S
