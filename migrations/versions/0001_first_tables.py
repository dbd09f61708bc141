"""The first tables: the journal with its head row, and those of locks, components, workflows and
messages.

Revision ID: 0001
Revises:
Create Date: 2026-11-24 00:22:37.511586
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

import coord.store.tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "component_history",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("project_key", sa.String(length=100), nullable=False),
        sa.Column("component", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=True),
        sa.Column("notes", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb"), nullable=True),
        sa.Column("updated_by", sa.String(length=200), nullable=True),
        sa.Column("updated_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("observed_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_component_history")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index(
        "ix_component_history_observed",
        "component_history",
        ["project_key", "component", "observed_at"],
        unique=False,
    )
    op.create_index(
        "ix_component_history_of_component",
        "component_history",
        ["project_key", "component", "revision"],
        unique=False,
    )
    op.create_table(
        "components",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("project_key", sa.String(length=100), nullable=False),
        sa.Column("component", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=True),
        sa.Column("notes", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb"), nullable=True),
        sa.Column("updated_by", sa.String(length=200), nullable=False),
        sa.Column("updated_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("observed_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("previous_state", sa.String(length=100), nullable=True),
        sa.Column("state_since", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("changed_revision", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("retired_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_components")),
        sa.UniqueConstraint(
            "project_key", "component", name=op.f("uq_components_project_key_component")
        ),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index("ix_components_current", "components", ["retired_at", "revision"], unique=False)
    op.create_index(
        "ix_components_current_of_project",
        "components",
        ["retired_at", "project_key", "revision"],
        unique=False,
    )
    op.create_index(
        "ix_components_named", "components", ["retired_at", "component", "revision"], unique=False
    )
    op.create_index(
        "ix_components_recent", "components", ["retired_at", "changed_revision"], unique=False
    )
    op.create_index(
        "ix_components_recent_of_project",
        "components",
        ["retired_at", "project_key", "changed_revision"],
        unique=False,
    )
    op.create_index(
        "ix_components_state", "components", ["retired_at", "state", "revision"], unique=False
    )
    op.create_index(
        "ix_components_state_of_project",
        "components",
        ["retired_at", "project_key", "state", "revision"],
        unique=False,
    )
    op.create_table(
        "journal",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("project_key", sa.String(length=100), nullable=True),
        sa.Column("session_id", sa.String(length=200), nullable=True),
        sa.Column("subject_kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.String(length=310), nullable=False),
        sa.Column("data", coord.store.tables.Json(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_journal")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index(
        op.f("ix_journal_project_key_revision"),
        "journal",
        ["project_key", "revision"],
        unique=False,
    )
    op.create_index(
        op.f("ix_journal_session_id_revision"), "journal", ["session_id", "revision"], unique=False
    )
    op.create_table(
        "journal_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("at", coord.store.tables.Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_head")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    head = sa.table("journal_head", sa.column("id"), sa.column("revision"), sa.column("at"))
    op.execute(
        sa.insert(head).from_select(
            ["id", "revision", "at"],
            sa.select(sa.literal(1), sa.literal(0), sa.literal("1970-01-01 00:00:00.000000")),
        )
    )
    op.create_table(
        "lock_aliases",
        sa.Column("id", coord.store.tables.Id(), nullable=False),
        sa.Column("lock_id", coord.store.tables.Id(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lock_aliases")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_table(
        "locks",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("id", coord.store.tables.Id(), nullable=False),
        sa.Column("project_key", sa.String(length=100), nullable=False),
        sa.Column("resource", sa.String(length=500), nullable=False),
        sa.Column("resource_key", sa.String(length=500), nullable=False),
        sa.Column("tree", sa.Boolean(), nullable=False),
        sa.Column("session_id", sa.String(length=200), nullable=False),
        sa.Column(
            "description", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb"), nullable=True
        ),
        sa.Column("mode", sa.String(length=9), nullable=False),
        sa.Column("ttl_hours", sa.Double(), nullable=False),
        sa.Column("fencing_token", sa.BigInteger(), nullable=False),
        sa.Column("acquired_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("last_activity_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("stale_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("expires_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("released_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("released_by", sa.String(length=200), nullable=True),
        sa.Column("release_reason", sa.String(length=20), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_locks")),
        sa.UniqueConstraint("id", name=op.f("uq_locks_id")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index(
        "ix_locks_held", "locks", ["released_at", "project_key", "resource_key"], unique=False
    )
    op.create_index("ix_locks_holder", "locks", ["session_id", "released_at"], unique=False)
    op.create_index("ix_locks_of_project", "locks", ["project_key", "revision"], unique=False)
    op.create_table(
        "message_reads",
        sa.Column(
            "message",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.String(length=200), nullable=False),
        sa.Column("read_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("acked_at", coord.store.tables.Timestamp(), nullable=True),
        sa.PrimaryKeyConstraint("message", "nth", name=op.f("pk_message_reads")),
        sa.UniqueConstraint(
            "session_id", "message", name=op.f("uq_message_reads_session_id_message")
        ),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_table(
        "messages",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("id", coord.store.tables.Id(), nullable=False),
        sa.Column("thread_id", coord.store.tables.Id(), nullable=False),
        sa.Column("reply_to", coord.store.tables.Id(), nullable=True),
        sa.Column("project_key", sa.String(length=100), nullable=True),
        sa.Column("from_session", sa.String(length=200), nullable=False),
        sa.Column("to_session", sa.String(length=200), nullable=True),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("body", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb"), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("importance", sa.String(length=6), nullable=False),
        sa.Column("requires_ack", sa.Boolean(), nullable=False),
        sa.Column("created_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("read_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("acked_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("read_count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_messages")),
        sa.UniqueConstraint("id", name=op.f("uq_messages_id")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index(
        "ix_messages_between",
        "messages",
        ["from_session", "to_session", "revision", "project_key"],
        unique=False,
    )
    op.create_index("ix_messages_created", "messages", ["created_at"], unique=False)
    op.create_index(
        "ix_messages_from", "messages", ["from_session", "revision", "project_key"], unique=False
    )
    op.create_index("ix_messages_of_project", "messages", ["project_key", "revision"], unique=False)
    op.create_index("ix_messages_of_thread", "messages", ["thread_id", "revision"], unique=False)
    op.create_index(
        "ix_messages_to", "messages", ["to_session", "revision", "from_session"], unique=False
    )
    op.create_index(
        "ix_messages_to_in_project",
        "messages",
        ["to_session", "project_key", "revision", "from_session"],
        unique=False,
    )
    op.create_index(
        "ix_messages_unread",
        "messages",
        ["read_at", "to_session", "revision", "project_key", "from_session"],
        unique=False,
    )
    op.create_table(
        "work_item_claims",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("id", coord.store.tables.Id(), nullable=False),
        sa.Column("item_id", coord.store.tables.Id(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_work_item_claims")),
        sa.UniqueConstraint("id", name=op.f("uq_work_item_claims_id")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_table(
        "work_item_dependencies",
        sa.Column("depends_on", coord.store.tables.Id(), nullable=False),
        sa.Column("item_id", coord.store.tables.Id(), nullable=False),
        sa.PrimaryKeyConstraint("depends_on", "item_id", name=op.f("pk_work_item_dependencies")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_table(
        "work_item_dependency_edits",
        sa.Column("project_key", sa.String(length=100), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_key", name=op.f("pk_work_item_dependency_edits")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_table(
        "work_items",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("id", coord.store.tables.Id(), nullable=False),
        sa.Column("workflow_id", coord.store.tables.Id(), nullable=False),
        sa.Column("project_key", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column(
            "description", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb"), nullable=True
        ),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("depends_on", coord.store.tables.Json(), nullable=False),
        sa.Column("blocked_by", sa.Integer(), nullable=False),
        sa.Column("assigned_to", sa.String(length=200), nullable=True),
        sa.Column("claimed_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=True),
        sa.Column("created_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("updated_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("completed_at", coord.store.tables.Timestamp(), nullable=True),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_work_items")),
        sa.UniqueConstraint("id", name=op.f("uq_work_items_id")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index(
        "ix_work_items_by_stage", "work_items", ["stage", "rank", "revision"], unique=False
    )
    op.create_index(
        "ix_work_items_of_project",
        "work_items",
        ["project_key", "stage", "rank", "revision"],
        unique=False,
    )
    op.create_index(
        "ix_work_items_of_session",
        "work_items",
        ["assigned_to", "stage", "rank", "revision"],
        unique=False,
    )
    op.create_index(
        "ix_work_items_of_workflow",
        "work_items",
        ["workflow_id", "stage", "rank", "revision"],
        unique=False,
    )
    op.create_table(
        "workflows",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("id", coord.store.tables.Id(), nullable=False),
        sa.Column("project_key", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column(
            "description", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mariadb"), nullable=True
        ),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("updated_at", coord.store.tables.Timestamp(), nullable=False),
        sa.Column("items_pending", sa.Integer(), nullable=False),
        sa.Column("items_in_progress", sa.Integer(), nullable=False),
        sa.Column("items_blocked", sa.Integer(), nullable=False),
        sa.Column("items_completed", sa.Integer(), nullable=False),
        sa.Column("items_cancelled", sa.Integer(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_workflows")),
        sa.UniqueConstraint("id", name=op.f("uq_workflows_id")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_nopad_bin",
        mariadb_engine="InnoDB",
    )
    op.create_index("ix_workflows_by_status", "workflows", ["status", "revision"], unique=False)
    op.create_index(
        "ix_workflows_of_project", "workflows", ["project_key", "status", "revision"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_workflows_of_project", table_name="workflows")
    op.drop_index("ix_workflows_by_status", table_name="workflows")
    op.drop_table("workflows")
    op.drop_index("ix_work_items_of_workflow", table_name="work_items")
    op.drop_index("ix_work_items_of_session", table_name="work_items")
    op.drop_index("ix_work_items_of_project", table_name="work_items")
    op.drop_index("ix_work_items_by_stage", table_name="work_items")
    op.drop_table("work_items")
    op.drop_table("work_item_dependency_edits")
    op.drop_table("work_item_dependencies")
    op.drop_table("work_item_claims")
    op.drop_index("ix_messages_unread", table_name="messages")
    op.drop_index("ix_messages_to_in_project", table_name="messages")
    op.drop_index("ix_messages_to", table_name="messages")
    op.drop_index("ix_messages_of_thread", table_name="messages")
    op.drop_index("ix_messages_of_project", table_name="messages")
    op.drop_index("ix_messages_from", table_name="messages")
    op.drop_index("ix_messages_created", table_name="messages")
    op.drop_index("ix_messages_between", table_name="messages")
    op.drop_table("messages")
    op.drop_table("message_reads")
    op.drop_index("ix_locks_of_project", table_name="locks")
    op.drop_index("ix_locks_holder", table_name="locks")
    op.drop_index("ix_locks_held", table_name="locks")
    op.drop_table("locks")
    op.drop_table("lock_aliases")
    op.drop_table("journal_head")
    op.drop_index(op.f("ix_journal_session_id_revision"), table_name="journal")
    op.drop_index(op.f("ix_journal_project_key_revision"), table_name="journal")
    op.drop_table("journal")
    op.drop_index("ix_components_state_of_project", table_name="components")
    op.drop_index("ix_components_state", table_name="components")
    op.drop_index("ix_components_recent_of_project", table_name="components")
    op.drop_index("ix_components_recent", table_name="components")
    op.drop_index("ix_components_named", table_name="components")
    op.drop_index("ix_components_current_of_project", table_name="components")
    op.drop_index("ix_components_current", table_name="components")
    op.drop_table("components")
    op.drop_index("ix_component_history_of_component", table_name="component_history")
    op.drop_index("ix_component_history_observed", table_name="component_history")
    op.drop_table("component_history")
