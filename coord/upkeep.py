"""What comes due without a call: one thread in each worker calls every area's `on_tick`, about
twice a second.

Workers do not arrange who does what. The guards of a change let one of them win, and the others
find nothing left to do.
"""

import logging
import threading

from flask import Flask

from coord.area import Area
from coord.store import faults

log = logging.getLogger(__name__)

EVERY_S = 0.5
# a statement under way may take 2 s; no change is ever half made, so nothing is lost by not waiting
# longer
STOP_WITHIN_S = 3.0


class Upkeep:
    """The thread and what it remembers: which areas fail, so that an outage is logged once."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._failing: set[str] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Only in a worker: a thread does not survive the fork."""
        self._thread = threading.Thread(target=self._run, name="coord-upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_WITHIN_S)

    def run_once(self) -> None:
        """Asks each area once; one that fails keeps no other from its turn."""
        with self._app.app_context():
            areas: list[Area] = self._app.extensions["coord.areas"]
            for area in areas:
                if area.on_tick is not None and not self._stopping.is_set():
                    self._ask(area)

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            self.run_once()

    def _ask(self, area: Area) -> None:
        assert area.on_tick is not None
        try:
            area.on_tick()
        except Exception as error:
            if area.name not in self._failing:
                self._failing.add(area.name)
                unavailable = faults.classify(error).unavailable
                log.log(
                    logging.WARNING if unavailable else logging.ERROR,
                    "on_tick of the area %r fails, and is tried again twice a second",
                    area.name,
                    exc_info=None if unavailable else error,
                    extra={"reason": " ".join(str(error).split())},
                )
        else:
            if area.name in self._failing:
                self._failing.discard(area.name)
                log.info("on_tick of the area %r works again", area.name)


def install(app: Flask) -> None:
    app.extensions["coord.upkeep"] = Upkeep(app)


def of(app: Flask) -> Upkeep:
    upkeep: Upkeep = app.extensions["coord.upkeep"]
    return upkeep


def run_once(app: Flask) -> None:
    of(app).run_once()
