"""Sessions say whether they work, are idle or rate-limited, and leave notes for who comes after.

Nodes of the version before go on working: all columns may be null, and the indexes that they name
stay. Each step asks whether it was done: MariaDB commits every ALTER by itself, so this may have to
go on from the middle.

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-29 18:20:00.000000
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

import coord.store.tables

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = "sessions"
INDEXES = {
    "ix_sessions_told": ["final_state", "told_state", "revision"],
    "ix_sessions_told_of_project": ["final_state", "project_key", "told_state", "revision"],
}


def upgrade() -> None:
    for column in columns():
        if column.name not in existing_columns():
            op.add_column(TABLE, column)
    for name, indexed in INDEXES.items():
        if name not in existing_indexes():
            op.create_index(name, TABLE, indexed)


def downgrade() -> None:
    for name in INDEXES:
        if name in existing_indexes():
            op.drop_index(name, TABLE)
    for column in columns():
        if column.name in existing_columns():
            op.drop_column(TABLE, column.name)


def columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("told_state", sa.String(20), nullable=True),
        sa.Column("told_since", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("handover", coord.store.tables.LongText, nullable=True),
        sa.Column("handover_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("handed_to", sa.String(200), nullable=True),
    ]


def existing_columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(TABLE)}


def existing_indexes() -> set[str | None]:
    return {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(TABLE)}
