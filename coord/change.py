"""Look, decide, commit: how everything that is stored gets read and changed.

A read is one statement, outside any transaction. A write is a `Change`: guarded statements that take hold together or not at all. On
MariaDB they travel as one packet, so no row lock is ever held while something crosses the network, and a worker that dies in the
middle leaves nothing locked. What a change was decided upon is guarded by the row counts of its steps: if it is no longer so, nothing
is changed, and `settle` looks again.
"""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy.pool import PoolProxiedConnection

from coord import bell, engine, faults, journal
from coord.db import db
from coord.statements import Statement, compile_for

log = logging.getLogger(__name__)

T = TypeVar("T")
Rows = list[dict[str, Any]]

LAST_STATEMENT_AFTER_S = 2.9  # with the 2 s that a statement may take, the answer comes within the contract's 5 s


class Look:
    """A connection to read with. Each read is a statement of its own and sees all that was committed before it.

    `began`: when the call did. A database that answers, but slowly, is given up on before the caller has waited for too long.
    """

    def __init__(self, connection: PoolProxiedConnection, began: float) -> None:
        self._connection = connection
        self._began = began
        self.dialect = db.engine.dialect

    def rows(self, statement: Statement, **params: Any) -> Rows:
        self.check_time()
        compiled = compile_for(self.dialect, statement)
        cursor = self.cursor()
        try:
            cursor.execute(compiled.sql, compiled.arguments(params))
            return compiled.rows(cursor.fetchall())
        except Exception as error:
            self.note(error)
            raise
        finally:
            self.close(cursor)

    def row(self, statement: Statement, **params: Any) -> dict[str, Any] | None:
        found = self.rows(statement, **params)
        return found[0] if found else None

    def value(self, statement: Statement, **params: Any) -> Any:
        """The first column of the first row; None when there is no row."""
        found = self.row(statement, **params)
        return next(iter(found.values())) if found else None

    def cursor(self) -> Any:
        return self._connection.cursor()

    def close(self, cursor: Any) -> None:
        """A dropped connection has closed its cursors already, and SQLite's would complain."""
        if self._connection.is_valid:
            cursor.close()

    def rollback(self) -> None:
        self._connection.rollback()

    def note(self, error: BaseException) -> None:
        """Drops the connection, and with it all that are as old, when the error says that it is of no more use."""
        kind = faults.kind_of(error)
        if kind.drops_connection:
            self.drop()
            engine.distrust(db.engine, str(error), took=0 if kind is faults.NOT_WRITABLE else time.monotonic() - self._began)

    def drop(self) -> None:
        if self._connection.is_valid:
            self._connection.invalidate()

    def check_time(self) -> None:
        """Raises faults.TooSlow when one more statement might end too late."""
        if time.monotonic() - self._began > LAST_STATEMENT_AFTER_S:
            raise faults.TooSlow("the database is too slow")


def read(reader: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Calls `reader(look, …)`; again when the connection was lost, as one is that the server closed while it was idle."""
    began = time.monotonic()
    try:
        return _read(began, reader, *args, **kwargs)
    except Exception as error:
        kind = faults.kind_of(error)
        if not (kind.drops_connection and kind.retries):
            raise
    return _read(began, reader, *args, **kwargs)


def _read(began: float, reader: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    with _connection() as connection:
        return reader(Look(connection, began), *args, **kwargs)


def _connection() -> contextlib.closing[PoolProxiedConnection]:
    """One of the pool's as it is: what SQLAlchemy would put around it costs more than many a statement, and is not asked for anything."""
    return contextlib.closing(db.engine.raw_connection())


class Moved(Exception):
    """What a change was decided upon is no longer so: look again."""


@dataclass(frozen=True)
class Step:
    """One statement of a change. `rows`: how many it must touch, else the change is off (None: any number).

    `event`: the number of the event that it belongs to; its parameter `back` then leads from the change's last revision to that event's.
    """

    statement: Statement
    params: Mapping[str, Any]
    rows: int | None = None
    event: int | None = None


@dataclass
class Change:
    """Statements that take hold together or not at all, the events they are recorded as, and what is answered.

    `finish` makes the answer from the rows of the `answering` statement, which is read inside the transaction.
    """

    steps: list[Step] = field(default_factory=list)
    events: list[journal.Event] = field(default_factory=list)
    answer: Step | None = None
    finish: Callable[[Rows], Any] = lambda rows: rows[0] if rows else None

    def add(self, statement: Statement, *, rows: int | None = None, event: int | None = None, **params: Any) -> None:
        self.steps.append(Step(statement, params, rows, event))

    def record(self, event: journal.Event) -> int:
        """The event's number within the change."""
        self.events.append(event)
        return len(self.events)

    def answering(self, statement: Statement, **params: Any) -> None:
        self.answer = Step(statement, params)

    def transaction(self) -> list[Step]:
        """Everything between BEGIN and COMMIT: the head first, so that all guards are judged in its order."""
        count = len(self.events)
        if not count:
            raise ValueError("a change without an event: those who follow the journal would never learn of it")
        return [
            Step(journal.TAKE, {"events": count}),
            *(each if each.event is None else replace(each, params={**each.params, "back": count - each.event}) for each in self.steps),
            *(Step(each.statement or journal.RECORD, {"back": count - at, **vars(each)}) for at, each in enumerate(self.events, 1)),
            *([self.answer] if self.answer else []),
        ]


RETRY_FOR_S = 2.0  # with what one more try against a dead server costs (2 s), the answer comes within the contract's 5 s


def settle(decide: Callable[..., Any], *args: Any, first: Callable[[], Change] | None = None, **kwargs: Any) -> Any:
    """Look, decide, commit; when the world has moved in between, look again.

    `decide(look, …)` reads what it needs and returns a Change, or, when nothing is to be changed, the answer. It may be called several
    times. Raises what it raises, and the database errors that trying again does not cure. When a commit's outcome became unknown it is
    decided anew, so the ids of what it creates must be chosen before. `first` makes a change that is right more often than not: it is
    tried before anything is looked at, which saves the looking.
    """
    began = time.monotonic()
    overtaken = failed = 0
    while not overtaken or time.monotonic() - began < RETRY_FOR_S:
        try:
            with _in_line(began) if overtaken else contextlib.nullcontext(), _connection() as connection:
                look = Look(connection, began)
                decision = first() if first is not None else decide(look, *args, **kwargs)
                return _commit(look, decision) if isinstance(decision, Change) else decision
        except Moved:
            overtaken += first is None
            first = None
        except Exception as error:
            kind = faults.kind_of(error)
            if time.monotonic() - began > RETRY_FOR_S or (kind is not faults.CONFLICT and failed >= kind.retries):
                raise
            if kind is faults.CONFLICT:  # overtaken too: by a writer on another node of the cluster
                overtaken += 1
            else:
                failed += 1
            time.sleep(random.uniform(0, 0.005) * min(overtaken + failed, 10))
    raise faults.Contended(f"{getattr(decide, '__qualname__', decide)} was overtaken {overtaken} times")


_line = threading.Lock()


@contextlib.contextmanager
def _in_line(began: float) -> Iterator[None]:
    """Those that were overtaken go one at a time: all at once they would overtake each other again and again."""
    if not _line.acquire(timeout=max(0.0, began + RETRY_FOR_S - time.monotonic())):
        raise faults.Contended("too many were overtaken")
    try:
        yield
    finally:
        _line.release()


def _commit(look: Look, change: Change) -> Any:
    look.check_time()
    carry_out = _in_turn if look.dialect.name == "sqlite" else _as_one_packet
    rows = carry_out(look, change)
    bell.ring()
    return change.finish(rows)


def run(statement: Statement, **params: Any) -> int:
    """One statement that is nobody's news (the lease of a process), by itself and not journaled: how many rows it touched."""
    began = time.monotonic()
    while True:
        try:
            return _run(began, statement, params)
        except Exception as error:
            if faults.kind_of(error) is not faults.CONFLICT or time.monotonic() - began > RETRY_FOR_S:
                raise


def _run(began: float, statement: Statement, params: Mapping[str, Any]) -> int:
    with _connection() as connection:
        look = Look(connection, began)
        compiled = compile_for(look.dialect, statement)
        cursor = look.cursor()
        try:
            with engine.writers_turn() if look.dialect.name == "sqlite" else contextlib.nullcontext():
                cursor.execute(compiled.sql, compiled.arguments(params))
            return int(cursor.rowcount)
        except Exception as error:
            look.note(error)
            raise
        finally:
            look.close(cursor)


_CHECK = f"IF ROW_COUNT() <> %d THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {faults.MOVED_NUMBER}; END IF"


def _as_one_packet(look: Look, change: Change) -> Rows:
    """MariaDB: the whole transaction as one compound statement, which rolls itself back when anything in it fails."""
    cursor = look.cursor()
    parts = ["BEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END", "START TRANSACTION"]
    for step in change.transaction():
        compiled = compile_for(look.dialect, step.statement)
        parts.append(cursor.mogrify(compiled.sql, compiled.arguments(step.params)))
        if step.rows is not None:
            parts.append(_CHECK % step.rows)
    parts.append("COMMIT")
    rows: Rows = []
    try:
        cursor.execute("; ".join(parts) + "; END")
        if change.answer is not None:
            rows = compile_for(look.dialect, change.answer.statement).rows(cursor.fetchall())
            cursor.nextset()  # the end of the compound, where a failed COMMIT would be told
    except Exception as error:
        _undo(look, error)
    finally:
        look.close(cursor)
    return rows


def _in_turn(look: Look, change: Change) -> Rows:
    """SQLite: statement by statement, one writer of this process at a time, first come first served."""
    rows: Rows = []
    cursor = look.cursor()
    with engine.writers_turn():
        try:
            cursor.execute("BEGIN IMMEDIATE")
            for step in change.transaction():
                compiled = compile_for(look.dialect, step.statement)
                cursor.execute(compiled.sql, compiled.arguments(step.params))
                if step.rows is not None and cursor.rowcount != step.rows:
                    raise Moved
                if step is change.answer:
                    rows = compiled.rows(cursor.fetchall())
            cursor.execute("COMMIT")
        except Exception as error:
            _undo(look, error)
        finally:
            look.close(cursor)
    return rows


def _undo(look: Look, error: Exception) -> None:
    """Rolls back what an error left open and raises it, as Moved where it says that another was faster."""
    look.note(error)
    kind = faults.kind_of(error)
    rolled_back = kind is faults.MOVED and look.dialect.name == "mariadb"  # by the handler of the compound
    if not (kind.drops_connection or rolled_back):
        try:
            look.rollback()
        except Exception as second:
            log.warning("rollback failed, connection dropped: %r", second)
            look.drop()
    if kind is faults.MOVED:
        raise Moved from error
    raise error
