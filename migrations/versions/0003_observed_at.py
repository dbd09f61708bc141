"""When workflows and work items were last decided upon, and when locks were claimed, so that what
is replayed late leaves them alone.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-25 03:05:12.408913
"""

import sqlalchemy as sa
from alembic import op

import coord.store.tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DECIDED_UPON = ("workflows", "work_items")


def upgrade() -> None:
    for name in DECIDED_UPON:
        op.add_column(name, sa.Column("observed_at", coord.store.tables.Timestamp(), nullable=True))
        op.add_column(name, sa.Column("decisions", coord.store.tables.Json(), nullable=True))
        changed = sa.table(
            name, *(sa.column(each) for each in ("observed_at", "created_at", "updated_at"))
        )
        op.execute(
            sa.update(changed)
            .where(changed.c.updated_at > changed.c.created_at)
            .values(observed_at=changed.c.updated_at)
        )
    op.add_column("locks", sa.Column("decided_at", coord.store.tables.Timestamp(), nullable=True))


def downgrade() -> None:
    op.drop_column("locks", "decided_at")
    for name in reversed(DECIDED_UPON):
        op.drop_column(name, "decisions")
        op.drop_column(name, "observed_at")
