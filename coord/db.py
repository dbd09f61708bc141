"""The database handle, the column types, and the few SQL functions that the databases spell differently."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import custom_op

Row = Mapping[str, Any]


class Base(DeclarativeBase):
    """Base of every mapped table, an area's own as well."""

    __table__: ClassVar[sa.Table]  # statements are built on tables, never on ORM entities

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True)

# Strings compare byte for byte, trailing spaces included, as SQLite's do: of MariaDB's collations only this one does that.
TABLE_OPTIONS = {"mariadb_charset": "utf8mb4", "mariadb_collate": "utf8mb4_nopad_bin", "mariadb_engine": "InnoDB"}


class Id(sa.types.TypeDecorator[str]):
    """A UUID as its 36-character lower-case string; MariaDB's native `uuid` there, text on SQLite."""

    impl = sa.Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(36) if dialect.name == "sqlite" else sa.UUID(as_uuid=False))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return cast(str | None, value)


class Timestamp(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds. MariaDB: DATETIME(6); SQLite: text that sorts in time order."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(26) if dialect.name == "sqlite" else mysql.DATETIME(fsp=6))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        naive = value.astimezone(UTC).replace(tzinfo=None)
        return sqlite_text(naive) if dialect.name == "sqlite" else naive

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        return cast(datetime, value).replace(tzinfo=UTC)


class Json(sa.types.TypeDecorator[Any]):
    """Any JSON value, stored as text."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else mysql.MEDIUMTEXT())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


Revision = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only an INTEGER is SQLite's own row id
LongText = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb")


def sqlite_text(naive: datetime) -> str:
    """How SQLite keeps a moment: text of one length, so that it sorts in time order."""
    return naive.isoformat(sep=" ", timespec="microseconds")


class now(FunctionElement[datetime]):  # noqa: N801 (reads as the SQL function it is)
    """The database's clock, in UTC, as it stood when the statement began."""

    type = Timestamp()
    inherit_cache = True


@compiles(now)
def _now(element: Any, compiler: Any, **kw: Any) -> str:
    return "UTC_TIMESTAMP(6)"


@compiles(now, "sqlite")
def _now_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return "coord_now()"


class plus(FunctionElement[datetime]):  # noqa: N801
    """`plus(moment, microseconds)`: a moment moved by a number of microseconds (negative: back)."""

    type = Timestamp()
    inherit_cache = True


@compiles(plus)
def _plus(element: Any, compiler: Any, **kw: Any) -> str:
    moment, microseconds = list(element.clauses)
    return f"TIMESTAMPADD(MICROSECOND, {compiler.process(microseconds, **kw)}, {compiler.process(moment, **kw)})"


@compiles(plus, "sqlite")
def _plus_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    moment, microseconds = list(element.clauses)
    return f"coord_plus({compiler.process(moment, **kw)}, {compiler.process(microseconds, **kw)})"


class earlier(FunctionElement[datetime]):  # noqa: N801
    """`earlier(moment, other)`: the earlier of two moments; the first when the other is null."""

    type = Timestamp()
    inherit_cache = True


@compiles(earlier)
def _earlier(element: Any, compiler: Any, **kw: Any) -> str:
    moment, other = (compiler.process(each, **kw) for each in element.clauses)
    return f"LEAST({moment}, COALESCE({other}, '9999-12-31'))"


@compiles(earlier, "sqlite")
def _earlier_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    moment, other = (compiler.process(each, **kw) for each in element.clauses)
    return f"MIN({moment}, COALESCE({other}, '9999-12-31'))"


def aside(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """`+column`, which SQLite uses no index for and MariaDB reads as `column`. Without statistics SQLite's choice may be the wrong one."""
    return sa.UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def microseconds(*, hours: float = 0, days: float = 0) -> int:
    """A length of time as the whole number of microseconds that `plus` takes."""
    return round((hours + days * 24) * 3_600_000_000)
