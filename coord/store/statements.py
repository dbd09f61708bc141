"""Statements as the drivers take them: SQL text made once per database, values converted by the
columns' types.

Compiling is most of what SQLAlchemy costs a short statement (0.2-1 ms here); so the statements of
every hot call are module constants of their area's repository, wrapped in `Prepared`. One that is
put together per call (filters, the fields of a PATCH) is compiled then.

From MariaDB a row of several columns comes as one JSON array: PyMySQL takes 30 microseconds for the
description of each column, with each answer anew, which for a lock's twenty columns was more than
all the rest of a call.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class Compiled:
    """SQL text for one database, with what turns named values into its arguments and its rows into
    dicts.
    """

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    binders: Mapping[str, Convert]
    columns: tuple[tuple[str, Convert | None], ...]
    packed: bool = False

    def arguments(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        values = {**self.fixed, **params}
        for name, bind in self.binders.items():
            values[name] = bind(values[name])
        return tuple([values[name] for name in self.names])

    def rows(self, fetched: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        unpacked = (json.loads(row[0]) for row in fetched) if self.packed else fetched
        return [
            {
                key: convert(value) if convert is not None else value
                for (key, convert), value in zip(self.columns, row, strict=True)
            }
            for row in unpacked
        ]


class Prepared:
    """A Core statement compiled once per database; its values are given by its `bindparam`
    names.
    """

    def __init__(self, statement: sa.ClauseElement) -> None:
        self.statement = statement
        self._compiled: dict[str, Compiled] = {}

    def compiled_for(self, dialect: Dialect) -> Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self.statement, dialect)
        return compiled


Statement = Prepared | sa.ClauseElement


def compile_for(dialect: Dialect, statement: Statement) -> Compiled:
    return (
        statement.compiled_for(dialect)
        if isinstance(statement, Prepared)
        else _compile(statement, dialect)
    )


PACK_FROM = 3  # columns


def _compile(statement: sa.ClauseElement, dialect: Dialect) -> Compiled:
    packed = (
        dialect.name == "mariadb"
        and isinstance(statement, sa.Select)
        and len(statement.selected_columns) >= PACK_FROM
    )
    sent = _pack(cast(Any, statement)) if packed else statement
    if isinstance(sent, sa.Insert):
        # else SQLAlchemy asks for the key of the new row (RETURNING), and the row count is lost
        sent = sent.inline()
    compiled = cast(Any, sent.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))
    names = tuple(compiled.positiontup or ())
    fixed = dict(compiled.construct_params(_check=False))
    binders: dict[str, Convert] = {}
    for parameter, name in compiled.bind_names.items():
        bind = parameter.type.dialect_impl(dialect).bind_processor(dialect)
        if bind is not None and name in names:
            binders[name] = bind
    for name in names:  # the members of an expanded IN list are named after it and share its type
        if name not in binders and name not in compiled.binds:
            stem = name.rpartition("_")[0]
            if stem in compiled.binds:
                bind = compiled.binds[stem].type.dialect_impl(dialect).bind_processor(dialect)
                if bind is not None:
                    binders[name] = bind
    columns: tuple[tuple[str, Convert | None], ...] = ()
    if isinstance(statement, sa.Select | sa.CompoundSelect):
        columns = tuple(
            (column.key or "", _converter(column, dialect, packed=packed))
            for column in statement.selected_columns
        )
    return Compiled(str(compiled), names, fixed, binders, columns, packed)


def _converter(column: sa.ColumnElement[Any], dialect: Dialect, *, packed: bool) -> Convert | None:
    if packed and isinstance(column.type, sa.Boolean):
        return _flag
    return column.type.dialect_impl(dialect).result_processor(dialect, None)


def _flag(value: bool | int | str | None) -> bool | None:
    """A condition in a JSON array is `true`, a column 1, and a bare EXISTS beside a text "1"."""
    return None if value is None else bool(int(value))


def _pack(statement: sa.Select[Any]) -> sa.Select[Any]:
    return statement.with_only_columns(
        sa.func.json_array(*statement.selected_columns), maintain_column_froms=True
    )
