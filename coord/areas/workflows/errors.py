"""Why a change of a workflow or a work item is not made."""

from coord import errors
from coord.areas.workflows.rows import ItemAnswer, WorkflowAnswer
from coord.areas.workflows.schemas import WorkflowSchema, WorkItemSchema
from coord.web import iso

_SCHEMAS = {"workflow": WorkflowSchema(), "work_item": WorkItemSchema()}


class Superseded(errors.Superseded):
    """It was changed after this was decided, so it stays as it is; `workflow` or `work_item` is how
    it stands.
    """

    def __init__(self, kind: str, stored: WorkflowAnswer | ItemAnswer) -> None:
        super().__init__(
            f"This {kind.replace('_', ' ')} is '{stored['status']}' by a change of"
            f" {iso(stored['observed_at'] or stored['created_at'])}, which is after yours: nothing"
            " was changed. If yours should hold even now, send it again without observed_at.",
            **{kind: _SCHEMAS[kind].dump(stored)},
        )


class NotAssignee(errors.CoordError):
    """Another session has this item in progress, so it stays as it is; `work_item` is how it
    stands.
    """

    status, code = 409, "not_assignee"

    def __init__(self, item: ItemAnswer) -> None:
        super().__init__(
            f"Work item {item['id']} is in progress by {item['assigned_to']!r}, not by you: nothing"
            " was changed. Ask that session, or send it again with force: true, which tells it.",
            work_item=_SCHEMAS["work_item"].dump(item),
        )
