"""The journal: one row per committed change, numbered in commit order.

Every change takes the head row before it reads anything (`TAKE_HEAD`), so changes are serial: what
a guard of one sees, no other can change before it has committed. The head also gives the change its
moment, so a lock's `acquired_at` and its journal row's `at` are the same. Two writers on different
Galera nodes collide on this row in certification, and one of them tries again.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.functions import FunctionElement

from coord.store.functions import now
from coord.store.reader import Reader
from coord.store.statements import Prepared
from coord.store.tables import TABLE_OPTIONS, Base, Json, Revision, Timestamp


class JournalHead(Base):
    """The one row that every change takes first: the last revision given out, and when.

    `trimmed`: the last revision whose entry retention has deleted; 0 when none.
    """

    __tablename__ = "journal_head"
    __table_args__ = (TABLE_OPTIONS,)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(sa.BigInteger, nullable=False)
    at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    trimmed: Mapped[int] = mapped_column(sa.BigInteger, nullable=False, server_default="0")


class JournalEntry(Base):
    """One committed change. `token`: the name of the token that it was made with, if it has one."""

    __tablename__ = "journal"
    __table_args__ = (
        sa.Index(None, "project_key", "revision"),
        sa.Index(None, "session_id", "revision"),
        sa.Index(None, "type", "revision"),
        sa.Index("ix_journal_type_in_project", "project_key", "type", "revision"),
        sa.Index("ix_journal_subject", "subject_id", "revision"),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    type: Mapped[str] = mapped_column(sa.String(50), nullable=False)
    project_key: Mapped[str | None] = mapped_column(sa.String(100))
    session_id: Mapped[str | None] = mapped_column(sa.String(200))
    token: Mapped[str | None] = mapped_column(sa.String(64))
    subject_kind: Mapped[str] = mapped_column(sa.String(30), nullable=False)
    subject_id: Mapped[str] = mapped_column(sa.String(310), nullable=False)
    data: Mapped[Any] = mapped_column(Json, nullable=False)


made_with: ContextVar[str | None] = ContextVar("made_with", default=None)
"""The name of the token that the call under way was made with, for its events."""


@dataclass(frozen=True)
class Event:
    """What a change tells those who follow the journal. `type` is `<thing>.<what happened>`; all
    events of a type are about one kind of subject.

    `statement`: records it in place of RECORD, when it is only known inside the change what it is
    about (see `recording`).
    """

    type: str
    subject_kind: str
    subject_id: str
    project_key: str | None = None
    session_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    statement: Prepared | None = None


def topic(subject_kind: str, type_: str) -> str:
    """What an event is news of, as a word for the bell."""
    return f"{subject_kind}/{type_}"


_head = JournalHead.__table__
_entry = JournalEntry.__table__


class _Moment(FunctionElement[datetime]):
    type = Timestamp()
    inherit_cache = True


class _Revision(FunctionElement[int]):
    type = sa.BigInteger()
    inherit_cache = True


class _assign(FunctionElement[Any]):  # noqa: N801 (an SQL function)
    """`_assign(name, value)`: the value, which MariaDB also keeps in a session variable: reading
    the head again would cost 40 us each time.
    """

    inherit_cache = True


@compiles(_assign)
def _assign_mariadb(element: Any, compiler: Any, **kw: Any) -> str:
    name, value = list(element.clauses)
    return f"(@{name.text} := {compiler.process(value, **kw)})"


@compiles(_assign, "sqlite")
def _assign_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    _, value = list(element.clauses)
    return str(compiler.process(value, **kw))


compiles(_Moment)(lambda element, compiler, **kw: "@coord_at")
compiles(_Moment, "sqlite")(
    lambda element, compiler, **kw: "(SELECT at FROM journal_head WHERE id = 1)"
)
compiles(_Revision)(lambda element, compiler, **kw: "@coord_revision")
compiles(_Revision, "sqlite")(
    lambda element, compiler, **kw: "(SELECT revision FROM journal_head WHERE id = 1)"
)

moment = _Moment()
"""The time of the change under way; only inside one.

It began before it waited for its turn: what expired meanwhile is not yet expired.
"""

revision = _Revision()
"""The revision of the last event of the change under way; only inside one."""

TAKE_HEAD = Prepared(
    sa.update(_head)
    .where(_head.c.id == 1)
    .values(
        revision=_assign(
            sa.text("coord_revision"),
            _head.c.revision + sa.bindparam("events", type_=sa.BigInteger),
        ),
        at=_assign(sa.text("coord_at"), now()),
    )
)


def recording(*conditions: sa.ColumnElement[bool], **columns: sa.ColumnElement[Any]) -> Prepared:
    """The statement that records an event.

    `columns`: those that only the change itself can fill, from rows that `conditions` pick out.
    """
    values: dict[str, Any] = {
        "revision": revision - sa.bindparam("back", type_=sa.BigInteger),
        "at": moment,
        "type": sa.bindparam("type", type_=sa.String),
        "project_key": sa.bindparam("project_key", type_=sa.String),
        "session_id": sa.bindparam("session_id", type_=sa.String),
        "token": sa.bindparam("token", type_=sa.String),
        "subject_kind": sa.bindparam("subject_kind", type_=sa.String),
        "subject_id": sa.bindparam("subject_id", type_=sa.String),
        "data": sa.bindparam("data", type_=Json),
        **columns,
    }
    return Prepared(
        sa.insert(_entry).from_select(list(values), sa.select(*values.values()).where(*conditions))
    )


RECORD = recording()

HEAD = Prepared(
    sa.select(_head.c.revision, _head.c.trimmed, now().label("now")).where(_head.c.id == 1)
)

_NOW = Prepared(sa.select(now().label("now")))


class Head(NamedTuple):
    """Where the journal stands: the last revision, the last that retention has deleted, and the
    database's time.
    """

    revision: int
    trimmed: int
    now: datetime


def head(db: Reader) -> Head:
    """Reads go on where the row is lost; no change does (see `problem_of_head`)."""
    row = db.row(HEAD)
    return Head(0, 0, db.value(_NOW)) if row is None else Head(**row)


_LAST = Prepared(sa.select(sa.func.max(_entry.c.revision)))


def problem_of_head(db: Reader) -> str | None:
    """Why no change can be numbered; None: nothing is wrong.

    The journal is asked first, since both only grow.
    """
    last = db.value(_LAST)
    row = db.row(HEAD)
    if row is None:
        return "the table journal_head has lost its row"
    if last is not None and row["revision"] < last:
        return f"journal_head stands at {row['revision']}, behind the journal's {last}"
    return None


AFTER = Prepared(
    sa.select(*_entry.c)
    .where(_entry.c.revision > sa.bindparam("after", type_=sa.BigInteger))
    .order_by(_entry.c.revision)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
"""What was committed after a revision, in that order: an entry seen is never preceded by one that
comes later.
"""


def last_seen(session: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """When the session named by a column of the enclosing select last changed something; null when
    it never did.
    """
    entries = _entry.alias("of_session").c
    return (
        sa.select(entries.at)
        .where(entries.session_id == session)
        .order_by(entries.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
