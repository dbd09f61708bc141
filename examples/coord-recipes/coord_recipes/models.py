"""The table of the recipes area."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from coord.store import TABLE_OPTIONS, Base, Id, LongText, Revision, Timestamp

TITLE_LENGTH = 200


class Recipe(Base):
    """A recipe.

    `revision`: of the journal row that says it was written; `changed`: of the last one about it.
    """

    __tablename__ = "recipes"
    __table_args__ = (
        sa.UniqueConstraint("project_key", "title"),
        sa.Index(None, "project_key", "revision"),
        TABLE_OPTIONS,
    )

    revision: Mapped[int] = mapped_column(Revision, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id, nullable=False, unique=True)
    project_key: Mapped[str] = mapped_column(sa.String(100), nullable=False)
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH), nullable=False)
    text: Mapped[str] = mapped_column(LongText, nullable=False)
    created_by: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    created_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    changed: Mapped[int] = mapped_column(sa.BigInteger, nullable=False)
    changed_at: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
    digest: Mapped[str] = mapped_column(sa.String(64), nullable=False)
