"""Who is there: sessions that announced themselves, and the signs of life of all that call.

A session may promise to show itself again within its TTL. Until then nothing of it may be taken as
a dead session's; after that it is gone. What areas make of either they say in their `Area`. This
table is the kernel's because locks are judged by it inside their own statements; the calls about
sessions are an area.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from coord.store import TABLE_OPTIONS, Base, LongText, Prepared, Reader, Revision, Row, Timestamp

AGENT_LENGTH = 200
WAITING_FOR_LENGTH = 500


class Session(Base):
    """A session that announced itself. It is there while `final_state` is null, which else is
    `ended` or `gone`.

    `expires_at` is null when it promised nothing: then it can fall silent, but is never gone.
    `waiting_for`: what of a human, since `waiting_since`; both null while it is at work.
    `reported_state`: what it reports, since `reported_since`; columns and indexes have the names
    that nodes of 0.2.0 read them by. `handover`: what a successor must know, as of `handover_at`;
    it outlasts the session's end. `handed_to`: who got it last. `revision`: of its last
    announcement.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        sa.Index("ix_sessions_due", "final_state", "expires_at"),
        sa.Index("ix_sessions_there", "final_state", "project_key", "revision"),
        sa.Index("ix_sessions_by_state", "final_state", "revision"),
        sa.Index("ix_sessions_of_project", "project_key", "revision"),
        sa.Index("ix_sessions_waiting", "final_state", "waiting_since"),
        sa.Index("ix_sessions_told", "final_state", "reported_state", "revision"),
        sa.Index(
            "ix_sessions_told_of_project",
            "final_state",
            "project_key",
            "reported_state",
            "revision",
        ),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    session_id: Mapped[str] = mapped_column(sa.String(200), nullable=False, unique=True)
    project_key: Mapped[str | None] = mapped_column(sa.String(100))
    agent: Mapped[str | None] = mapped_column(sa.String(AGENT_LENGTH))
    task: Mapped[str | None] = mapped_column(LongText)
    ttl_minutes: Mapped[float | None] = mapped_column(sa.Double)
    started_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    last_seen_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    expires_at: Mapped[datetime | None] = mapped_column(Timestamp)
    ended_at: Mapped[datetime | None] = mapped_column(Timestamp)
    final_state: Mapped[str | None] = mapped_column(sa.String(10))
    waiting_for: Mapped[str | None] = mapped_column(sa.String(WAITING_FOR_LENGTH))
    waiting_since: Mapped[datetime | None] = mapped_column(Timestamp)
    reported_state: Mapped[str | None] = mapped_column(
        "told_state", sa.String(20), key="reported_state"
    )
    reported_since: Mapped[datetime | None] = mapped_column(
        "told_since", Timestamp, key="reported_since"
    )
    handover: Mapped[str | None] = mapped_column(LongText)
    handover_at: Mapped[datetime | None] = mapped_column(Timestamp)
    handed_to: Mapped[str | None] = mapped_column(sa.String(200))


_c = Session.__table__.c


def index_of_reported_states(*, in_project: bool) -> str:
    return "ix_sessions_told_of_project" if in_project else "ix_sessions_told"


_NOTE = Prepared(
    sa.select(_c.project_key, _c.handover, _c.handover_at, _c.handed_to).where(
        _c.session_id == sa.bindparam("named", type_=sa.String), _c.handover.is_not(None)
    )
)

NOTE_HANDED_OVER = Prepared(
    sa.update(Session.__table__)
    .where(
        _c.session_id == sa.bindparam("author", type_=sa.String),
        _c.handover_at == sa.bindparam("written_at", type_=_c.handover_at.type),
    )
    .values(handed_to=sa.bindparam("successor", type_=sa.String))
)
"""Remembers who got a hand-over note; touches no row where it is another note by now."""


def handover_note(db: Reader, session_id: str) -> Row | None:
    """What the session left for its successor, and who got that last."""
    return db.row(_NOTE, named=session_id)


_REPORTED_STATE = Prepared(
    sa.select(_c.reported_state).where(
        _c.session_id == sa.bindparam("named", type_=sa.String), _c.final_state.is_(None)
    )
)


def reported_state(db: Reader, session_id: str) -> str | None:
    """What the session reports; None where it reports nothing, has ended or is gone."""
    state: str | None = db.value(_REPORTED_STATE, named=session_id)
    return state


def promise(session: sa.ColumnElement[str]) -> sa.ScalarSelect[datetime]:
    """Until when the session promised to show itself; null when it promised nothing, or
    has ended.
    """
    return (
        sa.select(_c.expires_at)
        .where(_c.session_id == session, _c.final_state.is_(None))
        .scalar_subquery()
    )
