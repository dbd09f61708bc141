"""The tables of the messages area: every message, and who has read which broadcast."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from coord.store import TABLE_OPTIONS, Base, Id, LongText, Revision, Timestamp

SUBJECT_LENGTH = 500
BODY_LENGTH = 262_144


class Message(Base):
    """A message; a broadcast when `to_session` is null.

    `read_at` and `acked_at` are those of a direct message: a broadcast has them per session, in
    MessageRead. `size` is the length of the body, so that a page can be cut without reading bodies.
    """

    __tablename__ = "messages"
    __table_args__ = (
        sa.Index(
            "ix_messages_unread", "read_at", "to_session", "revision", "project_key", "from_session"
        ),
        sa.Index("ix_messages_to", "to_session", "revision", "from_session"),
        sa.Index(
            "ix_messages_to_in_project", "to_session", "project_key", "revision", "from_session"
        ),
        sa.Index("ix_messages_between", "from_session", "to_session", "revision", "project_key"),
        sa.Index("ix_messages_from", "from_session", "revision", "project_key"),
        sa.Index("ix_messages_from_in_project", "from_session", "project_key", "revision"),
        sa.Index("ix_messages_of_thread", "thread_id", "revision"),
        sa.Index("ix_messages_of_project", "project_key", "revision"),
        sa.Index("ix_messages_created", "created_at"),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id, nullable=False, unique=True)
    thread_id: Mapped[str] = mapped_column(Id, nullable=False)
    reply_to: Mapped[str | None] = mapped_column(Id)
    project_key: Mapped[str | None] = mapped_column(sa.String(100))
    from_session: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    to_session: Mapped[str | None] = mapped_column(sa.String(200))
    subject: Mapped[str] = mapped_column(sa.String(SUBJECT_LENGTH), nullable=False)
    body: Mapped[str] = mapped_column(LongText, nullable=False)
    size: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    importance: Mapped[str] = mapped_column(sa.String(6), nullable=False)
    requires_ack: Mapped[bool] = mapped_column(sa.Boolean, nullable=False)
    created_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    read_at: Mapped[datetime | None] = mapped_column(Timestamp)
    acked_at: Mapped[datetime | None] = mapped_column(Timestamp)
    read_count: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    digest: Mapped[str] = mapped_column(sa.String(64), nullable=False)


class MessageRead(Base):
    """A session has read a broadcast, as the `nth` to do so: the first few readers of many
    broadcasts are one range each.
    """

    __tablename__ = "message_reads"
    __table_args__ = (sa.UniqueConstraint("session_id", "message"), TABLE_OPTIONS)

    message: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    nth: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    session_id: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    read_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    acked_at: Mapped[datetime | None] = mapped_column(Timestamp)
