"""Sessions that announced themselves, the line of those who wait for locks, and how far the journal
was trimmed.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-25 00:04:59.581095
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

import coord.store.tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lock_waiters",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("wait_id", coord.store.tables.Id(), nullable=False),
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
        sa.UniqueConstraint("wait_id", "nth", name=op.f("uq_lock_waiters_wait_id_nth")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index("ix_lock_waiters_of_process", "lock_waiters", ["process"], unique=False)
    op.create_index(
        "ix_lock_waiters_of_resource", "lock_waiters", ["project_key", "resource_key"], unique=False
    )
    op.create_index("ix_lock_waiters_of_session", "lock_waiters", ["session_id"], unique=False)
    op.create_table(
        "processes",
        sa.Column("id", coord.store.tables.Id(), nullable=False),
        sa.Column("node", coord.store.tables.Id(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("alive_until", coord.store.tables.Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_table(
        "sessions",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("session_id", sa.String(length=200), nullable=False),
        sa.Column("project_key", sa.String(length=100), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=True),
        sa.Column("task", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb"), nullable=True),
        sa.Column("ttl_minutes", sa.Double(), nullable=True),
        sa.Column("started_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("last_seen_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("expires_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("left_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("left_how", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_sessions")),
        sa.UniqueConstraint("session_id", name=op.f("uq_sessions_session_id")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index("ix_sessions_due", "sessions", ["left_how", "expires_at"], unique=False)
    op.create_index("ix_sessions_of_project", "sessions", ["project_key", "revision"], unique=False)
    op.create_index(
        "ix_sessions_there", "sessions", ["left_how", "project_key", "revision"], unique=False
    )
    op.add_column(
        "journal_head", sa.Column("trimmed", sa.BigInteger(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("journal_head", "trimmed")
    op.drop_index("ix_sessions_there", table_name="sessions")
    op.drop_index("ix_sessions_of_project", table_name="sessions")
    op.drop_index("ix_sessions_due", table_name="sessions")
    op.drop_table("sessions")
    op.drop_table("processes")
    op.drop_index("ix_lock_waiters_of_session", table_name="lock_waiters")
    op.drop_index("ix_lock_waiters_of_resource", table_name="lock_waiters")
    op.drop_index("ix_lock_waiters_of_process", table_name="lock_waiters")
    op.drop_table("lock_waiters")
