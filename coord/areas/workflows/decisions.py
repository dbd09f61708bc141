"""When a change of a workflow or a work item was decided: a late replay neither undoes what is newer nor counts twice.

An object's `observed_at` only grows once it has one, so what was found to be late stays late. The UPDATE of what was not asks again.
"""

from collections.abc import Callable

from coord.areas.workflows.errors import Superseded
from coord.ids import digest
from coord.observed_at import is_superseded, refuse_skew
from coord.store import Row

MAX_AT_ONCE = 20  # changes remembered that one object was given at one moment: a caller's clock may have whole seconds only


def must_not_be_late(kind: str, row: Row, fields: Row, shown: Callable[[Row], Row]) -> None:
    """Raises Invalid and Superseded. `row`: the object as it is stored, and `now`; `shown`: makes of it what is answered."""
    refuse_skew(fields["observed_at"], row["now"])
    if is_superseded(fields["observed_at"], row["observed_at"]):
        raise Superseded(kind, shown(row))


def is_known(row: Row, fields: Row) -> bool:
    """Whether the object was given this very change already, and others decided at the same moment may have followed."""
    return _is_of_the_last_moment(row, fields) and digest(fields) in row["decisions"]


def confirms(row: Row, fields: Row) -> bool:
    """Whether a change that leaves all as it is still says something: that this was wanted later than was known."""
    return fields["observed_at"] is not None and fields["observed_at"] != row["observed_at"]


def noted(row: Row, fields: Row) -> Row:
    """What the guarded UPDATE needs to know of when the change was decided."""
    decisions = row["decisions"]
    if fields["observed_at"] is not None:
        before = decisions if _is_of_the_last_moment(row, fields) else []
        decisions = [*before, digest(fields)][-MAX_AT_ONCE:]
    return {"new_observed_at": fields["observed_at"], "new_decisions": decisions}


def _is_of_the_last_moment(row: Row, fields: Row) -> bool:
    return row["decisions"] is not None and fields["observed_at"] == row["observed_at"]
