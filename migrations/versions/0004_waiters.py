"""Claims that wait are called waiters everywhere: a column of their table, and the events that tell
of them.

Revision ID: 0004 Revises: 0003 Create Date: 2026-11-28 21:40:00.000000
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

import coord.store.tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "lock_waiters"
EVENTS = {"lock.queued": "lock.waiting", "lock.unqueued": "lock.wait_ended"}
INDEXES = {
    "ix_lock_waiters_of_process": ["process"],
    "ix_lock_waiters_of_resource": ["project_key", "resource_key"],
    "ix_lock_waiters_of_session": ["session_id"],
}


def upgrade() -> None:
    replace_table("wait_id", "waiter_id")
    rename_events(EVENTS, "waiter")


def downgrade() -> None:
    replace_table("waiter_id", "wait_id")
    rename_events({new: old for old, new in EVENTS.items()}, "wait")


def replace_table(old: str, new: str) -> None:
    """Its rows are calls that wait in processes of the other version, which end with them: none is
    worth keeping.

    On MariaDB each statement commits by itself, so each asks first whether it was carried out
    before.
    """
    columns = (
        {column["name"] for column in inspector().get_columns(TABLE)}
        if inspector().has_table(TABLE)
        else set()
    )
    if old in columns:
        op.drop_table(TABLE)
    if new not in columns:
        create_table(new)
    existing = {index["name"] for index in inspector().get_indexes(TABLE)}
    for name, indexed in INDEXES.items():
        if name not in existing:
            op.create_index(name, TABLE, indexed, unique=False)


def inspector() -> sa.Inspector:
    """A new one each time: it remembers what it saw."""
    return sa.inspect(op.get_bind())


def create_table(name_of_id: str) -> None:
    op.create_table(
        TABLE,
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(name_of_id, coord.store.tables.Id(), nullable=False),
        sa.Column("process", coord.store.tables.Id(), nullable=False),
        sa.Column("project_key", sa.String(length=100), nullable=False),
        sa.Column("resource", sa.String(length=500), nullable=False),
        sa.Column("resource_key", sa.String(length=500), nullable=False),
        sa.Column("tree", sa.Boolean(), nullable=False),
        sa.Column("session_id", sa.String(length=200), nullable=False),
        sa.Column("mode", sa.String(length=9), nullable=False),
        sa.Column(
            "description", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb"), nullable=True
        ),
        sa.Column("since", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("until", coord.store.tables.Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("revision", "nth", name=op.f("pk_lock_waiters")),
        sa.UniqueConstraint(name_of_id, "nth", name=op.f(f"uq_lock_waiters_{name_of_id}_nth")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )


def rename_events(names: dict[str, str], subject_kind: str) -> None:
    journal = sa.table("journal", sa.column("type"), sa.column("subject_kind"))
    for old, new in names.items():
        op.execute(
            sa.update(journal)
            .where(journal.c.type == old)
            .values(type=new, subject_kind=subject_kind)
        )
