"""Visits, and how often.

Revision ID: stranger_0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "stranger_0001"
down_revision = None
branch_labels = ("stranger",)
depends_on = None


def upgrade() -> None:
    table = op.create_table(
        "stranger_visits",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("who", sa.String(50), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stranger_visits"),
    )
    op.bulk_insert(
        table, [{"id": 1, "who": "ann", "count": 1}, {"id": 2, "who": "bob", "count": 10}]
    )
    op.execute("INSERT INTO stranger_visits VALUES (3, 'eve', 100)")
    op.execute("UPDATE stranger_visits SET count = count + 1")
    op.create_index("ix_stranger_visits_who", "stranger_visits", ["who"])
    op.execute("UPDATE stranger_visits SET count = count + 1")


def downgrade() -> None:
    op.drop_index("ix_stranger_visits_who", table_name="stranger_visits")
    op.drop_table("stranger_visits")
