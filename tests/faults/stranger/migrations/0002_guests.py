"""Guests, with a row for each who visited.

Revision ID: stranger_0002
Revises: stranger_0001
"""

import sqlalchemy as sa
from alembic import op

revision = "stranger_0002"
down_revision = "stranger_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stranger_guests",
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_stranger_guests"),
    )
    op.execute("INSERT INTO stranger_guests SELECT who, count FROM stranger_visits")
    op.add_column("stranger_visits", sa.Column("at", sa.DateTime(), nullable=True))
    op.alter_column(
        "stranger_guests", "visits", existing_type=sa.Integer(), nullable=False, server_default="0"
    )
    op.alter_column("stranger_visits", "count", existing_type=sa.Integer(), new_column_name="times")
    op.create_unique_constraint("uq_stranger_visits_who", "stranger_visits", ["who"])
    op.create_foreign_key(
        "fk_stranger_visits_who", "stranger_visits", "stranger_guests", ["who"], ["name"]
    )
    op.rename_table("stranger_guests", "stranger_people")
    op.execute("ALTER TABLE stranger_people RENAME COLUMN visits TO visited")
    op.drop_column("stranger_visits", "at")


def downgrade() -> None:
    op.execute("ALTER TABLE stranger_people RENAME COLUMN visited TO visits")
    op.rename_table("stranger_people", "stranger_guests")
    op.drop_constraint("fk_stranger_visits_who", "stranger_visits", type_="foreignkey")
    op.drop_constraint("uq_stranger_visits_who", "stranger_visits", type_="unique")
    op.alter_column("stranger_visits", "times", existing_type=sa.Integer(), new_column_name="count")
    op.drop_table("stranger_guests")
