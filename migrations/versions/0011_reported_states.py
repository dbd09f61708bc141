"""Sessions report a state: the event that says so is renamed in the journal.

The columns `told_state` and `told_since` and their indexes keep these names, which only the mapping
knows (live/presence.py): nodes of 0.2.0 read and write them while a cluster is upgraded, and a copy
under another name would be wrong whenever the other version wrote last. What such a node records
after this migration keeps the old type, and is missing in the timeline.

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-30 01:30:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OLD, NEW = "session.state_told", "session.state_reported"


def upgrade() -> None:
    rename_events(OLD, NEW)


def downgrade() -> None:
    rename_events(NEW, OLD)


def rename_events(old: str, new: str) -> None:
    """May be repeated: it finds only what still has the old type."""
    journal = sa.table("journal", sa.column("type", sa.String))
    op.execute(sa.update(journal).where(journal.c.type == old).values(type=new))
