"""The recipes.

Revision ID: recipes_0001
Revises:
Create Date: 2026-11-23 23:55:18.846552
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

import coord.store.tables

revision = "recipes_0001"
down_revision = None
branch_labels = ("recipes",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recipes",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("id", coord.store.tables.Id(), nullable=False),
        sa.Column("project_key", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb"), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_recipes")),
        sa.UniqueConstraint("id", name=op.f("uq_recipes_id")),
        sa.UniqueConstraint("project_key", "title", name=op.f("uq_recipes_project_key_title")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_recipes_project_key_revision"),
        "recipes",
        ["project_key", "revision"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_recipes_project_key_revision"), table_name="recipes")
    op.drop_table("recipes")
