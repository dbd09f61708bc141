"""The few SQL functions that the databases spell differently, and what goes with them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import custom_op

from coord.store.tables import Timestamp


class now(FunctionElement[datetime]):  # noqa: N801 (reads as the SQL function it is)
    """The database's clock, in UTC, as it stood when the statement began."""

    type = Timestamp()
    inherit_cache = True


@compiles(now)
def _now(element: Any, compiler: Any, **kw: Any) -> str:
    return "UTC_TIMESTAMP(6)"


@compiles(now, "sqlite")
def _now_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return "(SELECT coord_now())"  # asked once; bare, it is called for each row that is compared


class plus(FunctionElement[datetime]):  # noqa: N801 (the same)
    """`plus(moment, microseconds)`: a moment moved by a number of microseconds (negative: back)."""

    type = Timestamp()
    inherit_cache = True


@compiles(plus)
def _plus(element: Any, compiler: Any, **kw: Any) -> str:
    moment, length = list(element.clauses)
    return (
        f"TIMESTAMPADD(MICROSECOND, {compiler.process(length, **kw)},"
        f" {compiler.process(moment, **kw)})"
    )


@compiles(plus, "sqlite")
def _plus_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    moment, length = list(element.clauses)
    return f"coord_plus({compiler.process(moment, **kw)}, {compiler.process(length, **kw)})"


class earlier(FunctionElement[datetime]):  # noqa: N801 (the same)
    """`earlier(moment, other)`: the earlier of two moments; the first when the other is null."""

    type = Timestamp()
    inherit_cache = True


@compiles(earlier)
def _earlier(element: Any, compiler: Any, **kw: Any) -> str:
    moment, other = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"LEAST({moment}, COALESCE({other}, '9999-12-31'))"


@compiles(earlier, "sqlite")
def _earlier_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    moment, other = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"MIN({moment}, COALESCE({other}, '9999-12-31'))"


def unindexed(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """`+column`, which SQLite uses no index for and MariaDB reads as `column`.

    Without statistics SQLite's choice may be the wrong one.
    """
    return sa.UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def microseconds(*, hours: float = 0, days: float = 0) -> int:
    """A length of time as the whole number of microseconds that `plus` takes."""
    return round((hours + days * 24) * 3_600_000_000)
