"""How each database carries out a change: MariaDB in one packet, SQLite statement by statement
under the writer's lock.

On MariaDB no row lock is ever held while something crosses the network, and a worker that dies in
the middle leaves nothing locked.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, TypeVar

from sqlalchemy.engine import Dialect

from coord.store import bell, engine, faults
from coord.store.change import Answer, Change, Decision, Step
from coord.store.faults import GuardFailed
from coord.store.reader import Reader, Rows
from coord.store.statements import Compiled, compile_for

log = logging.getLogger(__name__)

T = TypeVar("T")


def commit(db: Reader, change: Change[T]) -> T:
    """Carries the change out and answers.

    Raises GuardFailed when a step touched another number of rows than it must.
    """
    carry_out = _one_by_one if db.dialect.name == "sqlite" else _as_one_packet
    rows = carry_out(db, change)
    bell.ring()
    return change.finish(rows)


_CHECK = (
    "IF ROW_COUNT() <> %d THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO ="
    f" {faults.GUARD_FAILED_NUMBER}; END IF"
)


def packet(
    dialect: Dialect, change: Change[Any], fill_in: Callable[[str, Sequence[Any]], str]
) -> list[str]:
    """The statements of the whole transaction, one compound that rolls itself back when anything in
    it fails.

    `fill_in(sql, arguments)` puts the arguments in their places, quoted.
    """
    statements = [
        "BEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END",
        "START TRANSACTION",
    ]
    for step in change.transaction():
        compiled = compile_for(dialect, step.statement)
        statements.append(fill_in(compiled.sql, compiled.arguments(step.values)))
        if step.expect is not None:
            statements.append(_CHECK % step.expect)
    return [*statements, "COMMIT", "END"]


def _as_one_packet(db: Reader, change: Change[Any]) -> Rows:
    rows: Rows = []
    cursor = db.cursor()
    try:
        cursor.execute("; ".join(packet(db.dialect, change, cursor.mogrify)))
        if change.query is not None:
            rows = compile_for(db.dialect, change.query.statement).rows(cursor.fetchall())
            cursor.nextset()  # the end of the compound, where a failed COMMIT would be reported
    except BaseException as error:
        _undo(db, error)
    finally:
        db.close(cursor)
    return rows


def _one_by_one(db: Reader, change: Change[Any]) -> Rows:
    steps = _compiled_steps(
        db, change
    )  # before its turn: while it has that, all other writers of the process wait
    with _sqlite_transaction(db) as cursor:
        return _carry_out_steps(steps, change.query, cursor)


def decide_inside(db: Reader, decide: Callable[[Reader], Decision[T]]) -> T:
    """SQLite only: decides in the writer's turn, where no guard can fail.

    All others that write wait for that, so it is for a retry.
    """
    rows: Rows = []
    with _sqlite_transaction(db) as cursor:
        decision = decide(db)
        if isinstance(decision, Change):
            rows = _carry_out_steps(_compiled_steps(db, decision), decision.query, cursor)
    if isinstance(decision, Answer):
        return decision.value
    bell.ring()
    return decision.finish(rows)


@contextlib.contextmanager
def _sqlite_transaction(db: Reader) -> Iterator[Any]:
    """The writer's turn, with a cursor in it: committed at the end, undone when anything
    is raised.
    """
    with engine.sqlite_writer():
        cursor = db.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            db.check_files()
            cursor.execute("COMMIT")
        except BaseException as error:
            _undo(db, error)
        finally:
            db.close(cursor)


def _compiled_steps(db: Reader, change: Change[Any]) -> list[tuple[Step, Compiled]]:
    return [(step, compile_for(db.dialect, step.statement)) for step in change.transaction()]


def _carry_out_steps(steps: list[tuple[Step, Compiled]], query: Step | None, cursor: Any) -> Rows:
    rows: Rows = []
    for step, compiled in steps:
        cursor.execute(compiled.sql, compiled.arguments(step.values))
        if step.expect is not None and cursor.rowcount != step.expect:
            raise GuardFailed
        if step is query:
            rows = compiled.rows(cursor.fetchall())
    return rows


def _undo(db: Reader, error: BaseException) -> NoReturn:
    """Rolls back what an error left open and raises it, as GuardFailed where it says that another
    was faster.
    """
    db.drop_if_broken(error)
    fault = faults.classify(error)
    rolled_back = (
        fault is faults.GUARD_FAILED and db.dialect.name == "mariadb"
    )  # by the handler of the compound
    if not (fault.drops_connection or rolled_back):
        try:
            db.rollback()
        except Exception as second:
            log.warning("rollback failed, connection dropped: %r", second)
            db.drop()
    if fault is faults.GUARD_FAILED:
        raise GuardFailed from error
    raise error
