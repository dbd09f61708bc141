"""coord with one promise broken on purpose: `gunicorn "campaign.sabotage:app('guards off')"`.

A check that finds nothing in these is worth nothing; tests/faults/test_campaign.py serves each.
"""

import dataclasses
import random
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, request

from coord.app import create_app
from coord.areas.events import repository as events
from coord.live import Subscription
from coord.store import carry_out, statements
from tests.faults.history import PAGE
from tests.service import BASE

OFTEN = 0.05  # of the changes, or of the events
LATE_EVERY_S, MAX_LATE = 2.0, 4
LATE_S = 7.0


def _guards_off(app: Flask) -> None:
    """The grant of a lock no longer looks for locks in its way."""
    compile_as_before = statements._compile

    def compile_without(statement: Any, dialect: Any) -> Any:
        compiled = compile_as_before(statement, dialect)
        if not compiled.sql.startswith("INSERT INTO locks"):
            return compiled
        sql = compiled.sql.replace("NOT (EXISTS", "1 = 1 OR NOT (EXISTS")
        return dataclasses.replace(compiled, sql=sql)

    _patch(statements, "_compile", compile_without)


def _nobody_woken(app: Flask) -> None:
    """Who waits learns of nothing."""
    _patch(Subscription, "wake", lambda subscription: None)


class _Undone(Exception):
    pass


def _acknowledged_rollback(app: Flask) -> None:
    """Now and then a change is undone, and answered as if it were not."""
    as_before = carry_out._as_transaction

    def undo_some(db: Any, changes: Any) -> Any:
        if random.random() > OFTEN:
            return as_before(db, changes)
        outcomes: Any = []
        try:
            with carry_out._sqlite_transaction(db) as cursor:
                outcomes = [carry_out._carry_out_or_undo(change, cursor) for change in changes]
                raise _Undone
        except _Undone:
            return outcomes

    _patch(carry_out, "_as_transaction", undo_some)


def _events_skipped(app: Flask) -> None:
    """A page of the journal lacks an event now and then, of those that followers read."""
    as_before = events._between

    def skip_some(db: Any, wanted: Any, first: int, upto: int, limit: int) -> Any:
        rows = as_before(db, wanted, first, upto, limit)
        is_of_the_check = limit == PAGE
        return [row for row in rows if is_of_the_check or random.random() > OFTEN]

    _patch(events, "_between", skip_some)


def _late_answers(app: Flask) -> None:
    """A few calls take longer than the contract allows."""
    late_at = [time.monotonic()]

    @app.before_request
    def be_late() -> None:
        is_time = time.monotonic() > late_at[-1] + LATE_EVERY_S and len(late_at) <= MAX_LATE
        if is_time and request.path.startswith(BASE):
            late_at.append(time.monotonic())
            time.sleep(LATE_S)


SABOTAGES: dict[str, Callable[[Flask], None]] = {
    "guards off": _guards_off,
    "nobody woken": _nobody_woken,
    "acknowledged rollback": _acknowledged_rollback,
    "events skipped": _events_skipped,
    "late answers": _late_answers,
}


def _patch(where: Any, name: str, by: Any) -> None:
    assert hasattr(where, name), f"{where} has no {name} any more"
    setattr(where, name, by)


def app(name: str) -> Flask:
    """The application with this one promise broken."""
    application = create_app()
    SABOTAGES[name](application)
    return application
