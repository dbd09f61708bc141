"""Connections: how each database is reached, how soon it is given up on, and what every connection is told first.

The rule behind the numbers: a call is answered within 5 s whatever the database does. One connect (1 s) and one statement (2 s) may go
wrong before the others are answered at once; the server is told to give up (1.5 s) before the client does (2 s).
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pymysql
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url

from coord.store import faults
from coord.store.gate import Gate
from coord.store.tables import sqlite_text

CONNECT_TIMEOUT_S = 1
STATEMENT_TIMEOUT_S = 2
POOL_TIMEOUT_S = 1
HANGING_AFTER_S = 0.5  # a connection that fails sooner may just have been closed while it was idle: a new one is tried at once
SQLITE_BUSY_MS = 2000
WRITER_TIMEOUT_S = 2.5  # with SQLITE_BUSY_MS below 5 s

# The server gives up before the client does, and never keeps a lock for a client that has gone silent. wsrep_retry_autocommit=0: with
# Galera's default the server repeats a refused autocommit statement unseen, and the loser is told that it won.
SESSION = (
    "SET SESSION time_zone='+00:00', innodb_lock_wait_timeout=1, lock_wait_timeout=2, max_statement_time=1.5,"
    " idle_write_transaction_timeout=3, idle_transaction_timeout=10, wait_timeout=600, innodb_snapshot_isolation=ON,"
    " wsrep_retry_autocommit=0, tx_isolation='READ-COMMITTED',"
    " sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
)

_writing = threading.Lock()


@contextlib.contextmanager
def sqlite_writer() -> Iterator[None]:
    """SQLite has one writer at a time. Waiting here is fair; SQLite's own waiting polls, and starves under load."""
    if not _writing.acquire(timeout=WRITER_TIMEOUT_S):
        raise faults.WriterBusy("another writer holds the SQLite file")
    try:
        yield
    finally:
        _writing.release()


def normalized(url: str) -> URL:
    """The URL with the driver that coord uses. Raises ValueError for any database but SQLite and MariaDB."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend in ("mysql", "mariadb"):
        return parsed.set(drivername="mariadb+pymysql")
    if backend == "sqlite":
        return parsed.set(drivername="sqlite")
    raise ValueError(f"COORD_DATABASE_URL names {backend}; coord runs on SQLite and MariaDB.")


def options(url: URL, pool_size: int) -> dict[str, Any]:
    """Engine options. Autocommit: a read is one round trip, and a change brings its own BEGIN and COMMIT."""
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
        return {**common, "connect_args": {"check_same_thread": False, "timeout": SQLITE_BUSY_MS / 1000}}
    return {**common, "paramstyle": "format", "pool_recycle": 300, "pool_use_lifo": True, "connect_args": mariadb_arguments(url)}


def mariadb_arguments(url: URL) -> dict[str, Any]:
    """PyMySQL's arguments. TLS only when the URL asks for it: its set-up costs 30 ms a connection."""
    arguments: dict[str, Any] = {
        "charset": "utf8mb4",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": STATEMENT_TIMEOUT_S,
        "write_timeout": STATEMENT_TIMEOUT_S,
    }
    if not any(key.startswith("ssl") for key in url.query):
        arguments["ssl_disabled"] = True
    return arguments


def prepare(engine: Engine, failover: Sequence[str] = ()) -> None:
    """Attaches the connect hooks. Opens nothing."""
    gate = Gate()
    engine.dialect.coord_gate = gate  # type: ignore[attr-defined]
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        return

    def do_connect(dialect: Any, record: Any, args: Any, params: dict[str, Any]) -> Any:
        return gate.through(lambda: _connect_mariadb(params, failover))

    event.listen(engine, "do_connect", do_connect)
    event.listen(engine, "connect", _set_up_mariadb)


def mark_suspect(engine: Engine, reason: str, *, took: float) -> None:
    """A connection that stood has failed: those waiting in the pool are no better. When that took long, nor is a new one for a while."""
    if took > HANGING_AFTER_S:
        engine.dialect.coord_gate.fail(reason, took)  # type: ignore[attr-defined]
    engine.dispose()


def reset_gate(engine: Engine) -> None:
    """Whoever asks next finds out for itself, however lately another has failed."""
    engine.dialect.coord_gate.open()  # type: ignore[attr-defined]


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
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={SQLITE_BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _connect_mariadb(params: dict[str, Any], failover: Sequence[str]) -> Any:
    """The first node that answers and accepts writes; the first that answers at all when none does."""
    if not failover:
        return pymysql.connect(**params)
    reserve: Any = None
    last_error: Exception | None = None
    for host, port in [(params.get("host"), params.get("port")), *map(_host_and_port, failover)]:
        try:
            connection = pymysql.connect(**{**params, "host": host, "port": port or 3306})
        except pymysql.err.MySQLError as error:
            last_error = error
            continue
        if _accepts_writes(connection):
            if reserve is not None:
                reserve.close()
            return connection
        if reserve is None:
            reserve = connection
        else:
            connection.close()
    if reserve is None:
        raise last_error or RuntimeError("no database node is configured")
    return reserve


def _host_and_port(node: str) -> tuple[str, int]:
    host, _, port = node.partition(":")
    return host, int(port or 3306)


def _accepts_writes(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@global.read_only")
        read_only = cursor.fetchone()[0]
        cursor.execute("SHOW STATUS LIKE 'wsrep_ready'")
        ready = cursor.fetchone()
        cursor.execute("SHOW STATUS LIKE 'wsrep_cluster_size'")
        size = cursor.fetchone()
    in_cluster = bool(size and int(size[1]) > 0)
    return not int(read_only) and (not in_cluster or bool(ready and ready[1] == "ON"))


def _set_up_mariadb(connection: Any, record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SESSION)
