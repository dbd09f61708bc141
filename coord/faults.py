"""What a database error means: try again inside, answer 503, look again, or a bug.

The numbers are those of MariaDB 10.11 and SQLite 3.40, each seen in the fault tests (`tests/faults`).
"""

import sqlite3
from dataclasses import dataclass

import pymysql
import sqlalchemy as sa


class Contended(Exception):
    """A change was overtaken by others again and again and gave up; nothing was changed."""


class Refused(Exception):
    """No connection was tried, because one failed just now (see engine.Gate)."""


class TooSlow(Refused):
    """The database answers, but so slowly that the caller would wait for too long."""


@dataclass(frozen=True)
class Kind:
    """How an error is answered. `retries`: how often the same change is tried again; `unavailable`: a 503 in the end."""

    name: str
    retries: int = 0
    drops_connection: bool = False
    unavailable: bool = False
    loud: bool = False


CONFLICT = Kind("conflict", unavailable=True)  # tried again for as long as a change may be (see change.settle)
LOCK_WAIT = Kind("lock wait", retries=1, unavailable=True)
UNKNOWN_OUTCOME = Kind("outcome unknown", retries=1, drops_connection=True, unavailable=True)
NOT_WRITABLE = Kind("not writable", retries=1, drops_connection=True, unavailable=True)
GONE = Kind("gone", retries=1, drops_connection=True, unavailable=True)
FULL = Kind("out of resources", unavailable=True)
MISCONFIGURED = Kind("misconfigured", drops_connection=True, unavailable=True, loud=True)
SCHEMA_BEHIND = Kind("schema behind")
MOVED = Kind("moved")
BUG = Kind("bug")

_OWN: dict[type[BaseException], Kind] = {
    TooSlow: Kind("does not answer in time", unavailable=True),
    Refused: Kind("did not answer just now", unavailable=True),
    Contended: Kind("contention", unavailable=True),
    sa.exc.TimeoutError: Kind("no connection came free", unavailable=True),
}

MOVED_NUMBER = 31337  # our own, raised by a change's SIGNAL when a step touched another number of rows than it must

_MARIADB: dict[int, Kind] = {
    **dict.fromkeys((1213, 1020), CONFLICT),
    1205: LOCK_WAIT,
    **dict.fromkeys((1180, 2013), UNKNOWN_OUTCOME),
    **dict.fromkeys((1047, 1290, 1792, 1836), NOT_WRITABLE),
    **dict.fromkeys((2002, 2003, 2005, 2006, 2014, 2055, 1040, 1203, 1226, 1129, 1130, 1053, 1927), GONE),
    **dict.fromkeys((1317, 1969, 1114, 1021, 1030), FULL),
    **dict.fromkeys((1044, 1045, 1049, 1698), MISCONFIGURED),
    **dict.fromkeys((1146, 1054), SCHEMA_BEHIND),
    **dict.fromkeys((1062, 1305, MOVED_NUMBER), MOVED),
}

_SQLITE: dict[str, Kind] = {
    "SQLITE_BUSY": LOCK_WAIT,
    "SQLITE_LOCKED": LOCK_WAIT,
    "SQLITE_FULL": FULL,
    "SQLITE_IOERR": Kind("disk error", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_READONLY": Kind("not writable", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_CANTOPEN": Kind("cannot open", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_PERM": Kind("not permitted", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_CORRUPT": Kind("corrupt", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_NOTADB": Kind("not a database", drops_connection=True, unavailable=True, loud=True),
    "SQLITE_NOMEM": FULL,
    "SQLITE_INTERRUPT": FULL,
}


def kind_of(error: BaseException) -> Kind:
    """What the error means. Looks through SQLAlchemy's wrapper and down the chain of causes."""
    seen: BaseException | None = error
    while seen is not None:
        kind = _kind_of_one(seen)
        if kind is not None:
            return kind
        seen = seen.__cause__ or seen.__context__
    return BUG


def number_of(error: BaseException) -> int | None:
    """MariaDB's number of an error, if it has one."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, pymysql.err.MySQLError) and original.args and isinstance(original.args[0], int):
        return original.args[0]
    return None


def _kind_of_one(error: BaseException) -> Kind | None:
    for kind, meaning in _OWN.items():
        if isinstance(error, kind):
            return meaning
    original = getattr(error, "orig", None) or error
    if isinstance(original, sqlite3.Error):
        return _kind_of_sqlite(original)
    if isinstance(original, pymysql.err.InterfaceError):
        return GONE  # (0, ''): the socket was closed under us
    if isinstance(original, pymysql.err.MySQLError):
        number = number_of(original)
        return _MARIADB.get(number, BUG) if number is not None else BUG
    return None


def _kind_of_sqlite(error: sqlite3.Error) -> Kind:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return MOVED
    for prefix, kind in _SQLITE.items():
        if name == prefix or name.startswith(prefix + "_"):
            return kind
    if "no such table" in str(error) or "no such column" in str(error) or "has no column" in str(error):
        return SCHEMA_BEHIND
    return BUG
