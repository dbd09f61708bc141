"""What comes due among sessions: calls are written down, and those that broke their promise are noted gone."""

from flask import current_app

from coord.areas.sessions import repository
from coord.live import Activity
from coord.store import read, transact

BATCH = 50  # sessions whose calls are written in one change: others wait for their turn while it runs


def on_tick() -> None:
    """Calls first: who has called is not gone."""
    _write_calls(current_app.extensions["coord.activity"])
    _note_the_gone()


def _write_calls(activity: Activity) -> None:
    calls = activity.take()
    names = list(calls)
    skipped = activity.skipped()
    try:
        while names:
            some = names[:BATCH]
            result = transact(repository.active, {name: calls[name] for name in some}, skipped)
            del names[:BATCH]
            activity.put_back(calls, result.too_early)
            activity.skip_for_a_minute(result.asked)
    finally:
        activity.put_back(calls, names)


def _note_the_gone() -> None:
    for session_id in read(repository.due):
        while transact(repository.note_gone, session_id).incomplete:
            pass
