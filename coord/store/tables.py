"""The database handle, the base of every table, and the column types that are the same on both
databases.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase


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


database = SQLAlchemy(model_class=Base, disable_autonaming=True)

# Strings compare byte for byte, trailing spaces included, as SQLite's do: of MariaDB's collations
# only this one does that.
TABLE_OPTIONS = {
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_nopad_bin",
    "mariadb_engine": "InnoDB",
}


class Id(sa.types.TypeDecorator[str]):
    """A UUID as its 36-character lower-case string; MariaDB's native `uuid` there, text on
    SQLite.
    """

    impl = sa.Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(
            sa.String(36) if dialect.name == "sqlite" else sa.UUID(as_uuid=False)
        )

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Both databases give it as it was written; SQLAlchemy would make a UUID of it and a text
        of that."""


class Timestamp(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds.

    MariaDB: DATETIME(6); SQLite: text that sorts in time order.
    """

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(
            sa.String(26) if dialect.name == "sqlite" else mysql.DATETIME(fsp=6)
        )

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        if value is None:
            return None
        naive = value.astimezone(UTC).replace(tzinfo=None)
        return sqlite_text(naive) if dialect.name == "sqlite" else naive

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | datetime | None], datetime | None]:
        """Without what SQLAlchemy puts around it: a list has some hundred times."""
        return _moment


def _moment(value: str | datetime | None) -> datetime | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value + "+00:00")
    return None if value is None else value.replace(tzinfo=UTC)


class Json(sa.types.TypeDecorator[Any]):
    """Any JSON value, stored as text."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(
            sa.Text() if dialect.name == "sqlite" else mysql.MEDIUMTEXT()
        )

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return (
            None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        )

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


# only an INTEGER is SQLite's own row id
Revision = sa.BigInteger().with_variant(sa.Integer, "sqlite")
LongText = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb")


def sqlite_text(naive: datetime) -> str:
    """How SQLite keeps a moment: text of one length, so that it sorts in time order."""
    return naive.isoformat(sep=" ", timespec="microseconds")
