"""Indexes for every filter of every list; whether a lock is released, worked out by the database,
so that they can go on behind it in the order of revisions.

Nodes of the version before go on working: they name indexes in their statements, so one that is
changed keeps its name, and on MariaDB is changed in one step. Each step asks whether it was done:
MariaDB commits each by itself, so this may have to go on from the middle.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-29 10:30:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RELEASED = "released"

Indexes = dict[tuple[str, str], tuple[str, ...]]
"""The columns of indexes, by table and name."""

BEFORE: Indexes = {
    ("locks", "ix_locks_of_project"): ("project_key", "revision"),
    ("locks", "ix_locks_named"): ("resource_key", "revision"),
    ("lock_waiters", "ix_lock_waiters_of_resource"): ("project_key", "resource_key"),
    ("lock_waiters", "ix_lock_waiters_of_session"): ("session_id",),
}
AFTER: Indexes = {
    ("locks", "ix_locks_of_project"): ("project_key", RELEASED, "revision"),
    ("locks", "ix_locks_named"): ("resource_key", RELEASED, "revision"),
    ("lock_waiters", "ix_lock_waiters_of_resource"): ("project_key", "resource_key", "revision"),
    ("lock_waiters", "ix_lock_waiters_of_session"): ("session_id", "revision"),
}
ADDED: Indexes = {
    ("locks", "ix_locks_stale"): (RELEASED, "stale_at"),
    ("locks", "ix_locks_newest"): (RELEASED, "revision"),
    ("lock_waiters", "ix_lock_waiters_of_project"): ("project_key", "revision"),
    ("lock_waiters", "ix_lock_waiters_named"): ("resource_key", "revision"),
    ("messages", "ix_messages_from_in_project"): ("from_session", "project_key", "revision"),
    ("sessions", "ix_sessions_by_state"): ("final_state", "revision"),
    ("work_items", "ix_work_items_of_session_in_workflow"): (
        *("assigned_to", "workflow_id", "stage", "rank", "revision"),
    ),
    ("work_items", "ix_work_items_of_session_in_project"): (
        *("assigned_to", "project_key", "stage", "rank", "revision"),
    ),
    ("journal", "ix_journal_type_in_project"): ("project_key", "type", "revision"),
    ("journal", "ix_journal_subject"): ("subject_id", "revision"),
}


def upgrade() -> None:
    if not has_released():
        # Stored, where it can be added so: of an indexed column that is not, InnoDB's purge opens
        # the table, and `mariadbd --wsrep-recover`, which cannot, tries that for ever.
        stored = op.get_bind().dialect.name == "mariadb"
        worked_out = sa.Computed("released_at IS NOT NULL", persisted=stored)
        op.add_column("locks", sa.Column(RELEASED, sa.Boolean(), worked_out))
    for (table, name), columns in {**AFTER, **ADDED}.items():
        make(name, table, columns)


def downgrade() -> None:
    for table, name in ADDED:
        if columns_of(name, table):
            op.drop_index(name, table)
    for (table, name), columns in BEFORE.items():
        make(name, table, columns)
    if has_released():
        op.drop_column("locks", RELEASED)


def make(name: str, table: str, columns: tuple[str, ...]) -> None:
    """An index of these columns, whatever has the name now."""
    existing = columns_of(name, table)
    if existing == columns:
        return
    if existing and op.get_bind().dialect.name == "mariadb":
        listed = ", ".join(f"`{column}`" for column in columns)
        op.execute(f"ALTER TABLE {table} DROP INDEX {name}, ADD INDEX {name} ({listed})")
        return
    if existing:
        op.drop_index(name, table)
    op.create_index(name, table, list(columns))


def columns_of(name: str, table: str) -> tuple[str | None, ...]:
    """None when there is no such index."""
    indexes = sa.inspect(op.get_bind()).get_indexes(table)
    return next((tuple(each["column_names"]) for each in indexes if each["name"] == name), ())


def has_released() -> bool:
    columns = sa.inspect(op.get_bind()).get_columns("locks")
    return RELEASED in {column["name"] for column in columns}
