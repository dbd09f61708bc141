"""Clocks that are moved while what reads them runs.

libfaketime reads from a file how far, at each look at the clock; so a server is started anew to see
that file, moved and moved back under load, and started anew at the right time.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

from campaign.phase import Fault
from campaign.worlds import World
from tests.service import ROOT, Service

AHEAD_S = 120.0  # more than a phase lasts, so that each time tells which clock it is of
APART_S = 86400.0
STARTS_IN_S = 10.0  # a call that comes meanwhile is answered when the service has started
MOVED_BACK_S = 2.0  # that the load goes on for before the server is started anew


class MovableClock:
    """`environment`: in which a program reads this clock."""

    def __init__(self, folder: Path, name: str) -> None:
        library = subprocess.run(
            ["tools/faketime.sh"], cwd=ROOT, check=True, capture_output=True, text=True
        )
        self._file = folder / f"{name}.clock"
        self.move(0)
        self.environment = {
            "LD_PRELOAD": library.stdout.strip(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def move(self, ahead: float) -> None:
        aside = self._file.with_suffix(".new")
        aside.write_text(f"{ahead:+.0f}")
        os.replace(aside, self._file)


@contextlib.contextmanager
def _database_moved(world: World, ahead: float) -> Iterator[str]:
    """SQLite's clock is that of the service."""
    clock = MovableClock(world.folder, "database")
    _restart_database(world, clock.environment)
    try:
        world.clock.move(ahead)
        clock.move(ahead)
        try:
            shown = _shown_ahead(world)
            yield f"the database's clock was {shown:+.0f} s from ours, then right again"
        finally:
            world.clock.move(0)
            clock.move(0)
            time.sleep(MOVED_BACK_S)
    finally:
        _restart_database(world, {})


def _restart_database(world: World, environment: dict[str, str]) -> None:
    if world.kind == "sqlite":
        (service,) = world.services
        _restart(service, environment)
        return
    world.server.stop()
    world.server.environment = environment
    world.server.start()


def _restart(service: Service, environment: dict[str, str]) -> None:
    service.stop()
    service.surroundings = environment
    service.start(port=service.port)


def _shown_ahead(world: World) -> float:
    if world.kind == "sqlite":
        return _service_ahead(world.services[0])
    with contextlib.closing(world.server.admin()) as admin, admin.cursor() as cursor:
        cursor.execute("SELECT UNIX_TIMESTAMP(UTC_TIMESTAMP(6)) - %s", (time.time(),))
        ((ahead,),) = cursor.fetchall()
        return float(ahead)


def _service_ahead(service: Service) -> float:
    """By what its answers are dated."""
    date = service.call("GET", "/livez").headers["Date"]
    return parsedate_to_datetime(date).timestamp() - time.time()


@contextlib.contextmanager
def _database_ahead(world: World, seconds: float) -> Iterator[str]:
    with _database_moved(world, AHEAD_S) as description:
        yield description


@contextlib.contextmanager
def _database_behind(world: World, seconds: float) -> Iterator[str]:
    with _database_moved(world, -AHEAD_S) as description:
        yield description


@contextlib.contextmanager
def _nodes_apart(world: World, seconds: float) -> Iterator[str]:
    """One node of coord a day ahead, the other a day behind."""
    clocks = [
        MovableClock(world.folder, f"node{number}") for number, _ in enumerate(world.services)
    ]
    for service, clock in zip(world.services, clocks, strict=True):
        _restart(service, clock.environment)
    try:
        for clock, ahead in zip(clocks, (APART_S, -APART_S), strict=True):
            clock.move(ahead)
        try:
            hours = [_service_ahead(service) / 3600 for service in world.services]
            shown = ", ".join(f"{ahead:+.1f} h" for ahead in hours)
            yield f"the nodes' clocks were {shown} from ours, then right again"
        finally:
            for clock in clocks:
                clock.move(0)
            time.sleep(MOVED_BACK_S)
    finally:
        for service in world.services:
            _restart(service, {})


OF_THE_DATABASE = [
    Fault("the database's clock ahead", _database_ahead, within_s=STARTS_IN_S),
    Fault("the database's clock behind", _database_behind, within_s=STARTS_IN_S),
]
OF_THE_NODES = [Fault("the nodes' clocks apart", _nodes_apart, within_s=STARTS_IN_S)]
