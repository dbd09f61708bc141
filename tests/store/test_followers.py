"""A change may take another caller's along, for which it opens the way: each holds or not by
itself."""

import contextvars
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from coord.store import (
    Change,
    Event,
    Follower,
    GuardFailed,
    JournalEntry,
    JournalHead,
    carry_out,
    journal,
    read,
    transact_optimistically,
)
from coord.testing import empty_tables

_head = JournalHead.__table__
_entries = sa.select(JournalEntry.subject_id, JournalEntry.token).order_by(JournalEntry.revision)
BROKEN = sa.text("INSERT INTO journal_head (id) VALUES (NULL)")


@pytest.fixture
def app(database_app: Flask) -> Iterator[Flask]:
    empty_tables(database_app)
    with database_app.app_context():
        yield database_app
    empty_tables(database_app)


def change(name: str, *, holds: bool = True) -> Change[str]:
    """Its guard fails unless it `holds`."""
    made: Change[str] = Change()
    made.add(sa.update(_head).where(_head.c.id == (1 if holds else 2)).values(id=1), expect=1)
    made.record(Event("thing.changed", "thing", name))
    made.answer_with(lambda rows: f"{name} {rows[0]['revision']}", journal.HEAD)
    return made


def following(made: Change[str], told: list[str]) -> Follower[str]:
    return Follower(made, contextvars.copy_context(), told.append)


def recorded() -> list[tuple[str, str | None]]:
    return [(row["subject_id"], row["token"]) for row in read(lambda db: db.rows(_entries))]


def test_both_take_hold_and_each_is_told_its_own(app: Flask) -> None:
    received: list[str] = []
    first = change("first")
    first.follower = following(change("second"), received)
    assert carry_out.commit(first) == "first 1"
    assert received == ["second 2"]
    assert recorded() == [("first", None), ("second", None)]


def test_a_follower_whose_guard_fails_fails_alone(app: Flask) -> None:
    received: list[str] = []
    first = change("first")
    first.follower = following(change("second", holds=False), received)
    assert carry_out.commit(first) == "first 1"
    assert received == []
    assert carry_out.commit(change("third")) == "third 2"


def test_a_follower_is_judged_by_its_own_guard_alone(app: Flask) -> None:
    received: list[str] = []
    first = change("first", holds=False)
    first.follower = following(change("second"), received)
    with pytest.raises(GuardFailed):
        carry_out.commit(first)
    assert received == ["second 1"]


def test_a_follower_that_breaks_the_transaction_is_left_out(app: Flask) -> None:
    received: list[str] = []
    broken = change("broken")
    broken.add(BROKEN)
    first = change("first")
    first.follower = following(broken, received)
    assert carry_out.commit(first) == "first 1"
    assert received == []
    assert recorded() == [("first", None)]


def test_it_is_recorded_in_the_name_of_its_own_caller(app: Flask) -> None:
    received: list[str] = []
    token = journal.made_with.set("of the second")
    second = following(change("second"), received)
    journal.made_with.reset(token)
    token = journal.made_with.set("of the first")
    try:
        first = change("first")
        first.follower = second
        carry_out.commit(first)
    finally:
        journal.made_with.reset(token)
    assert recorded() == [("first", "of the first"), ("second", "of the second")]


def test_who_decides_anew_takes_nobody_along(app: Flask) -> None:
    received: list[str] = []

    def optimistic() -> Change[str]:
        first = change("first", holds=False)
        first.follower = following(change("second"), received)
        return first

    def decide(db: Any) -> Change[str]:
        return change("decided")

    assert transact_optimistically(optimistic, decide) == "decided 2"
    assert received == ["second 1"]
