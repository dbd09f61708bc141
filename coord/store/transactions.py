"""Read, decide, commit: how everything that is stored gets changed.

A deciding function reads what it needs and returns a `Change`. What it decided upon is guarded by
the row counts of the change's steps: if that is no longer so, nothing is changed, and it is asked
to decide again.
"""

import contextlib
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Concatenate, ParamSpec, TypeVar

import pymysql

from coord.store import deadline, faults, journal, sqlite
from coord.store.carry_out import commit, decide_inside
from coord.store.change import Answer, Change, Decision
from coord.store.faults import GuardFailed
from coord.store.reader import Reader, pooled_connection, read
from coord.store.statements import Statement, compile_for
from coord.store.tables import database

P = ParamSpec("P")
T = TypeVar("T")

LAST_TRY_S = 1.0  # with less time left than this a change that failed is not decided again
# Guards of one call that failed: those that retry go one at a time, so few fail as often.
SUSPICIOUS = 10


def transact(
    decide: Callable[Concatenate[Reader, P], Decision[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Asks `decide(db, …)` for a change, commits it and answers; when a guard fails, it decides
    again.

    It may be called several times. Raises what it raises, GuardFailed when its guards failed for
    too long, and the database errors that trying again does not cure. When a commit's outcome
    became unknown it is decided anew, so the ids of what it creates must be chosen before.
    """
    return _transact(None, lambda db: decide(db, *args, **kwargs))


def transact_optimistically(
    optimistic: Callable[[], Change[T]],
    decide: Callable[Concatenate[Reader, P], Decision[T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """`transact`, but a change that is right more often than not is tried first, which saves the
    reading.
    """
    return _transact(optimistic, lambda db: decide(db, *args, **kwargs))


def _transact(
    optimistic: Callable[[], Change[T]] | None, decide: Callable[[Reader], Decision[T]]
) -> T:
    with deadline.shared():
        deadline.check()
        try:
            return _until_it_holds(optimistic, decide)
        except (GuardFailed, sqlite3.Error, pymysql.err.MySQLError) as error:
            if faults.classify(error) in (faults.BUG, faults.CONTENTION):
                _check_head()
            raise


def _until_it_holds(
    optimistic: Callable[[], Change[T]] | None, decide: Callable[[Reader], Decision[T]]
) -> T:
    guards_failed = failed = 0
    alone = False
    while not guards_failed or deadline.remaining() > LAST_TRY_S:
        if guards_failed == SUSPICIOUS:
            _check_head()
        try:
            with _one_at_a_time() if guards_failed else contextlib.nullcontext():
                return _once(optimistic, decide, retry=guards_failed > 0, alone=alone)
        except GuardFailed:
            if optimistic is None:
                guards_failed += 1
            optimistic = None
        except faults.LostTogether:  # its own connection may be as good as ever
            if deadline.remaining() < LAST_TRY_S:
                raise
            alone = True
        except Exception as error:
            fault = faults.classify(error)
            # A conflict is a failed guard too: a writer on another node of the cluster was faster.
            if deadline.remaining() < LAST_TRY_S or (
                fault is not faults.CONFLICT and failed >= fault.retries
            ):
                raise
            if fault is faults.CONFLICT:
                guards_failed += 1
            else:
                failed += 1
            time.sleep(random.uniform(0, 0.005) * min(guards_failed + failed, 10))
    raise GuardFailed(f"its guards failed {guards_failed} times")


def _check_head() -> None:
    """Raises HeadBroken where no change can be numbered, however often it is tried."""
    problem = read(journal.problem_of_head)
    if problem is not None:
        raise faults.HeadBroken(problem)


def _once(
    optimistic: Callable[[], Change[T]] | None,
    decide: Callable[[Reader], Decision[T]],
    *,
    retry: bool,
    alone: bool,
) -> T:
    if retry and database.engine.dialect.name == "sqlite":
        return decide_inside(decide)
    if optimistic is not None:
        return commit(optimistic(), alone=alone)
    with pooled_connection() as connection:
        decision = decide(Reader(connection))
    return decision.value if isinstance(decision, Answer) else commit(decision, alone=alone)


_retrying = threading.Lock()


def _one_at_a_time() -> AbstractContextManager[None]:
    """Those whose guards failed go one at a time: all at once they would fail each other again and
    again.
    """
    return deadline.turn(_retrying, GuardFailed("too many retry at once"), leave_s=LAST_TRY_S)


def run(statement: Statement, values: Mapping[str, Any]) -> int:
    """One statement that is nobody's news (the lease of a process), by itself and not journaled:
    how many rows it touched.
    """
    with deadline.shared():
        while True:
            try:
                return _run(statement, values)
            except Exception as error:
                if (
                    faults.classify(error) is not faults.CONFLICT
                    or deadline.remaining() < LAST_TRY_S
                ):
                    raise


def _run(statement: Statement, values: Mapping[str, Any]) -> int:
    with pooled_connection() as connection:
        db = Reader(connection)
        compiled = compile_for(db.dialect, statement)
        with sqlite.writer() if db.dialect.name == "sqlite" else contextlib.nullcontext():
            cursor = db.cursor()
            try:
                cursor.execute(compiled.sql, compiled.arguments(values))
                return int(cursor.rowcount)
            except Exception as error:
                db.drop_if_broken(error)
                raise
            finally:
                db.close(cursor)
