"""What a database error means: try again inside, answer 503, look again, or a bug.

The numbers are those of MariaDB 10.11 and SQLite 3.40, each seen in the fault tests
(`tests/faults`).
"""

import sqlite3
from dataclasses import dataclass

import pymysql
import sqlalchemy as sa


class GuardFailed(Exception):
    """What a change was decided upon is no longer so: another was faster, and nothing was changed.
    Decide again.

    Raised by `transact` only when that happened again and again.
    """


class GivenUp(Exception):
    """coord gave up on the database for this call, without an error of the database's own."""


class CircuitOpen(GivenUp):
    """No connection was tried, because one failed a moment ago (see gate.Gate)."""


class CannotConnect(GivenUp):
    """The server lets nobody in, for a reason that has no other name here: a locked account, an
    expired password, TLS that does not fit, a version that is too old, …
    """


class HeadBroken(GivenUp):
    """The table journal_head has no row, or one that is behind the journal, so no change can be
    numbered.
    """


class FileReplaced(GivenUp):
    """The file of SQLite's that is open is not the one at its path."""


class WriterBusy(GivenUp):
    """Another writer of this process holds the SQLite file."""


class NoConnection(GivenUp):
    """Too many changes are under way in this process."""


class TooSlow(GivenUp):
    """The database answers, but so slowly that the caller would wait for too long."""


class LostTogether(GivenUp):
    """The change went over another caller's connection, which was lost: nobody knows whether it
    took hold.
    """


@dataclass(frozen=True)
class Fault:
    """How an error is answered.

    `retries`: how often the same change is tried again; `unavailable`: a 503 in the end.
    """

    name: str
    retries: int = 0
    drops_connection: bool = False
    unavailable: bool = False
    loud: bool = False


# tried again for as long as a change may be (see transactions.transact)
CONFLICT = Fault("conflict", unavailable=True)
LOCK_WAIT = Fault("lock wait", retries=1, unavailable=True)
UNKNOWN_OUTCOME = Fault("outcome unknown", retries=1, drops_connection=True, unavailable=True)
NOT_WRITABLE = Fault("not writable", retries=1, drops_connection=True, unavailable=True)
GONE = Fault("gone", retries=1, drops_connection=True, unavailable=True)
FULL = Fault("out of resources", unavailable=True)
MISCONFIGURED = Fault("misconfigured", drops_connection=True, unavailable=True, loud=True)
SERVER_ERROR = Fault("server error", unavailable=True, loud=True)
CORRUPT = Fault("corrupt", drops_connection=True, unavailable=True, loud=True)
TOO_LARGE = Fault("larger than max_allowed_packet", unavailable=True, loud=True)
SCHEMA_BEHIND = Fault("schema behind")
GUARD_FAILED = Fault("guard failed")
CONTENTION = Fault("contention", unavailable=True)
HEAD_BROKEN = Fault("journal head broken", loud=True)
BUG = Fault("bug")

_OWN: dict[type[BaseException], Fault] = {
    CannotConnect: Fault("cannot connect", unavailable=True, loud=True),
    TooSlow: Fault("does not answer in time", unavailable=True),
    HeadBroken: HEAD_BROKEN,
    FileReplaced: Fault("the file was replaced", unavailable=True, loud=True),
    NoConnection: Fault("no connection came free", unavailable=True),
    WriterBusy: Fault("another writer holds the file", unavailable=True),
    CircuitOpen: Fault("did not answer just now", unavailable=True),
    LostTogether: Fault("outcome unknown", unavailable=True),
    GuardFailed: CONTENTION,
    sa.exc.TimeoutError: Fault("no connection came free", unavailable=True),
}

TOO_MANY_PREPARED = 1461  # max_prepared_stmt_count of the server is reached

# our own, raised by a change's SIGNAL when a step touched another number of rows than it must
GUARD_FAILED_NUMBER = 31337
DUPLICATE_NUMBER = 1062

# What a statement of coord's can meet, by https://mariadb.com/kb/en/mariadb-error-codes/. Numbers
# below 1000 are of the server's own library and engines (include/mysys_err.h, include/my_base.h),
# and reach a client as they are: 1 is "Can't create/write to file".
_MARIADB: dict[int, Fault] = {
    # 1412: its table was altered meanwhile; 1615: what was prepared is out of date
    **dict.fromkeys((1213, 1020, 1412, 1615, 123, 149, 159, 200), CONFLICT),
    **dict.fromkeys((1205, 1689, 146), LOCK_WAIT),
    # 1181: of a rollback, so the connection may be in the middle of something
    **dict.fromkeys((1180, 1181, 2013, 197), UNKNOWN_OUTCOME),
    **dict.fromkeys((1047, 1290, 1792, 1836, 1036, 1874, 1881, 148, 165), NOT_WRITABLE),
    # nobody there, too many, not now; 1243: what was prepared is no more
    **dict.fromkeys((2002, 2003, 2005, 2006, 2014, 2055), GONE),
    **dict.fromkeys((1040, 1203, 1226, 1129, 1130, 1053, 1927, 3032, 157, 1243), GONE),
    # of the network, as the server sees it
    **dict.fromkeys((1152, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1835), GONE),
    # interrupted, by hand or by a limit
    **dict.fromkeys((1317, 1969, 1028, 188), FULL),
    # of the disk, and of the room for temporary tables
    **dict.fromkeys((1021, 1114, 1030, 1026, 1296, 1297, 1878, 4139), FULL),
    **dict.fromkeys((20, 41, 42, 135, 136, 189), FULL),
    # of memory, descriptors, threads, locks, transactions and the binary log's room
    **dict.fromkeys((1037, 1038, 1041, 3015, 3044, 5, 128, 23, 1135, 1206, 147), FULL),
    **dict.fromkeys((1637, 177, 3019, 1197, 1705, 1534, 1598, 161), FULL),
    # files that the server cannot make, open, read or write: its folder for temporary ones is gone
    **dict.fromkeys(
        (*range(1, 5), *range(6, 20), 21, *range(24, 28), *range(29, 36)), SERVER_ERROR
    ),
    **dict.fromkeys((1004, 1005, *range(1011, 1020), 1023, 1024, 1025, 1039), SERVER_ERROR),
    **dict.fromkeys((1376, 1810, 1811, 1815, 122, 168), SERVER_ERROR),
    **dict.fromkeys((1044, 1045, 1049, 1698), MISCONFIGURED),
    # rights that were taken away; binlog_format=STATEMENT; a password that has expired
    **dict.fromkeys((1142, 1143, 1227, 1665, 1820), MISCONFIGURED),
    # thread_stack is too small; InnoDB did not start
    **dict.fromkeys((1119, 1436, 1286, 3003, 4182), MISCONFIGURED),
    1153: TOO_LARGE,
    **dict.fromkeys((1033, 1034, 1035, 1194, 1195, 1455, 1459, 1707, 1712, 1728), CORRUPT),
    **dict.fromkeys((1808, 1812, 1814, 1817, 1877, 1932, 3000), CORRUPT),
    **dict.fromkeys((126, 127, 130, 132, 134, 144, 145, 155, 164, 172), CORRUPT),
    **dict.fromkeys((174, 175, 176, 180, 190, 192, 194, 199), CORRUPT),
    **dict.fromkeys((1146, 1054, 1176), SCHEMA_BEHIND),
    **dict.fromkeys((DUPLICATE_NUMBER, 1305, GUARD_FAILED_NUMBER), GUARD_FAILED),
}

_SQLITE: dict[str, Fault] = {
    "SQLITE_BUSY": LOCK_WAIT,
    "SQLITE_LOCKED": LOCK_WAIT,
    "SQLITE_PROTOCOL": LOCK_WAIT,  # too many open the log at once
    "SQLITE_FULL": FULL,
    "SQLITE_IOERR": Fault("disk error", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_READONLY": Fault("not writable", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_CANTOPEN": Fault("cannot open", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_PERM": Fault("not permitted", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_CORRUPT": CORRUPT,
    "SQLITE_NOTADB": Fault("not a database", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_NOMEM": FULL,
    "SQLITE_INTERRUPT": FULL,
}

_MISSING_IN_SQLITE = ("no such table", "no such column", "has no column", "no such index")


def classify(error: BaseException) -> Fault:
    """What the error means. Looks through SQLAlchemy's wrapper and down the chain of causes."""
    cause: BaseException | None = error
    while cause is not None:
        fault = _classify_link(cause)
        if fault is not None:
            return fault
        cause = cause.__cause__ or cause.__context__
    return BUG


def error_number(error: BaseException) -> int | None:
    """MariaDB's number of an error, if it has one."""
    original = getattr(error, "orig", None) or error
    if (
        isinstance(original, pymysql.err.MySQLError)
        and original.args
        and isinstance(original.args[0], int)
    ):
        return original.args[0]
    return None


def _classify_link(error: BaseException) -> Fault | None:
    for kind, fault in _OWN.items():
        if isinstance(error, kind):
            return fault
    original = getattr(error, "orig", None) or error
    if isinstance(original, sqlite3.Error):
        return _classify_sqlite(original)
    if isinstance(original, pymysql.err.InterfaceError):
        return GONE  # (0, ''): the socket was closed under us
    if isinstance(original, pymysql.err.MySQLError):
        number = error_number(original)
        if number is not None:
            return _MARIADB.get(number, BUG)
        # the driver could not make sense of what came
        is_garbled = isinstance(original, pymysql.err.InternalError)
        return UNKNOWN_OUTCOME if is_garbled else BUG
    return None


def _classify_sqlite(error: sqlite3.Error) -> Fault:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return GUARD_FAILED
    for prefix, fault in _SQLITE.items():
        if name == prefix or name.startswith(prefix + "_"):
            return fault
    if any(missing in str(error) for missing in _MISSING_IN_SQLITE):
        return SCHEMA_BEHIND
    return BUG
