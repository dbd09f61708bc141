"""Reading: one statement at a time, outside any transaction."""

import contextlib
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.pool import PoolProxiedConnection

from coord.store import deadline, engine, faults, sqlite
from coord.store.statements import Statement, compile_for
from coord.store.tables import database

P = ParamSpec("P")
T = TypeVar("T")

Row = dict[str, Any]
Rows = list[Row]


class Reader:
    """A connection to read with. Each read sees all that was committed before it began.

    A database that answers, but slowly, is given up on before the caller has waited for too long.
    """

    def __init__(self, connection: PoolProxiedConnection) -> None:
        self._connection = connection
        self._began = time.monotonic()
        pool_engine = database.engine
        self.dialect = pool_engine.dialect
        self._files = engine.state_of(pool_engine).files
        self.check_files()

    def rows(self, statement: Statement, /, **values: Any) -> Rows:
        compiled = compile_for(self.dialect, statement)
        cursor = self.cursor()
        try:
            cursor.execute(compiled.sql, compiled.arguments(values))
            return compiled.rows(cursor.fetchall())
        except Exception as error:
            self.drop_if_broken(error)
            raise
        finally:
            self.close(cursor)

    def row(self, statement: Statement, /, **values: Any) -> Row | None:
        rows = self.rows(statement, **values)
        return rows[0] if rows else None

    def value(self, statement: Statement, /, **values: Any) -> Any:
        """The first column of the first row; None when there is no row."""
        row = self.row(statement, **values)
        return next(iter(row.values())) if row else None

    def cursor(self) -> Any:
        """For one more step. Raises faults.TooSlow when the time of the call is used up."""
        deadline.check()
        cursor = self._connection.cursor()
        if self.dialect.name == "sqlite":
            sqlite.bound_wait(cursor, self.info)
        return cursor

    @property
    def info(self) -> dict[str, Any]:
        """What is noted of the connection, for as long as it stands."""
        return self._connection.info

    def close(self, cursor: Any) -> None:
        """A dropped connection has closed its cursors already, and SQLite's would complain."""
        if self._connection.is_valid:
            cursor.close()

    def rollback(self) -> None:
        self._connection.rollback()

    def drop_if_broken(self, error: BaseException) -> None:
        """Drops the connection when the error says that it is of no more use; those in the pool are
        likely to be as bad, and go with it.
        """
        if self._files is not None:
            self._files.note(error)
        fault = faults.classify(error)
        if fault.drops_connection:
            self.drop()
            if deadline.remaining() > 0:  # else it was this call that had no more time
                took = 0 if fault is faults.NOT_WRITABLE else time.monotonic() - self._began
                engine.mark_suspect(database.engine, str(error), took=took)

    def check_files(self) -> None:
        """Raises faults.FileReplaced when a SQLite connection no longer has the files that are at
        their path.
        """
        if self._files is not None:
            self._files.check(self._connection.dbapi_connection)

    def drop(self) -> None:
        if self._connection.is_valid:
            self._connection.invalidate()


def read(query: Callable[Concatenate[Reader, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls `query(db, …)`, and once more when the connection was lost, as one is that the server
    closed while idle.
    """
    with deadline.shared():
        try:
            return _read(query, *args, **kwargs)
        except Exception as error:
            fault = faults.classify(error)
            if not (fault.drops_connection and fault.retries):
                raise
        return _read(query, *args, **kwargs)


def _read(query: Callable[Concatenate[Reader, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    with pooled_connection() as connection:
        return query(Reader(connection), *args, **kwargs)


def pooled_connection() -> contextlib.closing[PoolProxiedConnection]:
    """A connection of the pool without SQLAlchemy's own around it, which costs more than a short
    statement.
    """
    deadline.check()
    return contextlib.closing(database.engine.raw_connection())
