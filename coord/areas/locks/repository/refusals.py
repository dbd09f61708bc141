"""The journal's word of claims that were refused."""

from collections.abc import Iterable

from coord.areas.locks.rows import Refusal
from coord.store import Change, Decision, Event, Reader


def record_refusals(db: Reader, refusals: Iterable[tuple[Refusal, int]]) -> Decision[None]:
    """That they were refused, and how often. Changes nothing else."""
    change: Change[None] = Change()
    for refusal, count in refusals:
        data = {"resource": refusal.resource, "count": count}
        change.record(
            Event(
                "lock.refused",
                "lock",
                refusal.lock_id,
                refusal.project_key,
                refusal.session_id,
                data,
            )
        )
    return change
