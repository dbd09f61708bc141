"""Indexes for what a list may be filtered by: the history of a resource or a session, locks that
are due, events of one type.

Nothing else changes, so nodes of the version before go on working. Each index is made unless it is
there: MariaDB commits each by itself, so this may have to go on from the middle.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-29 01:10:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_locks_due", "locks", ["released_at", "expires_at"]),
    ("ix_locks_of_resource", "locks", ["project_key", "resource_key", "revision"]),
    ("ix_locks_named", "locks", ["resource_key", "revision"]),
    ("ix_locks_of_session", "locks", ["session_id", "revision"]),
    ("ix_journal_type_revision", "journal", ["type", "revision"]),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        if not has_index(name, table):
            op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _columns in reversed(INDEXES):
        if has_index(name, table):
            op.drop_index(name, table)


def has_index(name: str, table: str) -> bool:
    return name in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
