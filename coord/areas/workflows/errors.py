"""Why a change of a workflow or a work item is not made."""

from collections.abc import Mapping
from typing import Any

from coord import errors
from coord.areas.workflows.schemas import WorkflowSchema, WorkItemSchema
from coord.web import iso

_SHOWN = {"workflow": WorkflowSchema(), "work_item": WorkItemSchema()}


class Superseded(errors.Superseded):
    """It was changed after this was decided, so it stays as it is; `workflow` or `work_item` is how it stands."""

    def __init__(self, kind: str, stored: Mapping[str, Any]) -> None:
        stands = f"This {kind.replace('_', ' ')} is '{stored['status']}' by a change of {iso(stored['observed_at'])}, which is after yours"
        advice = "If yours should hold even now, send it again without observed_at."
        super().__init__(f"{stands}: nothing was changed. {advice}", **{kind: _SHOWN[kind].dump(stored)})
