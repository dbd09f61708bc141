"""The circuit breaker in front of the database: after a failed connect, others are answered at once
for a while.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from coord.store import faults

T = TypeVar("T")

# no connect is tried after one that failed for this long, or for twice what it took to fail:
PAUSE_S = 1.0
MAX_PAUSE_S = 4.0  # a database that hangs holds up one call now and then, not every other


class Gate:
    """Keeps a process from trying a dead database over and over: one tries, the others are answered
    at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failure: str | None = None
        self._retry_at = 0.0
        self._is_probing = False

    def fail(self, reason: str, took: float = 0) -> None:
        with self._lock:
            self._failure = reason
            self._retry_at = time.monotonic() + min(max(PAUSE_S, 2 * took), MAX_PAUSE_S)

    def reset(self) -> None:
        """Lets the next one try at once."""
        with self._lock:
            self._retry_at = 0.0

    def through(self, connect: Callable[[], T]) -> T:
        """Calls `connect`, unless it failed just now or someone is trying already.

        Raises faults.CircuitOpen then.
        """
        with self._lock:
            failure = self._failure
            if failure is not None:
                if self._is_probing or time.monotonic() < self._retry_at:
                    raise faults.CircuitOpen(failure)
                self._is_probing = True
        began = time.monotonic()
        try:
            connection = connect()
        except Exception as error:
            self.fail(str(error), time.monotonic() - began)
            raise
        else:
            with self._lock:
                self._failure = None
            return connection
        finally:
            if failure is not None:
                with self._lock:
                    self._is_probing = False
