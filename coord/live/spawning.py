"""When the system has nothing left for another worker: those that there are go on, and it is tried
again.
"""

import errno
import logging
import os
from collections.abc import Callable
from typing import Any

log = logging.getLogger("gunicorn.error")

NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

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
