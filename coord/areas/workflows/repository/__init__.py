"""Every SQL statement of the workflows area. Functions read, and return a Change or an Answer; none
of them commits.

All time is the database's. What was decided upon a row is guarded by its `changed`.
"""

from coord.areas.workflows.repository import (
    claims,
    item_changes,
    items,
    session_end,
    workflow_changes,
    workflows,
)

__all__ = ["claims", "item_changes", "items", "session_end", "workflow_changes", "workflows"]
