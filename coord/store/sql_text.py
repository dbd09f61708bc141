"""A change as SQL to be read: what each database is sent, with its values in place.

Nothing is connected to.
"""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from pymysql.converters import escape_item
from sqlalchemy.engine import Dialect

from coord.store import sqlite
from coord.store.change import Change
from coord.store.compiled_change import compile_change
from coord.store.compound import packet

DATABASES = ("mariadb", "sqlite")
WIDTH = 110
_TOKEN = re.compile(r"(?:'(?:[^'\\]|\\.|'')*'|\S)+")  # a quoted text is never broken


def as_sql(change: Change[Any], database: str) -> str:
    """Every statement of the transaction, one after the other; `database` is one of DATABASES."""
    statements = _mariadb(change) if database == "mariadb" else _sqlite(change)
    return "\n".join(map(_wrapped, statements))


def _mariadb(change: Change[Any]) -> list[str]:
    dialect = _dialect("mariadb+pymysql://", paramstyle="format")
    compiled = compile_change(dialect, change)
    return [f"{statement};" for statement in packet(compiled, _quote_for_mariadb)]


def _sqlite(change: Change[Any]) -> list[str]:
    dialect = _dialect("sqlite://")
    sqlite.write_hints(dialect)
    statements = []
    for step in compile_change(dialect, change).steps:
        sql = step.sql.replace("%", "%%").replace("?", "%s")
        guard = "" if step.expect is None else f" -- {step.expect} row, else ROLLBACK"
        statements.append(f"{_quote_for_sqlite(sql, step.arguments)};{guard}")
    return ["BEGIN IMMEDIATE;", *statements, "COMMIT;"]


def _dialect(url: str, **options: Any) -> Dialect:
    return sa.make_url(url).get_dialect()(**options)


def _quote_for_mariadb(sql: str, arguments: Sequence[Any]) -> str:
    return sql % tuple(escape_item(value, "utf8mb4") for value in arguments)


def _quote_for_sqlite(sql: str, arguments: Sequence[Any]) -> str:
    quoted = (
        "'" + value.replace("'", "''") + "'" if isinstance(value, str) else value
        for value in arguments
    )
    return sql % tuple("NULL" if value is None else value for value in quoted)


def _wrapped(statement: str) -> str:
    """At WIDTH, with each clause on a line of its own, as SQLAlchemy writes them."""
    lines: list[str] = []
    for number, clause in enumerate(statement.split("\n")):
        lines.append("" if number == 0 else " ")
        for token in _TOKEN.findall(clause):
            if lines[-1].strip() and len(lines[-1]) + len(token) >= WIDTH:
                lines.append("   ")
            lines[-1] += f" {token}" if lines[-1] else token
    return "\n".join(lines)
