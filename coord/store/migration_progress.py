"""How far a migration has come on MariaDB, where each DDL statement commits by itself.

Each statement that changes something is noted in a table before it is sent. A migration that was
stopped, however it was, is started again with the same command and goes on with the statement at
which it stopped. On SQLite a migration is one transaction and needs none of this.
"""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext, MigrationStep
from pymysql.constants import ER
from sqlalchemy.engine import Connection

READS = frozenset(("SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "SET", "USE"))
TURNS = frozenset(("START", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"))
DATA = frozenset(("INSERT", "UPDATE", "DELETE", "REPLACE"))  # committed with the note of them
CARRIED_OUT_BEFORE = frozenset(
    (
        ER.TABLE_EXISTS_ERROR,
        ER.BAD_TABLE_ERROR,
        ER.NO_SUCH_TABLE,
        ER.DUP_FIELDNAME,
        ER.BAD_FIELD_ERROR,
        ER.DUP_KEYNAME,
        ER.MULTIPLE_PRI_KEY,
        ER.CANT_DROP_FIELD_OR_KEY,
        ER.CANT_CREATE_TABLE,  # a foreign key of that name is there
        ER.TRG_ALREADY_EXISTS,
        ER.TRG_DOES_NOT_EXIST,
        ER.SP_ALREADY_EXISTS,
        ER.SP_DOES_NOT_EXIST,
    )
)
"""What MariaDB answers when a DDL statement is sent that has taken hold already."""

Steps = Callable[[tuple[str, ...], MigrationContext], Iterator[MigrationStep]]

_notes = sa.Table(
    "migration_progress",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    mariadb_engine="InnoDB",
)


class Interrupted(Exception):
    """Another migration was interrupted and has to be finished first; the message says which."""


class Progress:
    """Follows the steps of one run of migrations on a connection that no other run uses."""

    def __init__(self, connection: Connection, version_table: str) -> None:
        self._connection = connection
        self._version_table = version_table
        self._step = ""
        self._number = 0
        self._done: Counter[str] = Counter()
        self._last = ""
        for event, handler in (
            ("do_execute", self._carry_out),
            ("do_executemany", self._carry_out_many),
        ):
            sa.event.listen(connection.engine, event, handler)

    def follow(self, steps: Steps, tell: Callable[[str], None]) -> Steps:
        """The same steps, each noted while it runs; `tell` gets a line where one goes on. Raises
        Interrupted."""

        def followed(heads: tuple[str, ...], context: MigrationContext) -> Iterator[MigrationStep]:
            for step in steps(heads, context):
                self._begin(step.short_log, tell)
                yield step  # alembic carries it out, and notes the version
                self._end()
            self._clean_up()

        return followed

    def _begin(self, step: str, tell: Callable[[str], None]) -> None:
        _notes.create(self._connection, checkfirst=True)
        notes = self._connection.execute(sa.select(_notes).order_by(_notes.c.number)).all()
        for other in {row.step for row in notes} - {step}:
            raise Interrupted(
                f"{other} was interrupted and is half done. Finish it before {step}: run the same"
                " command, of the same version, once more."
            )
        self._done = Counter(row.digest for row in notes)
        self._number = len(notes)
        self._last = notes[-1].digest if notes else ""
        self._step = step
        if notes:
            tell(f"{step} was interrupted, and goes on after {len(notes)} statements")

    def _end(self) -> None:
        """In one transaction with the note of the version."""
        self._step = ""
        self._connection.execute(sa.delete(_notes))
        self._connection.commit()

    def _clean_up(self) -> None:
        """Unless another version's migration is half done."""
        is_there = sa.inspect(self._connection).has_table(_notes.name)
        if is_there and not self._connection.execute(sa.select(_notes.c.number)).first():
            _notes.drop(self._connection)

    def _carry_out(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        return self._once(cursor, statement, parameters, cursor.execute)

    def _carry_out_many(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        return self._once(cursor, statement, parameters, cursor.executemany)

    def _once(
        self, cursor: Any, statement: str, parameters: Any, execute: Callable[..., Any]
    ) -> bool:
        """Whether the statement needs no more carrying out, which is what SQLAlchemy asks."""
        kind = statement.split(maxsplit=1)[0].upper()
        if not self._step or kind in READS | TURNS or self._version_table in statement:
            return False
        digest = hashlib.sha256(f"{statement}\0{parameters!r}".encode()).hexdigest()
        if self._done[digest]:
            self._done[digest] -= 1
            if digest == self._last and not self._done[digest] and kind not in DATA:
                self._try_again(execute, statement, parameters)
            return True
        self._note(cursor.connection, digest)
        try:
            execute(statement, parameters)
        except pymysql.err.MySQLError:
            self._forget(cursor.connection)
            raise
        cursor.connection.commit()
        return True

    def _try_again(self, execute: Callable[..., Any], statement: str, parameters: Any) -> None:
        """Of the last statement before the stop nobody knows whether it took hold."""
        try:
            execute(statement, parameters)
        except pymysql.err.MySQLError as error:
            if error.args[0] not in CARRIED_OUT_BEFORE:
                raise

    def _note(self, driver: Any, digest: str) -> None:
        self._number += 1
        with driver.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {_notes.name} (number, step, digest) VALUES (%s, %s, %s)",
                (self._number, self._step, digest),
            )

    def _forget(self, driver: Any) -> None:
        """After a statement that was refused. When the connection is lost the note stays: nobody
        knows whether it took hold."""
        with contextlib.suppress(pymysql.err.MySQLError):
            driver.rollback()
            with driver.cursor() as cursor:
                cursor.execute(f"DELETE FROM {_notes.name} WHERE number = %s", self._number)
            driver.commit()
        self._number -= 1
