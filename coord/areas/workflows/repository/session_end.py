"""What becomes of a session's work items when it ends."""

from typing import cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import SessionEnd
from coord.areas.workflows.models import work_items, workflows
from coord.areas.workflows.repository.item_changes import count_item, item_event
from coord.areas.workflows.repository.items import COLUMNS, as_answered
from coord.areas.workflows.rows import ItemAnswer, ItemToReturn
from coord.areas.workflows.stages import CLOSED_WORKFLOWS, stage_of
from coord.observed_at import not_superseded, now_or_newest
from coord.store import Prepared, Reader, journal

MAX_RETURNED = 100  # items given back in one change: others wait for their turn while it runs

_c = work_items.c

_workflow_columns = (
    workflows.c.name.label("workflow_name"),
    workflows.c.status.label("workflow_status"),
    workflows.c.created_by.label("workflow_created_by"),
)
_CLAIMED_BY = Prepared(
    sa.select(*COLUMNS, *_workflow_columns)
    .join(workflows, workflows.c.id == _c.workflow_id)
    .where(
        _c.assigned_to == param("session"),
        _c.stage == "in_progress",
        _c.claimed_at.is_not(None),
        not_superseded(_c.claimed_at),
    )
    .order_by(_c.rank, _c.revision)
    .limit(param("limit", type_=sa.Integer))
)
"""What a session has claimed and not finished, except what it claimed after it decided to end."""

_RETURN = Prepared(
    sa.update(work_items)
    .where(_c.id == param("item_id"), _c.changed == param("expected"))
    .values(
        stage=param("to_stage"),
        assigned_to=sa.null(),
        claimed_at=sa.null(),
        updated_at=journal.moment,
        observed_at=now_or_newest(_c.observed_at),
        changed=journal.revision,
    )
)


def on_session_end(db: Reader, end: SessionEnd) -> None:
    """Gives back what the session has claimed and not finished: its items are pending again, for
    anybody.
    """
    limit = MAX_RETURNED + 1
    rows = db.rows(
        _CLAIMED_BY, session=end.session_id, new_observed_at=end.observed_at, limit=limit
    )
    items = cast(list[ItemToReturn], rows[:MAX_RETURNED])
    end.incomplete = end.incomplete or len(rows) > MAX_RETURNED
    for item in items:
        _return(end, item)
    end.counts["work_items_returned"] = len(items)


def _return(end: SessionEnd, item: ItemToReturn) -> None:
    by, reason = (None, "session_gone") if end.gone else (end.session_id, "session_ended")
    closed = item["workflow_status"] in CLOSED_WORKFLOWS
    stage = stage_of("pending", item["open_dependencies"], suspended=closed)
    values = {"item_id": item["id"], "expected": item["changed"], "to_stage": stage}
    end.change.add(_RETURN, values, expect=1)
    count_item(end.change, item["workflow_id"], "in_progress", "pending", closed=closed)
    returned: ItemAnswer = {**as_answered(item), "status": "pending", "assigned_to": None}
    event = item_event(
        "work_item.returned", returned, by, was_assigned_to=end.session_id, reason=reason
    )
    end.change.record(event)
    for creator in (item["created_by"], item["workflow_created_by"]):
        name = f"{item['title']!r} ({item['id']}) of {item['workflow_name']!r}"
        end.affects(creator, f"Work item {name} is pending again.")
