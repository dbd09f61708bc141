"""Calling the hooks of areas, and what one area does through another's."""

import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from flask import current_app

from coord.area.contract import Area, Notice
from coord.errors import CoordError
from coord.live import presence
from coord.store import Change, Reader, faults

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class HookFailed(CoordError):
    """A hook of an area raised an error of its own: a bug in that area, which the answer and the
    log name.
    """

    def __init__(self, area: str, hook: str) -> None:
        super().__init__(
            f"A bug in the area {area!r}: its {hook} failed; nothing was changed. Report it to who"
            " maintains that area, not to coord.",
            area=area,
            hook=hook,
        )


def call_hook(
    area: str, hook: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Calls a hook of the area.

    Raises HookFailed for any error that is neither an answer nor the database's.
    """
    try:
        return function(*args, **kwargs)
    except CoordError:
        raise
    except Exception as error:
        if faults.classify(error) is not faults.BUG:
            raise
        log.exception("%s of the area %r failed", hook, area)
        raise HookFailed(area, hook) from error


def deliver(change: Change[Any], notice: Notice) -> None:
    """Adds the sending of the message, through the first area that delivers; nothing where none
    does. Raises HookFailed.
    """
    for area in areas():
        if area.deliver is not None:
            call_hook(area.name, "deliver", area.deliver, change, notice)
            return


def hand_over(
    db: Reader, change: Change[Any], author: str, successor: str, taken_over: str
) -> None:
    """Sends a session the note that the one before it left, if there is one that it has not got.

    `taken_over`: what the successor has of the other now, as a clause. Raises HookFailed.
    """
    note = presence.handover_note(db, author)
    if note is None or note["handed_to"] == successor:
        return
    at = note["handover_at"]
    values = {"author": author, "written_at": at, "successor": successor}
    change.add(presence.NOTE_HANDED_OVER, values, expect=1)
    body = f"{author} left this at {at:%Y-%m-%dT%H:%M:%SZ}; {taken_over}.\n\n{note['handover']}"
    deliver(change, Notice(successor, f"Hand-over note of {author}", body, note["project_key"]))


def areas() -> list[Area]:
    """The areas of the running app."""
    installed: list[Area] = current_app.extensions["coord.areas"]
    return installed
