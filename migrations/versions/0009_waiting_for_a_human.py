"""Sessions say what of a human they wait for.

Nodes of the version before go on working: both columns may be null. Each step asks whether it was
done: MariaDB commits every ALTER by itself, so this may have to go on from the middle.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-29 14:40:00.000000
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

import coord.store.tables

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLE, INDEX = "sessions", "ix_sessions_waiting"


def upgrade() -> None:
    for column in columns():
        if column.name not in existing_columns():
            op.add_column(TABLE, column)
    if not has_index():
        op.create_index(INDEX, TABLE, ["final_state", "waiting_since"])


def downgrade() -> None:
    if has_index():
        op.drop_index(INDEX, TABLE)
    for column in columns():
        if column.name in existing_columns():
            op.drop_column(TABLE, column.name)


def columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("waiting_for", sa.String(500), nullable=True),
        sa.Column("waiting_since", coord.store.tables.Timestamp(), nullable=True),
    ]


def existing_columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(TABLE)}


def has_index() -> bool:
    return INDEX in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(TABLE)}
