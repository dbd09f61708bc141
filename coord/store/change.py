"""What a transaction is to do, put together before it begins: guarded statements, the events they
are recorded as, and the answer.
"""

from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from coord.store import journal
from coord.store.reader import Rows
from coord.store.statements import Statement

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Step:
    """One statement of a change.

    `expect`: how many rows it must touch, else nothing of the change takes hold (None: any number).
    `event`: the number of the event that it belongs to; its value `back` then leads from the
    change's last revision to that event's.
    """

    statement: Statement
    values: Mapping[str, Any]
    expect: int | None = None
    event: int | None = None


def _no_answer(rows: Rows) -> Any:
    """For a change that answers nothing: the T of a `Change[None]`."""
    return None


@dataclass
class Change(Generic[T]):
    """Statements that take hold together or not at all, the events they are recorded as, and what
    is answered.

    `finish` makes the answer, of type T, from the rows of the `query`, which is read inside the
    transaction. By then the connection that it was decided over has been given back. `follower`:
    a change of another caller's that goes with it. `rung_as`: of what the bell says that it is
    news, where that is not what the events say.
    """

    steps: list[Step] = field(default_factory=list)
    events: list[journal.Event] = field(default_factory=list)
    query: Step | None = None
    finish: Callable[[Rows], T] = _no_answer
    follower: "Follower[Any] | None" = None
    rung_as: frozenset[str] | None = None

    def add(
        self,
        statement: Statement,
        values: Mapping[str, Any] | None = None,
        *,
        expect: int | None = None,
        event: int | None = None,
    ) -> None:
        self.steps.append(Step(statement, values or {}, expect, event))

    def record(self, event: journal.Event) -> int:
        """The event's number within the change."""
        self.events.append(event)
        return len(self.events)

    def answer_with(
        self,
        finish: Callable[[Rows], T],
        query: Statement | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """What the change answers, from the rows that the query finds inside the transaction (none
        without a query).
        """
        self.finish = finish
        self.query = None if query is None else Step(query, values or {})

    def news(self) -> frozenset[str]:
        """Of what it is news to those who wait."""
        if self.rung_as is not None:
            return self.rung_as
        return frozenset([journal.topic(event.subject_kind, event.type) for event in self.events])

    def transaction(self) -> list[Step]:
        """Everything between BEGIN and COMMIT: the head first, so that all guards are judged in its
        order.
        """
        count = len(self.events)
        if not count:
            raise ValueError(
                "a change without an event: those who follow the journal would never learn of it"
            )
        token = journal.made_with.get()
        return [
            Step(journal.TAKE_HEAD, {"events": count}),
            *(
                step
                if step.event is None
                else replace(step, values={**step.values, "back": count - step.event})
                for step in self.steps
            ),
            *(
                Step(
                    event.statement or journal.RECORD,
                    {"back": count - number, "token": token, **vars(event)},
                )
                for number, event in enumerate(self.events, 1)
            ),
            *([self.query] if self.query else []),
        ]


@dataclass(frozen=True)
class Follower(Generic[T]):
    """A change for which another opens the way. It is sent right behind that one, in the same
    transaction, and takes hold or not by itself.

    `context`: of the caller whose change it is. `on_commit`: called with its answer once it is
    durable, and not when it did not take hold or nobody knows; in any thread, so it must be quick.
    `settles`: what the other does, and is nobody's news once this has taken hold.
    """

    change: Change[T]
    context: Context
    on_commit: Callable[[T], None]
    settles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Answer(Generic[T_co]):
    """What a deciding function returns when nothing is to be changed: the answer as it stands."""

    value: T_co


Decision = Change[T] | Answer[T]
"""What a deciding function returns, and `transact` turns into its T."""
