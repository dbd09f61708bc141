"""The queue of calls that could not be sent, and what failed in hooks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

from coord.client import hook
from coord.client.ignored import is_ignored
from coord.client.others_text import printable
from coord.client.queue import Queue
from coord.client.queue.elsewhere import waiting_elsewhere, waiting_sentence
from coord.client.safe_files import age_of, remove
from coord.client.setup.doctor.check import OK, PROBLEM, WARNING, Check, DoctorContext
from coord.client.workspace import FOLDER, SHELL_QUEUE, repository

RECENT_S = 7 * 86400.0


def check(context: DoctorContext) -> Iterator[Check]:
    workspace = context.workspace
    yield from _queue(Queue.of(workspace))
    for server, count in waiting_elsewhere(workspace).items():
        yield Check("queue", WARNING, printable(waiting_sentence(server, count)))
    for path in workspace.shell_queues:
        checkout = repository(os.path.dirname(os.path.dirname(path)))
        below = f"{FOLDER}/{SHELL_QUEUE}"
        if checkout is not None and not is_ignored(below, checkout):
            message = (
                f"git does not ignore {below}, to which shell clients write, so it may be committed"
            )
            yield Check("queue", WARNING, message, "coord init")
            break
    if age_of(hook.failed_path()) < RECENT_S:
        message = f"a hook failed in the last week; what it was is in {hook.log_path()}"
        yield Check(
            "hooks",
            WARNING,
            message,
            "Please report this, with the last lines of that file. Then remove it.",
        )


def _queue(queue: Queue) -> Iterator[Check]:
    try:
        _try_writing(queue.path)
        waiting, refused = queue.waiting(), queue.rejected()
    except OSError as error:
        message = f"{queue.path} cannot be written: {error.strerror or error}"
        fix = "Calls are lost while the server is away. Fix its permissions."
        yield Check("queue", PROBLEM, message, fix)
        return
    count = "1 call waits" if len(waiting) == 1 else f"{len(waiting)} calls wait"
    message = f"{queue.path} can be written; {count}"
    if waiting:
        message += f", the oldest since {waiting[0].ts}"
        yield Check("queue", WARNING, message, "coord sync")
    else:
        yield Check("queue", OK, message)
    if refused:
        count = "1 queued call was" if len(refused) == 1 else f"{len(refused)} queued calls were"
        message = f"{count} refused when sent ({queue.rejected_path})"
        yield Check("queue", WARNING, message, "coord queue --rejected")
    for problem in queue.problems():
        yield Check(
            "queue",
            WARNING,
            f"calls of shell clients are not sent: {problem}",
            "Move the file away, once you have looked at it.",
        )


def _try_writing(path: str) -> None:
    """Whether the queue could be appended to, without doing it. Raises OSError."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        above = os.path.dirname(folder)
        if os.path.exists(folder) or above == folder:  # or a drive that is not there
            raise NotADirectoryError(20, f"{folder} is not a folder")
        folder = above
    handle, trial = tempfile.mkstemp(dir=folder, prefix="coord-doctor-")
    os.close(handle)
    remove(trial)
