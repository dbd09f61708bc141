"""A change as one database takes it: the texts of its statements with their values, which any
thread can carry out on any connection.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Dialect

from coord.store.change import Change, Follower
from coord.store.reader import Rows
from coord.store.statements import Compiled, compile_for


@dataclass(frozen=True)
class CompiledStep:
    """A statement as the driver takes it; `expect` as that of a Step."""

    sql: str
    arguments: tuple[Any, ...]
    expect: int | None


@dataclass(frozen=True)
class CompiledChange:
    """Everything between BEGIN and COMMIT."""

    steps: tuple[CompiledStep, ...]
    query: Compiled | None
    """What the last step reads; None when it reads nothing."""
    news: frozenset[str]
    """The topics that it is news of."""
    follower: "CompiledChange | None" = None
    on_commit: Callable[[Rows], None] | None = None
    """Of a follower: gets what it read."""
    settles: frozenset[str] = frozenset()
    """Of a follower: the other's news that is none once this has taken hold."""

    @property
    def length(self) -> int:
        """Of all texts in it, in characters."""
        own = sum(
            len(value) for step in self.steps for value in step.arguments if isinstance(value, str)
        )
        return own if self.follower is None else own + self.follower.length

    def rows(self, fetched: Iterable[Sequence[Any]]) -> Rows:
        """What the query found, from what the driver has fetched."""
        return [] if self.query is None else self.query.rows(fetched)


def compile_change(dialect: Dialect, change: Change[Any]) -> CompiledChange:
    """Compiles what is not yet, in the caller's thread and context: its events carry the name of
    its token.
    """
    steps = change.transaction()
    compiled = [compile_for(dialect, step.statement) for step in steps]
    return CompiledChange(
        tuple(
            CompiledStep(statement.sql, statement.arguments(step.values), step.expect)
            for statement, step in zip(compiled, steps, strict=True)
        ),
        None if change.query is None else compiled[-1],
        change.news(),
        None if change.follower is None else _compile_follower(dialect, change.follower),
    )


def _compile_follower(dialect: Dialect, follower: Follower[Any]) -> CompiledChange:
    compiled = follower.context.copy().run(compile_change, dialect, follower.change)
    return replace(
        compiled,
        on_commit=lambda rows: follower.on_commit(follower.change.finish(rows)),
        settles=follower.settles,
    )
