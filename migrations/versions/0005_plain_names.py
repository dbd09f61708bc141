"""Plain names: when and how a session ended, how many dependencies of an item are open, items of
closed workflows.

Each step asks whether it was done: MariaDB commits every ALTER by itself, so this may have to go on
from the middle.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-28 22:05:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = (
    ("sessions", "left_at", "ended_at"),
    ("sessions", "left_how", "final_state"),
    ("work_items", "blocked_by", "open_dependencies"),
)
STAGES = (("shelved_ready", "suspended_ready"), ("shelved_waiting", "suspended_waiting"))
DEPENDENCIES = "work_item_dependencies"
BY_ITEM = "ix_work_item_dependencies_of_item"


def upgrade() -> None:
    for table, old, new in COLUMNS:
        rename_column(table, old, new)
    for old, new in STAGES:
        rename_stage(old, new)
    if not has_index():
        op.create_index(BY_ITEM, DEPENDENCIES, ["item_id", "depends_on"])


def downgrade() -> None:
    if has_index():
        op.drop_index(BY_ITEM, DEPENDENCIES)
    for old, new in STAGES:
        rename_stage(new, old)
    for table, old, new in COLUMNS:
        rename_column(table, new, old)


def rename_column(table: str, old: str, new: str) -> None:
    if old in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def rename_stage(old: str, new: str) -> None:
    stage = sa.column("stage", sa.String)
    op.execute(sa.update(sa.table("work_items", stage)).where(stage == old).values(stage=new))


def has_index() -> bool:
    return BY_ITEM in {
        index["name"] for index in sa.inspect(op.get_bind()).get_indexes(DEPENDENCIES)
    }
