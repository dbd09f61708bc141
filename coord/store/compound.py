"""MariaDB's transactions of one packet: a compound statement that commits itself, or rolls itself
back when anything in it fails.

Its text is some thousand characters, which the server takes 150 us to read, with the head row
locked or about to be. So one that comes again is prepared on the connection, and from then on only
its values are sent.

Several changes may go as one transaction. Each then stands behind a savepoint of its own: one whose
guard fails is undone alone, and the others take hold.
"""

import itertools
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pymysql

from coord.store import faults
from coord.store.compiled_change import CompiledChange
from coord.store.reader import Reader

log = logging.getLogger(__name__)

# Prepared on each connection at most: the commonest changes are a dozen, but a claim of seven
# resources is another statement than one of eight. The server allows 16,382 in all.
MAX_PREPARED = 64
MAX_SHAPES = 1024  # that a process remembers

FillIn = Callable[[str, Sequence[Any]], str]
"""`fill_in(sql, arguments)` puts the arguments in their places, quoted."""

Form = Callable[[CompiledChange, FillIn], list[str]]
"""The statements of a change, as a transaction or as a part of one."""

Shape = tuple[str | int | None, ...]
"""What tells one compound from another: its statements, and the rows that each must touch."""

_CHECK = (
    "IF ROW_COUNT() <> %d THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO ="
    f" {faults.GUARD_FAILED_NUMBER}; END IF"
)
_ROLL_BACK_ALL = "DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END"
_UNDO_PART = (
    f"DECLARE EXIT HANDLER FOR {faults.GUARD_FAILED_NUMBER}, {faults.DUPLICATE_NUMBER} BEGIN"
    " ROLLBACK TO SAVEPOINT coord_change; SET @coord_held = CONCAT(@coord_held, '-'); END"
)
HELD = "+"


def packet(change: CompiledChange, fill_in: FillIn) -> list[str]:
    """The statements of a whole transaction."""
    return [
        f"BEGIN NOT ATOMIC {_ROLL_BACK_ALL}",
        "START TRANSACTION",
        *_steps(change, fill_in),
        "COMMIT",
        "END",
    ]


def _part(change: CompiledChange, fill_in: FillIn) -> list[str]:
    """Its share of a transaction of several."""
    return [
        f"BEGIN NOT ATOMIC {_UNDO_PART}",
        "SAVEPOINT coord_change",
        *_steps(change, fill_in),
        f"SET @coord_held = CONCAT(@coord_held, '{HELD}')",
        "END",
    ]


def _steps(change: CompiledChange, fill_in: FillIn) -> Iterable[str]:
    for step in change.steps:
        yield fill_in(step.sql, step.arguments)
        if step.expect is not None:
            yield _CHECK % step.expect


def send(db: Reader, cursor: Any, change: CompiledChange) -> None:
    """Has the server carry the change out; its rows are the cursor's."""
    cursor.execute(text_of(db, cursor, change))


def text_of(db: Reader, cursor: Any, change: CompiledChange) -> str:
    """What is sent for a change alone, which may be prepared for it."""
    return _prepared_or_text(db, cursor, change, packet)


def send_together(db: Reader, cursor: Any, changes: Sequence[CompiledChange]) -> None:
    """Has the server carry them out in this order, with one commit.

    The cursor's results are the rows of those that held and have a query, and then a text with one
    character for each change: HELD or another.
    """
    cursor.execute(text_of_several(db, cursor, changes))


def text_of_several(db: Reader, cursor: Any, changes: Sequence[CompiledChange]) -> str:
    """What is sent for changes that go together, each of which may be prepared for it."""
    parts = [_prepared_or_text(db, cursor, change, _part) for change in changes]
    begin = f"BEGIN NOT ATOMIC {_ROLL_BACK_ALL}; SET @coord_held = ''; START TRANSACTION"
    return "; ".join([begin, *parts, "COMMIT", "SELECT @coord_held", "END"])


_names: dict[tuple[Form, Shape], str] = {}
_numbers = itertools.count(1)


def _prepared_or_text(
    db: Reader,
    cursor: Any,
    change: CompiledChange,
    form: Form,
) -> str:
    """What is sent for it: its values alone where it is prepared."""
    name = _name_of(form, change)
    if name is None or not _is_prepared(db, cursor, name, lambda: form(change, _with_markers)):
        return "; ".join(form(change, cursor.mogrify))
    arguments = [value for step in change.steps for value in step.arguments]
    markers = ", ".join(["%s"] * len(arguments))
    return str(cursor.mogrify(f"EXECUTE {name} USING {markers}", arguments))


def _name_of(form: Form, change: CompiledChange) -> str | None:
    """The name under which it is prepared; None the first time, since it may be the only one."""
    shape = tuple([part for step in change.steps for part in (step.sql, step.expect)])
    name = _names.get((form, shape))
    if name is None:
        if len(_names) >= MAX_SHAPES:
            _names.clear()
        _names[form, shape] = ""
        return None
    if not name:
        name = _names[form, shape] = f"coord_{next(_numbers)}"
    return name


def _is_prepared(db: Reader, cursor: Any, name: str, statements: Callable[[], list[str]]) -> bool:
    """Whether the connection has it, prepared now if need be. False where the server has no room
    for more of them.
    """
    prepared: dict[str, None] = db.info.setdefault("coord_prepared", {})
    if name in prepared:
        del prepared[name]  # the one that was used last stands last
        prepared[name] = None
        return True
    try:
        if len(prepared) >= MAX_PREPARED:
            oldest = next(iter(prepared))
            cursor.execute(f"DEALLOCATE PREPARE {oldest}")
            del prepared[oldest]
        cursor.execute(f"PREPARE {name} FROM %s", ("; ".join(statements()),))
    except pymysql.err.MySQLError as error:
        if faults.error_number(error) != faults.TOO_MANY_PREPARED:
            raise
        log.warning("changes are sent as text: %s", error)
        return False
    prepared[name] = None
    return True


def _with_markers(sql: str, arguments: Sequence[Any]) -> str:
    return sql % (("?",) * len(arguments))
