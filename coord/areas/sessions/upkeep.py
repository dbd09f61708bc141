"""What comes due among sessions: calls are written down, and those that broke their promise are noted gone."""

from flask import current_app

from coord.activity import Activity
from coord.areas.sessions import repository
from coord.change import read, settle

BATCH = 50  # sessions whose calls are written in one change: others wait for their turn while it runs


def upkeep() -> None:
    """Calls first: who has called is not gone."""
    _write_calls(current_app.extensions["coord.activity"])
    _note_the_gone()


def _write_calls(activity: Activity) -> None:
    calls = activity.take()
    names = list(calls)
    resting = activity.resting()
    try:
        while names:
            some = names[:BATCH]
            written: repository.Written = settle(repository.active, {name: calls[name] for name in some}, resting)
            del names[:BATCH]
            activity.put_back(calls, written.too_early)
            activity.rest(written.asked)
    finally:
        activity.put_back(calls, names)


def _note_the_gone() -> None:
    for session_id in read(repository.due):
        while settle(repository.note_gone, session_id).more:
            pass
