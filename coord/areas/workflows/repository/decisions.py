"""When a change of a workflow or a work item was decided: a late replay neither undoes what is
newer nor counts twice.

An object's `observed_at` only grows once it has one, so what was found to be late stays late. The
UPDATE of what was not late checks again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from coord.areas.workflows.rows import ChangeItem, ChangeWorkflow, ItemToChange, WorkflowToChange
from coord.ids import digest
from coord.observed_at import is_superseded, refuse_skew

# changes of one object remembered: a caller's clock may have whole seconds only
MAX_OF_SAME_MOMENT = 20

Stored = ItemToChange | WorkflowToChange
Fields = ChangeItem | ChangeWorkflow


def is_decision_superseded(stored: Stored, fields: Fields) -> bool:
    """Whether something newer is stored. Raises Invalid for a clock skew."""
    refuse_skew(fields["observed_at"], stored["now"])
    return is_superseded(fields["observed_at"], stored["observed_at"])


def is_replay(stored: Stored, fields: Fields) -> bool:
    """Whether the object was given this very change already; others of the same moment may have
    followed.
    """
    decisions = stored["decisions"]
    return decisions is not None and _is_same_moment(stored, fields) and digest(fields) in decisions


def confirms(stored: Stored, fields: Fields) -> bool:
    """Whether a change that leaves all as it is says something new: that this was wanted later than
    was known.
    """
    return fields["observed_at"] not in (None, stored["observed_at"])


def decision_values(stored: Stored, fields: Fields) -> Mapping[str, Any]:
    """What the guarded UPDATE needs to know of when the change was decided."""
    observed: datetime | None = fields["observed_at"]
    decisions = stored["decisions"]
    if observed is not None:
        before = decisions if decisions is not None and _is_same_moment(stored, fields) else []
        decisions = [*before, digest(fields)][-MAX_OF_SAME_MOMENT:]
    return {"new_observed_at": observed, "new_decisions": decisions}


def _is_same_moment(stored: Stored, fields: Fields) -> bool:
    return fields["observed_at"] == stored["observed_at"]
