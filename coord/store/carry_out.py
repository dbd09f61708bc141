"""How each database carries out a change: MariaDB in one packet, SQLite statement by statement
under the writer's lock.

On MariaDB no row lock is ever held while something crosses the network, and a worker that dies in
the middle leaves nothing locked.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, TypeVar

from coord.store import bell, compound, deadline, engine, faults, sqlite
from coord.store.change import Answer, Change, Decision
from coord.store.combiner import Combiner
from coord.store.compiled_change import CompiledChange, compile_change
from coord.store.faults import GuardFailed
from coord.store.reader import Reader, Rows, pooled_connection
from coord.store.tables import database

log = logging.getLogger(__name__)

T = TypeVar("T")

Outcome = Rows | Exception
"""What a change read, or why nothing of it took hold."""


def commit(change: Change[T], *, alone: bool = False) -> T:
    """Carries the change out, together with others that come at the same time if not `alone`, and
    answers. Only the caller that sends for all takes a connection, and only then: those that wait
    for their turn would leave none for it.

    Raises GuardFailed when a step touched another number of rows than it must.
    """
    compiled = compile_change(database.engine.dialect, change)
    deadline.check()  # here, since another caller may send it
    return change.finish(combiner().carry_out(compiled, _carry_out, alone=alone))


def combiner() -> Combiner[CompiledChange, Rows]:
    """That of the database in use."""
    return engine.state_of(database.engine).combiner


def _carry_out(changes: Sequence[CompiledChange]) -> list[Outcome]:
    """The outcome of each. Their followers go with them; where the transaction as a whole fails,
    which may be a follower's doing, the changes are sent again without.
    """
    parts = [part for change in changes for part in (change, change.follower) if part is not None]
    try:
        outcomes = _send(parts)
    except Exception as error:
        is_lost = faults.classify(error).drops_connection or isinstance(error, faults.GivenUp)
        if is_lost or len(parts) == len(changes):
            raise
        parts = list(changes)
        outcomes = _send(parts)
    carried_out = list(zip(parts, outcomes, strict=True))
    for part, outcome in carried_out:
        if part.on_commit is not None and not isinstance(outcome, Exception):
            part.on_commit(outcome)
    bell.ring(_news(carried_out))
    return [outcome for part, outcome in carried_out if part.on_commit is None]


def _send(changes: Sequence[CompiledChange]) -> list[Outcome]:
    send = _as_transaction if database.engine.dialect.name == "sqlite" else _as_packet
    with _writer() as db:
        return send(db, changes)


@contextlib.contextmanager
def _writer() -> Iterator[Reader]:
    """One of the connections that writers may take."""
    with engine.writer_place(database.engine), pooled_connection() as connection:
        yield Reader(connection)


def _news(carried_out: Sequence[tuple[CompiledChange, Outcome]]) -> frozenset[str]:
    """The topics that the bell is rung for. A follower stands behind the change that it
    follows.
    """
    news: list[frozenset[str]] = []
    for part, outcome in carried_out:
        if isinstance(outcome, Exception):
            news.append(frozenset())
            continue
        if part.settles:
            news[-1] -= part.settles
        news.append(part.news)
    return frozenset().union(*news)


def _as_packet(db: Reader, changes: Sequence[CompiledChange]) -> list[Outcome]:
    cursor = db.cursor()
    try:
        if len(changes) == 1:
            return [_alone(db, cursor, changes[0])]
        compound.send_together(db, cursor, changes)
        return _outcomes(cursor, changes)
    except BaseException as error:
        _undo(db, error)
    finally:
        db.close(cursor)


def _alone(db: Reader, cursor: Any, change: CompiledChange) -> Rows:
    compound.send(db, cursor, change)
    if change.query is None:
        return []
    rows = change.rows(cursor.fetchall())
    cursor.nextset()  # the end of the compound, where a failed COMMIT would be reported
    return rows


def _outcomes(cursor: Any, changes: Sequence[CompiledChange]) -> list[Outcome]:
    """Of changes that were sent together."""
    results = [cursor.fetchall()]
    while cursor.nextset():
        results.append(cursor.fetchall())
    *read, ((held,),), _end = results
    of_query = iter(read)
    return [
        (change.rows(next(of_query)) if change.query is not None else [])
        if mark == compound.HELD
        else GuardFailed()
        for change, mark in zip(changes, held, strict=True)
    ]


def _as_transaction(db: Reader, changes: Sequence[CompiledChange]) -> list[Outcome]:
    with _sqlite_transaction(db) as cursor:
        if len(changes) == 1:
            return [_carry_out_steps(changes[0], cursor)]
        return [_carry_out_or_undo(change, cursor) for change in changes]


def _carry_out_or_undo(change: CompiledChange, cursor: Any) -> Outcome:
    """One of several."""
    outcome: Outcome
    cursor.execute("SAVEPOINT coord_change")
    try:
        outcome = _carry_out_steps(change, cursor)
    except Exception as error:
        if not (isinstance(error, GuardFailed) or faults.classify(error) is faults.GUARD_FAILED):
            raise
        cursor.execute("ROLLBACK TO coord_change")
        outcome = GuardFailed()
    cursor.execute("RELEASE coord_change")
    return outcome


def decide_inside(decide: Callable[[Reader], Decision[T]]) -> T:
    """SQLite only: decides in the writer's turn, where no guard can fail.

    All others that write wait for that, so it is for a retry.
    """
    rows: Rows = []
    with _writer() as db, _sqlite_transaction(db) as cursor:
        decision = decide(db)
        if isinstance(decision, Change):
            rows = _carry_out_steps(compile_change(db.dialect, decision), cursor)
    if isinstance(decision, Answer):
        return decision.value
    bell.ring(decision.news())
    return decision.finish(rows)


@contextlib.contextmanager
def _sqlite_transaction(db: Reader) -> Iterator[Any]:
    """The writer's turn, with a cursor in it: committed at the end, undone when anything
    is raised.
    """
    with sqlite.writer():
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


def _carry_out_steps(change: CompiledChange, cursor: Any) -> Rows:
    for step in change.steps:
        cursor.execute(step.sql, step.arguments)
        if step.expect is not None and cursor.rowcount != step.expect:
            raise GuardFailed
    return change.rows(cursor.fetchall())


def _undo(db: Reader, error: BaseException) -> NoReturn:
    """Rolls back what an error left open and raises it, as GuardFailed where it says that another
    was faster.
    """
    db.drop_if_broken(error)
    fault = faults.classify(error)
    # by the handler of the compound
    rolled_back = fault is faults.GUARD_FAILED and db.dialect.name == "mariadb"
    if not (fault.drops_connection or rolled_back):
        try:
            db.rollback()
        except Exception as second:
            log.warning("rollback failed, connection dropped: %r", second)
            db.drop()
    if fault is faults.GUARD_FAILED:
        raise GuardFailed from error
    raise error
