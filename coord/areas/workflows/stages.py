"""Statuses, and the finer stages of a work item under which the lists and the queue find it.

A pending item may be claimed, or waits for dependencies, or belongs to a workflow that is over. Which of these it is stands in its row,
so that the next item to hand out is always the first entry of an index, however many items are finished, waiting or left over.
"""

from collections.abc import Iterable

WORKFLOW_STATUSES = ("planning", "active", "blocked", "completed", "cancelled")
OPEN_WORKFLOWS = ("planning", "active", "blocked")
OVER_WORKFLOWS = ("completed", "cancelled")

ITEM_STATUSES = ("pending", "in_progress", "blocked", "completed", "cancelled")

READY, WAITING = "ready", "waiting"
SHELVED_READY, SHELVED_WAITING = "shelved_ready", "shelved_waiting"  # pending items of a workflow that is over: never handed out
PENDING_STAGES = (READY, WAITING, SHELVED_READY, SHELVED_WAITING)
READY_STAGES = (READY, SHELVED_READY)
ALL_STAGES = (*PENDING_STAGES, *ITEM_STATUSES[1:])

FREED = {WAITING: READY, SHELVED_WAITING: SHELVED_READY}  # the last dependency was completed
HELD_UP = {ready: waiting for waiting, ready in FREED.items()}  # a dependency was opened again
SHELVED = {READY: SHELVED_READY, WAITING: SHELVED_WAITING}  # the workflow is over
UNSHELVED = {shelved: stage for stage, shelved in SHELVED.items()}  # the workflow goes on


def stage_of(status: str, blocked_by: int, *, shelved: bool) -> str:
    """`blocked_by`: how many dependencies are not completed; `shelved`: the workflow is over."""
    if status != "pending":
        return status
    stage = WAITING if blocked_by else READY
    return SHELVED[stage] if shelved else stage


def status_of(stage: str) -> str:
    return "pending" if stage in PENDING_STAGES else stage


def stages_of(statuses: Iterable[str] | None, ready: bool | None) -> tuple[str, ...]:
    """The stages of items that have one of the statuses (None: any) and are ready or not (None: either)."""
    wanted = ITEM_STATUSES if statuses is None else tuple(statuses)
    return tuple(stage for stage in ALL_STAGES if status_of(stage) in wanted and ready in (None, stage in READY_STAGES))
