"""The tables of the locks area: one row per grant, kept for a time after its release; and the
claims that wait for one."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from coord.store import TABLE_OPTIONS, Base, Id, LongText, Revision, Timestamp

RESOURCE_LENGTH = 500  # with project_key it fits into InnoDB's 3072 bytes of key, four a character


class Lock(Base):
    """A grant of a resource to a session. Held while `released_at` is null and `expires_at` has not
    come.

    `stale_at` is the last activity plus the stale time: it stands in this row so that activity and
    a take-over meet in one place. `decided_at`: when its holder last decided to have it, by a claim
    or a renewal (signs of life are no decision); null: at `acquired_at`. `released`: worked out by
    the database, so that an index can go on behind it in the order of revisions.
    """

    __tablename__ = "locks"
    __table_args__ = (
        sa.Index("ix_locks_held", "released_at", "project_key", "resource_key"),
        sa.Index("ix_locks_holder", "session_id", "released_at"),
        sa.Index("ix_locks_due", "released_at", "expires_at"),
        sa.Index("ix_locks_stale", "released", "stale_at"),
        sa.Index("ix_locks_newest", "released", "revision"),
        sa.Index("ix_locks_of_project", "project_key", "released", "revision"),
        sa.Index("ix_locks_of_resource", "project_key", "resource_key", "revision"),
        sa.Index("ix_locks_named", "resource_key", "released", "revision"),
        sa.Index("ix_locks_of_session", "session_id", "revision"),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id, nullable=False, unique=True)
    project_key: Mapped[str] = mapped_column(sa.String(100), nullable=False)
    resource: Mapped[str] = mapped_column(sa.String(RESOURCE_LENGTH), nullable=False)
    resource_key: Mapped[str] = mapped_column(sa.String(RESOURCE_LENGTH), nullable=False)
    tree: Mapped[bool] = mapped_column(sa.Boolean, nullable=False)
    session_id: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    description: Mapped[str | None] = mapped_column(LongText)
    mode: Mapped[str] = mapped_column(sa.String(9), nullable=False)
    ttl_hours: Mapped[float] = mapped_column(sa.Double, nullable=False)
    fencing_token: Mapped[int] = mapped_column(sa.BigInteger, nullable=False)
    acquired_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    last_activity_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    stale_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    expires_at: Mapped[datetime | None] = mapped_column(Timestamp)
    decided_at: Mapped[datetime | None] = mapped_column(Timestamp)
    released_at: Mapped[datetime | None] = mapped_column(Timestamp)
    released: Mapped[bool] = mapped_column(sa.Boolean, sa.Computed("released_at IS NOT NULL"))
    released_by: Mapped[str | None] = mapped_column(sa.String(200))
    release_reason: Mapped[str | None] = mapped_column(sa.String(20))
    digest: Mapped[str] = mapped_column(sa.String(64), nullable=False)


class LockAlias(Base):
    """The id of a claim that met a lock its caller held already. Repeated after the release, it
    must not be granted anew."""

    __tablename__ = "lock_aliases"
    __table_args__ = (sa.Index("ix_lock_aliases_of_lock", "lock_id"), TABLE_OPTIONS)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    lock_id: Mapped[str] = mapped_column(Id, nullable=False)
    digest: Mapped[str] = mapped_column(sa.String(64), nullable=False)


class LockWaiter(Base):
    """A resource that a claim waits for; a claim of several has several rows, with one `waiter_id`
    and one `revision`.

    Waiters go in the order of `revision`. A row blocks those behind it for as long as it is there;
    it is dead, and to be removed by whoever meets it, once `until` has come or its worker process
    is no more (see coord.live.processes).
    """

    __tablename__ = "lock_waiters"
    __table_args__ = (
        sa.Index("ix_lock_waiters_of_resource", "project_key", "resource_key", "revision"),
        sa.Index("ix_lock_waiters_of_session", "session_id", "revision"),
        sa.Index("ix_lock_waiters_of_project", "project_key", "revision"),
        sa.Index("ix_lock_waiters_named", "resource_key", "revision"),
        sa.Index("ix_lock_waiters_of_process", "process"),
        sa.UniqueConstraint("waiter_id", "nth"),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    nth: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    waiter_id: Mapped[str] = mapped_column(Id, nullable=False)
    process: Mapped[str] = mapped_column(Id, nullable=False)
    project_key: Mapped[str] = mapped_column(sa.String(100), nullable=False)
    resource: Mapped[str] = mapped_column(sa.String(RESOURCE_LENGTH), nullable=False)
    resource_key: Mapped[str] = mapped_column(sa.String(RESOURCE_LENGTH), nullable=False)
    tree: Mapped[bool] = mapped_column(sa.Boolean, nullable=False)
    session_id: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    mode: Mapped[str] = mapped_column(sa.String(9), nullable=False)
    description: Mapped[str | None] = mapped_column(LongText)
    since: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    until: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
