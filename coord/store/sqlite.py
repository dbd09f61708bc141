"""SQLite: its files, its clock, and the turns of its writers.

The files are opened and never made by a connection, and watched for as long as they are open. Who
puts another file in the place of an open one (a backup, a tidy operator) leaves two databases
under one name: what is open goes on in the old file, and the next connection reads the new one.
Both would grant the same lock. So the files at the path are compared with those that were opened,
before each step and before each commit; once they differ, nothing is answered from either until a
restart.
"""

import contextlib
import logging
import os
import sqlite3
import threading
import weakref
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import quote, unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import Dialect

from coord.store import deadline, faults
from coord.store.tables import sqlite_text

log = logging.getLogger(__name__)


class _Compiler(SQLiteCompiler):
    """Writes hints after the names of tables: SQLAlchemy has them for other databases only."""

    def get_from_hint_text(self, table: sa.FromClause, text: str | None) -> str | None:
        return text


def write_hints(dialect: Dialect) -> None:
    dialect.statement_compiler = _Compiler


BUSY_MS = 2000
# telling a connection how long to wait is a statement, so not for every millisecond
BUSY_STEP_MS = 250
WRITER_TIMEOUT_S = 2.5

SUFFIXES = ("", "-wal", "-shm")
CUT_SHORT = (
    "SQLITE_IOERR_SHORT_READ"  # of the log alone: SQLite takes a short file for an empty page
)

FileIds = tuple[tuple[int, int] | None, ...]


def path_of(name: str) -> str:
    """The path of a database by its name, which may be a URI; empty for one in memory."""
    return (
        unquote(urlsplit(name).path) if name.startswith("file:") else name.removeprefix(":memory:")
    )


def create(path: str) -> None:
    """Makes an empty file that only its user may read, where there is none. What SQLite puts beside
    it, it makes alike. Where it cannot be made, SQLite says why.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


class Connection(sqlite3.Connection):
    """`files`: device and inode of each of its files when it was opened."""

    files: FileIds = ()


class Files:
    """The files of one database as this process has them open.

    `name`: its path, or a URI that says more; empty for one in memory.
    """

    def __init__(self, name: str) -> None:
        self.path = path_of(name)
        self._paths = [self.path + suffix for suffix in SUFFIXES]
        self._lock = threading.Lock()
        self._opened: tuple[int, int] | None = None
        self._open: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._replaced: str | None = None

    def connect(self, name: str, **arguments: Any) -> sqlite3.Connection:
        """Raises FileReplaced when it is not the file that was opened at first.

        What is open is looked at before another is opened: SQLite would make a removed log anew.
        """
        self._refuse_if_replaced()
        with self._lock:  # under which nobody forgets a connection, and so none is closed
            is_same = all(other.files == self._ids() for other in self._open)
        if not is_same:
            self._note_replaced()
        if self.path and not arguments.get("uri"):
            # never rwc, which would make a missing file
            name = f"file:{quote(os.path.abspath(self.path))}?mode=rw"
        opened: Connection = sqlite3.connect(
            name, **{**arguments, "uri": True, "factory": Connection, "timeout": _busy_ms() / 1000}
        )
        try:
            opened.execute("PRAGMA journal_mode=WAL")
            opened.execute(f"PRAGMA busy_timeout={_busy_ms()}")
            if self.path:
                self._watch(opened)
        except BaseException:
            opened.close()
            raise
        return opened

    def _watch(self, opened: Connection) -> None:
        opened.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # opens the log too
        opened.files = self._ids()
        with self._lock:
            self._opened = self._opened or opened.files[0]
            is_same = opened.files[0] == self._opened and all(
                other.files == opened.files for other in self._open
            )
            self._open.add(opened)
        if not is_same:
            self._note_replaced()

    def forget(self, connection: Connection) -> None:
        """It is about to be closed.

        The last one that is closed takes the log with it, so the next opens another.
        """
        with self._lock:
            self._open.discard(connection)

    def check(self, connection: Any) -> None:
        """Raises FileReplaced when the connection's files are no longer those at the path."""
        self._refuse_if_replaced()
        if self.path and connection.files != self._ids():
            self._note_replaced()

    def _ids(self) -> FileIds:
        return tuple([_id_of(path) for path in self._paths])

    def _refuse_if_replaced(self) -> None:
        if self._replaced is not None:
            raise faults.FileReplaced(self._replaced)

    def note(self, error: BaseException) -> None:
        """A log that ends before what was committed to it was cut short under the service. The next
        connection would go on without that, and grant again what is held.
        """
        if self._replaced is None and getattr(error, "sqlite_errorname", "") == CUT_SHORT:
            self._refuse_from_now_on(
                f"{self.path}-wal was cut short while it was open, and lost what had been"
                " committed: restore a backup or restart coord"
            )

    def _note_replaced(self) -> NoReturn:
        reason = (
            f"{self.path} was removed or replaced while it was open (or its -wal or -shm): restart"
            " coord"
        )
        self._refuse_from_now_on(reason)
        raise faults.FileReplaced(reason)

    def _refuse_from_now_on(self, reason: str) -> None:
        self._replaced = reason
        log.critical("%s", reason)


def _id_of(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


_writing = threading.Lock()


def writer() -> AbstractContextManager[None]:
    """The turn of one writer of this process.

    Waiting here is fair; SQLite's own waiting polls, and starves under load.
    """
    too_late = faults.WriterBusy("another writer holds the SQLite file")
    return deadline.turn(_writing, too_late, leave_s=0.0, at_most_s=WRITER_TIMEOUT_S)


def _busy_ms() -> int:
    """How long to wait for other processes, at most; no longer than the call has time."""
    return max(0, min(BUSY_MS, int(deadline.remaining() * 1000)))


def bound_wait(cursor: Any, info: dict[str, Any]) -> None:
    """Lets the connection wait for other processes no longer than the call has time.

    `info`: the connection's, which remembers the limit that it has.
    """
    step_ms = int(deadline.remaining() * 1000) // BUSY_STEP_MS * BUSY_STEP_MS
    wait_ms = min(BUSY_MS, step_ms)
    if info.get("coord_busy_ms", BUSY_MS) != wait_ms:
        cursor.execute(f"PRAGMA busy_timeout={wait_ms}")
        info["coord_busy_ms"] = wait_ms


def utc_now() -> datetime:
    """The clock of SQLite, which has none with microseconds of its own."""
    return datetime.now(UTC)


def _now() -> str:
    return sqlite_text(utc_now().replace(tzinfo=None))


def _plus(moment: str | None, microseconds: int | None) -> str | None:
    if moment is None or microseconds is None:
        return None
    return sqlite_text(datetime.fromisoformat(moment) + timedelta(microseconds=microseconds))


def set_up(connection: sqlite3.Connection, record: Any) -> None:
    """What a connection is told first."""
    connection.create_function("coord_now", 0, _now)
    connection.create_function("coord_plus", 2, _plus, deterministic=True)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")
