"""A worker's sign of life for its master."""

import os
from typing import Any

from gunicorn.workers.workertmp import WorkerTmp


class Pulse(WorkerTmp):
    """In memory, where the system has that. gunicorn's own is a file: for one that cannot be made
    at a reload, because the disk is full, the master ends, and all workers with it.
    """

    def __init__(self, cfg: Any) -> None:
        if not hasattr(os, "memfd_create"):
            super().__init__(cfg)
            return
        descriptor = os.memfd_create("coord-pulse")
        if (cfg.uid, cfg.gid) != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, cfg.uid, cfg.gid)
        self._tmp = os.fdopen(descriptor, "w+b", 0)
