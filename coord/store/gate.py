"""The circuit breaker in front of the database: after a failed connect, others are answered at once
for a while.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from coord.store import faults

T = TypeVar("T")

# after a failed connect, others are answered at once for this long, or for twice what it took to
# fail:
SHUT_FOR_S = 1.0
MAX_SHUT_S = 4.0  # a database that hangs holds up one call now and then, not every other


class Gate:
    """Keeps a process from trying a dead database over and over: one tries, the others are answered
    at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed: str | None = None
        self._again_at = 0.0
        self._trying = False

    def fail(self, reason: str, took: float = 0) -> None:
        with self._lock:
            self._failed = reason
            self._again_at = time.monotonic() + min(max(SHUT_FOR_S, 2 * took), MAX_SHUT_S)

    def open(self) -> None:
        """Lets the next one try at once."""
        with self._lock:
            self._again_at = 0.0

    def through(self, connect: Callable[[], T]) -> T:
        """Calls `connect`, unless it failed just now or someone is trying already.

        Raises faults.CircuitOpen then.
        """
        with self._lock:
            was_failed = self._failed
            if was_failed is not None:
                if self._trying or time.monotonic() < self._again_at:
                    raise faults.CircuitOpen(was_failed)
                self._trying = True
        began = time.monotonic()
        try:
            connection = connect()
        except Exception as error:
            self.fail(str(error), time.monotonic() - began)
            raise
        else:
            with self._lock:
                self._failed = None
            return connection
        finally:
            if was_failed is not None:
                with self._lock:
                    self._trying = False
