"""The journal says with which token a change was made, and released locks can be deleted with their
aliases.

Each step asks whether it was done: MariaDB commits every ALTER by itself, so this may have to go on
from the middle.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-29 01:10:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ALIASES, BY_LOCK = "lock_aliases", "ix_lock_aliases_of_lock"


def upgrade() -> None:
    if not has_token():
        op.add_column("journal", sa.Column("token", sa.String(64), nullable=True))
    if not has_index():
        op.create_index(BY_LOCK, ALIASES, ["lock_id"])


def downgrade() -> None:
    if has_index():
        op.drop_index(BY_LOCK, ALIASES)
    if has_token():
        op.drop_column("journal", "token")


def has_token() -> bool:
    columns = sa.inspect(op.get_bind()).get_columns("journal")
    return "token" in {column["name"] for column in columns}


def has_index() -> bool:
    return BY_LOCK in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(ALIASES)}
