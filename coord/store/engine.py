"""Connections: the pool, and how soon a database is given up on.

What each database needs besides is in mariadb.py and sqlite.py.

The rule behind the numbers: a call is answered within 5 s whatever the database does. Each step has
its own limit, and none may pass the deadline of the call (deadline.py).
"""

import os
import threading
import weakref
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url

from coord.store import deadline, faults, mariadb, sqlite
from coord.store.combiner import Combiner
from coord.store.gate import Gate

if TYPE_CHECKING:
    from coord.store.compiled_change import CompiledChange
    from coord.store.reader import Rows

POOL_TIMEOUT_S = 1.0
KEPT_FOR_READS = 4  # one connection in so many: writers that wait for a row would take them all
# a connection that fails sooner may just have been closed while it was idle: a new one is tried at
# once
HANGING_AFTER_S = 0.5


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


def writer_place(engine: Engine) -> AbstractContextManager[None]:
    """A place among the writers: a share of the pool is kept for reads.

    Raises faults.NoConnection when too many write for too long.
    """
    too_late = faults.NoConnection("all connections that writers may take are in use")
    return deadline.turn(state_of(engine).writers, too_late)


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
        return {**common, "connect_args": {"check_same_thread": False}}
    return {
        **common,
        "paramstyle": "format",
        "pool_recycle": 300,
        "pool_use_lifo": True,
        "connect_args": mariadb.arguments(url),
    }


def _combiner() -> "Combiner[CompiledChange, Rows]":
    return Combiner(lambda change: change.length)


def prepare(engine: Engine, failover: Sequence[str] = ()) -> None:
    """Attaches the connect hooks. Opens nothing."""
    gate = Gate()
    pool_size = cast(sa.QueuePool, engine.pool).size()
    writers = max(1, pool_size - max(1, pool_size // KEPT_FOR_READS))
    files = sqlite.Files(engine.url.database or "") if engine.dialect.name == "sqlite" else None
    _states[engine] = EngineState(gate, threading.BoundedSemaphore(writers), _combiner(), files)
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
    event.listen(engine, "connect", sqlite.set_up)
    event.listen(engine, "close", lambda connection, record: files.forget(connection))


def mark_suspect(engine: Engine, reason: str, *, took: float) -> None:
    """After a connection has failed that had been established: those in the pool are dropped too,
    and where the failure took long, no new one is tried for a while.
    """
    if took > HANGING_AFTER_S:
        state_of(engine).gate.fail(reason, took)
    engine.dispose()


def reset_gate(engine: Engine) -> None:
    """Whoever asks next finds out for itself, however lately another has failed."""
    state_of(engine).gate.reset()
