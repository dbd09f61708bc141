"""When the system has nothing left for another worker: those that there are go on, and it is tried
again.
"""

import errno
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any

log = logging.getLogger("gunicorn.error")

NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
PAUSE_S = 1.0

Spawn = Callable[[Any], int | None]


def or_later(spawn: Spawn) -> Spawn:
    """gunicorn's way to start a worker, in its master, which would end with all workers when the
    system lets it fork no more. It looks once a second whether a worker is missing.
    """

    def spawn_worker(master: Any) -> int | None:
        try:
            return spawn(master)
        except OSError as error:
            if os.getpid() != master.pid:
                raise
            log.warning("no worker can be started, it is tried again: %s", error)
            return None

    return spawn_worker


def or_not_at_all(reload: Callable[[Any], None]) -> Callable[[Any], None]:
    """gunicorn's way to reload, in its master, which would end when it cannot read its settings."""

    def reload_or_go_on(master: Any) -> None:
        try:
            reload(master)
        except (OSError, SystemExit) as error:
            if os.getpid() != master.pid:
                raise
            log.warning("nothing is reloaded, all goes on as it was: %s", error)

    return reload_or_go_on


def run_or_leave(run: Callable[[], None]) -> None:
    """What a worker does, in its own process. When it finds nothing left for it (descriptors,
    threads) it ends as if it had been killed: gunicorn would take it for one that can never start,
    and end the service.
    """
    try:
        run()
    except (OSError, RuntimeError) as error:
        if not _is_short(error):
            raise
        log.warning("this worker cannot go on, another will be started: %s", error)
        time.sleep(PAUSE_S)
        sys.exit(1)


def _is_short(error: OSError | RuntimeError) -> bool:
    if isinstance(error, OSError):
        return error.errno in (*NO_ROOM, errno.EAGAIN)
    return "start new thread" in str(error)
