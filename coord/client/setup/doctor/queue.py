"""The queue of calls that could not be sent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

from coord.client.locked import remove
from coord.client.queue import Queue
from coord.client.setup import git
from coord.client.setup.doctor.check import OK, PROBLEM, WARNING, Check, DoctorContext


def check(context: DoctorContext) -> Iterator[Check]:
    place = context.place
    for path in place.queues:
        yield from _file(path)
    name = os.path.relpath(place.queue, place.home)
    repository = place.repository
    in_checkout = repository is not None and place.home in (repository.top, repository.main)
    if in_checkout and not name.startswith("..") and not _is_ignored(place.home, name):
        message = "git does not ignore the queue, so it may be committed"
        yield Check("queue", WARNING, message, "coord init")


def _file(path: str) -> Iterator[Check]:
    queue = Queue(path)
    try:
        _try_writing(path)
        waiting, refused = queue.waiting(), queue.rejected()
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        fix = "Calls are lost while the server is away. Fix its permissions."
        yield Check("queue", PROBLEM, message, fix)
        return
    count = "1 call waits" if len(waiting) == 1 else f"{len(waiting)} calls wait"
    message = f"{path} can be written; {count}"
    if waiting:
        message += f", the oldest since {waiting[0].ts}"
        yield Check("queue", WARNING, message, "coord sync")
    else:
        yield Check("queue", OK, message)
    if refused:
        count = "1 queued call was" if len(refused) == 1 else f"{len(refused)} queued calls were"
        message = f"{count} refused when sent ({queue.rejected_path})"
        yield Check("queue", WARNING, message, "coord queue --rejected")


def _try_writing(path: str) -> None:
    """Whether the queue could be appended to, without doing it. Raises OSError."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        if os.path.exists(folder):
            raise NotADirectoryError(20, f"{folder} is not a folder")
        folder = os.path.dirname(folder)
    handle, trial = tempfile.mkstemp(dir=folder, prefix="coord-doctor-")
    os.close(handle)
    remove(trial)
    if os.path.exists(path):
        with open(path, "ab"):
            pass


def _is_ignored(folder: str, name: str) -> bool:
    try:
        git.run(folder, "check-ignore", "--quiet", "--no-index", name)
    except git.GitFailed:
        return False
    return True
