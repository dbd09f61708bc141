"""Connections: the pool, how soon a database is given up on, and what every SQLite connection is
told first (mariadb.py for the other).

The rule behind the numbers: a call is answered within 5 s whatever the database does. Each step has
its own limit, and none may pass the deadline of the call (deadline.py).
"""

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url

from coord.store import deadline, faults, mariadb, sqlite
from coord.store.combiner import Combiner
from coord.store.gate import Gate
from coord.store.tables import sqlite_text

if TYPE_CHECKING:
    from coord.store.compiled_change import CompiledChange
    from coord.store.reader import Rows

POOL_TIMEOUT_S = 1.0
KEPT_FOR_READS = 4  # one connection in so many: writers that wait for a row would take them all
# a connection that fails sooner may just have been closed while it was idle: a new one is tried at
# once
HANGING_AFTER_S = 0.5
SQLITE_BUSY_MS = 2000
# telling a connection how long to wait is a statement, so not for every millisecond
SQLITE_BUSY_STEP_MS = 250
WRITER_TIMEOUT_S = 2.5

_writing = threading.Lock()


@dataclass(frozen=True)
class EngineState:
    """What this process keeps for an engine beside its pool."""

    gate: Gate
    writers: threading.BoundedSemaphore
    """A place for each connection that writers may take."""
    combiner: "Combiner[CompiledChange, Rows]"
    files: sqlite.Files | None
    """SQLite's; None on MariaDB."""


_states: weakref.WeakKeyDictionary[Engine, EngineState] = weakref.WeakKeyDictionary()


def state_of(engine: Engine) -> EngineState:
    """That of an engine which `prepare` has been called for."""
    return _states[engine]


@contextlib.contextmanager
def sqlite_writer() -> Iterator[None]:
    """SQLite has one writer at a time.

    Waiting here is fair; SQLite's own waiting polls, and starves under load.
    """
    if not _writing.acquire(timeout=max(0.0, min(WRITER_TIMEOUT_S, deadline.remaining()))):
        raise faults.WriterBusy("another writer holds the SQLite file")
    try:
        yield
    finally:
        _writing.release()


def bound_wait(cursor: Any, info: dict[str, Any]) -> None:
    """Lets a SQLite connection wait for other processes no longer than the call has time.

    `info`: what it was told last.
    """
    wait_ms = min(
        SQLITE_BUSY_MS,
        int(deadline.remaining() * 1000) // SQLITE_BUSY_STEP_MS * SQLITE_BUSY_STEP_MS,
    )
    if info.get("coord_busy_ms", SQLITE_BUSY_MS) != wait_ms:
        cursor.execute(f"PRAGMA busy_timeout={wait_ms}")
        info["coord_busy_ms"] = wait_ms


@contextlib.contextmanager
def writer_place(engine: Engine) -> Iterator[None]:
    """A place among the writers: a share of the pool is kept for reads.

    Raises faults.NoConnection when too many write for too long.
    """
    writers = state_of(engine).writers
    if not writers.acquire(timeout=max(0.0, deadline.remaining() - deadline.LAST_STEP_S)):
        raise faults.NoConnection("all connections that writers may take are in use")
    try:
        yield
    finally:
        writers.release()


def normalized(url: str) -> URL:
    """The URL with the driver that coord uses, and with the whole path of a SQLite file: a relative
    one is meant from the working directory. A `file:` URI says itself what it means."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return parsed.set(drivername="mariadb+pymysql")
    name = parsed.database or ""
    path = name if name.startswith("file:") else os.path.abspath(name)
    return parsed.set(drivername="sqlite", database=path)


def options(url: URL, pool_size: int) -> dict[str, Any]:
    """Engine options.

    Autocommit: a read is one round trip, and a change brings its own BEGIN and COMMIT.
    """
    common: dict[str, Any] = {
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "pool_reset_on_return": None,  # a change ends or undoes what it began (carry_out.py)
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT_S,
        "poolclass": sa.QueuePool,
    }
    if url.get_backend_name() == "sqlite":
        return {
            **common,
            "connect_args": {"check_same_thread": False, "timeout": SQLITE_BUSY_MS / 1000},
        }
    return {
        **common,
        "paramstyle": "format",
        "pool_recycle": 300,
        "pool_use_lifo": True,
        "connect_args": mariadb.arguments(url),
    }


def prepare(engine: Engine, failover: Sequence[str] = ()) -> None:
    """Attaches the connect hooks. Opens nothing."""
    gate = Gate()
    pool_size = cast(sa.QueuePool, engine.pool).size()
    writers = max(1, pool_size - max(1, pool_size // KEPT_FOR_READS))
    files = sqlite.Files(engine.url.database or "") if engine.dialect.name == "sqlite" else None
    _states[engine] = EngineState(gate, threading.BoundedSemaphore(writers), Combiner(), files)
    if files is not None:
        _prepare_sqlite(engine, files)
        return

    nodes = mariadb.Nodes(failover)

    def do_connect(dialect: Any, record: Any, args: Any, params: dict[str, Any]) -> object:
        deadline.check()  # before the gate: a call that comes too late says nothing of the database
        return gate.through(lambda: nodes.connect(params))

    event.listen(engine, "do_connect", do_connect)


def _prepare_sqlite(engine: Engine, files: sqlite.Files) -> None:
    sqlite.write_hints(engine.dialect)
    event.listen(
        engine, "do_connect", lambda dialect, record, args, params: files.connect(*args, **params)
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "close", lambda connection, record: files.forget(connection))


def mark_suspect(engine: Engine, reason: str, *, took: float) -> None:
    """A connection that stood has failed: those waiting in the pool are no better.

    When that took long, nor is a new one for a while.
    """
    if took > HANGING_AFTER_S:
        state_of(engine).gate.fail(reason, took)
    engine.dispose()


def reset_gate(engine: Engine) -> None:
    """Whoever asks next finds out for itself, however lately another has failed."""
    state_of(engine).gate.open()


def utc_now() -> datetime:
    """SQLite's clock: it has none with microseconds of its own."""
    return datetime.now(UTC)


def _sqlite_now() -> str:
    return sqlite_text(utc_now().replace(tzinfo=None))


def _sqlite_plus(moment: str | None, microseconds: int | None) -> str | None:
    if moment is None or microseconds is None:
        return None
    return sqlite_text(datetime.fromisoformat(moment) + timedelta(microseconds=microseconds))


def _set_up_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.create_function("coord_now", 0, _sqlite_now)
    connection.create_function("coord_plus", 2, _sqlite_plus, deterministic=True)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={SQLITE_BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")
