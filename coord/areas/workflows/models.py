"""The tables of the workflows area: workflows, their items, which items wait for which, and the
claims of items.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from coord.store import TABLE_OPTIONS, Base, Id, Json, LongText, Revision, Timestamp

TITLE_LENGTH = 500


class Workflow(Base):
    """A piece of work made of items. It counts its items by status; each change of an item's status
    keeps that right.

    `observed_at` and `decisions`: as those of a WorkItem.
    """

    __tablename__ = "workflows"
    __table_args__ = (
        sa.Index("ix_workflows_of_project", "project_key", "status", "revision"),
        sa.Index("ix_workflows_by_status", "status", "revision"),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id, nullable=False, unique=True)
    project_key: Mapped[str] = mapped_column(sa.String(100), nullable=False)
    name: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH), nullable=False)
    description: Mapped[str | None] = mapped_column(LongText)
    status: Mapped[str] = mapped_column(sa.String(20), nullable=False)
    created_by: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    created_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    updated_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    observed_at: Mapped[datetime | None] = mapped_column(Timestamp)
    decisions: Mapped[Any] = mapped_column(Json, nullable=True)
    items_pending: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    items_in_progress: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    items_blocked: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    items_completed: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    items_cancelled: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    changed: Mapped[int] = mapped_column(sa.BigInteger, nullable=False)
    digest: Mapped[str] = mapped_column(sa.String(64), nullable=False)


class WorkItem(Base):
    """A task of a workflow.

    `stage` holds its status, and what a pending one waits for (see stages). `rank` is minus its
    priority, so that every list is in ascending order. `open_dependencies` counts the dependencies
    that are not completed. `changed` is the revision at which the row last changed in any way, also
    through a dependency or its workflow: what was decided upon it is guarded by that.

    `observed_at`: when the last change of its own was decided; null while it is as it was created,
    which no change is too late for: who knew the id before that has chosen it, and queued the
    change behind the create. `decisions`: the digests of the changes decided at just that moment,
    lest a replay of one of them undo those that followed.
    """

    __tablename__ = "work_items"
    __table_args__ = (
        sa.Index("ix_work_items_of_workflow", "workflow_id", "stage", "rank", "revision"),
        sa.Index("ix_work_items_of_project", "project_key", "stage", "rank", "revision"),
        sa.Index("ix_work_items_of_session", "assigned_to", "stage", "rank", "revision"),
        sa.Index(
            "ix_work_items_of_session_in_workflow",
            "assigned_to",
            "workflow_id",
            "stage",
            "rank",
            "revision",
        ),
        sa.Index(
            "ix_work_items_of_session_in_project",
            "assigned_to",
            "project_key",
            "stage",
            "rank",
            "revision",
        ),
        sa.Index("ix_work_items_by_stage", "stage", "rank", "revision"),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id, nullable=False, unique=True)
    workflow_id: Mapped[str] = mapped_column(Id, nullable=False)
    project_key: Mapped[str] = mapped_column(sa.String(100), nullable=False)
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH), nullable=False)
    description: Mapped[str | None] = mapped_column(LongText)
    stage: Mapped[str] = mapped_column(sa.String(20), nullable=False)
    rank: Mapped[int] = mapped_column(sa.BigInteger, nullable=False)
    depends_on: Mapped[Any] = mapped_column(Json, nullable=False)
    open_dependencies: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    assigned_to: Mapped[str | None] = mapped_column(sa.String(200))
    claimed_at: Mapped[datetime | None] = mapped_column(Timestamp)
    created_by: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    updated_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    completed_at: Mapped[datetime | None] = mapped_column(Timestamp)
    observed_at: Mapped[datetime | None] = mapped_column(Timestamp)
    decisions: Mapped[Any] = mapped_column(Json, nullable=True)
    changed: Mapped[int] = mapped_column(sa.BigInteger, nullable=False)
    digest: Mapped[str] = mapped_column(sa.String(64), nullable=False)


class Dependency(Base):
    """`item_id` waits for `depends_on`: the item's own list, turned round."""

    __tablename__ = "work_item_dependencies"
    __table_args__ = (
        sa.Index("ix_work_item_dependencies_of_item", "item_id", "depends_on"),
        TABLE_OPTIONS,
    )

    depends_on: Mapped[str] = mapped_column(Id, primary_key=True)
    item_id: Mapped[str] = mapped_column(Id, primary_key=True)


class DependencyEdits(Base):
    """When dependencies were last added to an existing item of the project.

    Whoever looked for cycles before that looks again.
    """

    __tablename__ = "work_item_dependency_edits"
    __table_args__ = (TABLE_OPTIONS,)

    project_key: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    revision: Mapped[int] = mapped_column(sa.BigInteger, nullable=False)


class WorkItemClaim(Base):
    """Which item a claim was given, for the caller that asks again because it never saw the answer.

    `item_id` is claims.NO_ITEM when there was none.
    """

    __tablename__ = "work_item_claims"
    __table_args__ = (TABLE_OPTIONS,)

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id, nullable=False, unique=True)
    item_id: Mapped[str] = mapped_column(Id, nullable=False)
    digest: Mapped[str] = mapped_column(sa.String(64), nullable=False)


workflows = Workflow.__table__
work_items = WorkItem.__table__
dependencies = Dependency.__table__
dependency_edits = DependencyEdits.__table__
work_item_claims = WorkItemClaim.__table__
