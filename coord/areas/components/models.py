"""The tables of the components area: one row per component, and one per observation that changed it
or came too late to.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from coord.store import TABLE_OPTIONS, Base, LongText, Revision, Timestamp

COMPONENT_LENGTH = 200
STATE_LENGTH = 100
VERSION_LENGTH = 200


class Component(Base):
    """A component as it is now, or, once `retired_at` is set, as it was last.

    `revision`: of its creation, or return from retirement. `changed_revision`: its last change;
    whoever decides upon what the row says guards with it.
    """

    __tablename__ = "components"
    __table_args__ = (
        sa.UniqueConstraint("project_key", "component"),
        sa.Index("ix_components_current", "retired_at", "revision"),
        sa.Index("ix_components_current_of_project", "retired_at", "project_key", "revision"),
        sa.Index("ix_components_named", "retired_at", "component", "revision"),
        sa.Index("ix_components_state", "retired_at", "state", "revision"),
        sa.Index(
            "ix_components_state_of_project", "retired_at", "project_key", "state", "revision"
        ),
        sa.Index("ix_components_recent", "retired_at", "changed_revision"),
        sa.Index(
            "ix_components_recent_of_project", "retired_at", "project_key", "changed_revision"
        ),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    project_key: Mapped[str] = mapped_column(sa.String(100), nullable=False)
    component: Mapped[str] = mapped_column(sa.String(COMPONENT_LENGTH), nullable=False)
    state: Mapped[str] = mapped_column(sa.String(STATE_LENGTH), nullable=False)
    version: Mapped[str | None] = mapped_column(sa.String(VERSION_LENGTH))
    notes: Mapped[str | None] = mapped_column(LongText)
    updated_by: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    updated_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    observed_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    previous_state: Mapped[str | None] = mapped_column(sa.String(STATE_LENGTH))
    state_since: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    changed_revision: Mapped[int] = mapped_column(sa.BigInteger, nullable=False)
    retired_at: Mapped[datetime | None] = mapped_column(Timestamp)
    retired_by: Mapped[str | None] = mapped_column(sa.String(200))


class Observation(Base):
    """What a component's history keeps: each change as it left the component, its retirement, and
    (`superseded`) what came too late.
    """

    __tablename__ = "component_history"
    __table_args__ = (
        sa.Index("ix_component_history_of_component", "project_key", "component", "revision"),
        sa.Index("ix_component_history_observed", "project_key", "component", "observed_at"),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    project_key: Mapped[str] = mapped_column(sa.String(100), nullable=False)
    component: Mapped[str] = mapped_column(sa.String(COMPONENT_LENGTH), nullable=False)
    state: Mapped[str] = mapped_column(sa.String(STATE_LENGTH), nullable=False)
    version: Mapped[str | None] = mapped_column(sa.String(VERSION_LENGTH))
    notes: Mapped[str | None] = mapped_column(LongText)
    updated_by: Mapped[str | None] = mapped_column(sa.String(200))
    updated_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    observed_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    superseded: Mapped[bool] = mapped_column(sa.Boolean, nullable=False)
    retired: Mapped[bool] = mapped_column(sa.Boolean, nullable=False, server_default=sa.false())
