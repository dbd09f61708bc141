"""Who has called lately: names kept in memory, so that a call costs nothing more; the sessions
area's upkeep writes them down.

What a worker had noted when it was killed is lost: at most the calls of its last second or so, and
for a session that was written within the minute those since then.
"""

import threading
import time
from collections.abc import Iterable, Mapping

from flask import Flask

SKIP_S = 60.0
# anybody may make names up; those that find no room are noted when they call again
MAX_NAMES = 10_000


class Activity:
    """The sessions that called, and when (time.monotonic()) each last did; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, float] = {}
        self._skipped_until: dict[str, float] = {}

    def note(self, session_id: str) -> None:
        with self._lock:
            if session_id in self._calls or len(self._calls) < MAX_NAMES:
                self._calls[session_id] = time.monotonic()

    def take(self) -> dict[str, float]:
        """All that was noted; it is the taker's now."""
        with self._lock:
            taken, self._calls = self._calls, {}
        return taken

    def put_back(self, calls: Mapping[str, float], names: Iterable[str] | None = None) -> None:
        """What could not be written, or is not to be yet.

        Those that have called again meanwhile stay as they are.
        """
        with self._lock:
            for name in calls if names is None else names:
                if len(self._calls) < MAX_NAMES:
                    self._calls.setdefault(name, calls[name])

    def skip_for_a_minute(self, names: Iterable[str]) -> None:
        """These need not be looked up again within the minute.

        Only for the one thread that takes the calls.
        """
        self._skipped_until.update(dict.fromkeys(names, time.monotonic() + SKIP_S))

    def skipped(self) -> set[str]:
        self._skipped_until = {
            name: until for name, until in self._skipped_until.items() if until > time.monotonic()
        }
        return set(self._skipped_until)


def install(app: Flask) -> None:
    app.extensions["coord.activity"] = Activity()
