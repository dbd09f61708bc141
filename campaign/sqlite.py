"""What is broken around SQLite's file."""

import contextlib
import os
import resource
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from campaign.phase import Fault
from campaign.processes import regularly
from campaign.shows import unavailable
from campaign.worlds import World

PAGES_OF_A_STEP = 100  # of a backup, as sqlite3's .backup has it; it begins anew after a change


@contextlib.contextmanager
def _opened(world: World) -> Iterator[sqlite3.Connection]:
    """As another process would have it: a backup script, somebody's shell."""
    connection = sqlite3.connect(
        world.file, isolation_level=None, timeout=10, check_same_thread=False
    )
    with contextlib.closing(connection):
        yield connection


@contextlib.contextmanager
def _foreign_writer(world: World, seconds: float) -> Iterator[str]:
    with _opened(world) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield "the writer's lock was held all the time"
        finally:
            connection.execute("ROLLBACK")


@contextlib.contextmanager
def _foreign_reader(world: World, seconds: float) -> Iterator[str]:
    with _opened(world) as connection:
        connection.execute("BEGIN")
        first = connection.execute("SELECT revision FROM journal_head").fetchone()
        try:
            yield f"one snapshot, of revision {first[0]}, was read all the time"
        finally:
            last = connection.execute("SELECT revision FROM journal_head").fetchone()
            connection.execute("COMMIT")
            assert last == first, "the reader's snapshot has changed"


@contextlib.contextmanager
def _again_and_again(world: World, statement: str) -> Iterator[str]:
    """How often it ran is known only at the end, so the description says that it did."""
    done = threading.Event()
    with _opened(world) as connection:

        def execute() -> None:
            with contextlib.suppress(sqlite3.OperationalError):  # the service was writing
                connection.execute(statement)
                done.set()

        with regularly(execute, 0.01):
            assert done.wait(20), f"{statement} never went through"
            yield f"{statement} went through"


@contextlib.contextmanager
def _vacuum(world: World, seconds: float) -> Iterator[str]:
    with _again_and_again(world, "VACUUM") as description:
        yield description


@contextlib.contextmanager
def _checkpoint(world: World, seconds: float) -> Iterator[str]:
    with _again_and_again(world, "PRAGMA wal_checkpoint(TRUNCATE)") as description:
        yield description


@contextlib.contextmanager
def _backup(world: World, seconds: float) -> Iterator[str]:
    def copy() -> None:
        with (
            _opened(world) as source,
            contextlib.closing(sqlite3.connect(world.folder / "backup.db")) as target,
        ):
            source.backup(target, pages=PAGES_OF_A_STEP)

    copy()
    with regularly(copy):
        yield "whole copies, again and again"


@contextlib.contextmanager
def _cannot_grow(world: World, seconds: float) -> Iterator[str]:
    (service,) = world.services
    (worker,) = service.workers()
    before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    files = [*world.folder.glob("coord.db*"), *service.folder.rglob("*.log")]
    longest = max(file.stat().st_size for file in files)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (longest, before[1]))
    try:
        yield ""
    finally:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def _moved_away(world: World, path: Path) -> Iterator[None]:
    """An operator's mistake, and what the log says to do: put it back, restart coord."""
    aside = world.folder / "aside"
    os.rename(path, aside)
    try:
        yield
    finally:
        os.replace(aside, path)
        (service,) = world.services
        service.stop()
        service.start(port=service.port)


@contextlib.contextmanager
def _file_away(world: World, seconds: float) -> Iterator[str]:
    with _moved_away(world, world.file):
        yield ""


@contextlib.contextmanager
def _file_replaced(world: World, seconds: float) -> Iterator[str]:
    """By a backup of a moment ago: what is written to it would be lost, and what it says is old."""
    copy = world.folder / "copy.db"
    with (
        _opened(world) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode=WAL")
    with _moved_away(world, world.file):
        os.rename(copy, world.file)
        yield ""


@contextlib.contextmanager
def _log_away(world: World, seconds: float) -> Iterator[str]:
    with _moved_away(world, world.file.with_name(f"{world.file.name}-wal")):
        yield ""


FAULTS = [
    Fault("another process writes", _foreign_writer, unavailable),
    Fault("another process reads", _foreign_reader, hinders=False),
    Fault("backup", _backup),
    Fault("VACUUM", _vacuum),
    Fault("checkpoints", _checkpoint),
    Fault("disk full", _cannot_grow, unavailable),
    Fault("file moved away", _file_away, unavailable),
    Fault("file replaced", _file_replaced, unavailable),
    Fault("log moved away", _log_away, unavailable),
]
