"""Statuses, and the finer stages of a work item under which the lists and the queue find it.

A pending item may be claimed, or waits for dependencies, or belongs to a workflow that is closed.
Which of these it is stands in its row, so that the next item to hand out is always the first entry
of an index, however many items are finished, waiting or suspended.
"""

from collections.abc import Iterable

WORKFLOW_STATUSES = ("planning", "active", "blocked", "completed", "cancelled")
OPEN_WORKFLOWS = ("planning", "active", "blocked")
CLOSED_WORKFLOWS = ("completed", "cancelled")

ITEM_STATUSES = ("pending", "in_progress", "blocked", "completed", "cancelled")

READY, WAITING = "ready", "waiting"
# of a closed workflow: never handed out
SUSPENDED_READY, SUSPENDED_WAITING = "suspended_ready", "suspended_waiting"
PENDING_STAGES = (READY, WAITING, SUSPENDED_READY, SUSPENDED_WAITING)
READY_STAGES = (READY, SUSPENDED_READY)
WAITING_STAGES = (WAITING, SUSPENDED_WAITING)
ALL_STAGES = (*PENDING_STAGES, *ITEM_STATUSES[1:])

FREED = {WAITING: READY, SUSPENDED_WAITING: SUSPENDED_READY}  # the last dependency was completed
HELD_UP = {ready: waiting for waiting, ready in FREED.items()}  # a dependency was opened again
SUSPENDED = {READY: SUSPENDED_READY, WAITING: SUSPENDED_WAITING}  # the workflow was closed
# the workflow was opened again
RESUMED = {suspended: stage for stage, suspended in SUSPENDED.items()}


def stage_of(status: str, open_dependencies: int, *, suspended: bool) -> str:
    """`open_dependencies`: how many are not completed; `suspended`: the workflow is closed."""
    if status != "pending":
        return status
    stage = WAITING if open_dependencies else READY
    return SUSPENDED[stage] if suspended else stage


def status_of(stage: str) -> str:
    return "pending" if stage in PENDING_STAGES else stage


def stages_of(statuses: Iterable[str] | None, ready: bool | None) -> tuple[str, ...]:
    """The stages of items that have one of the statuses (None: any) and are ready or not (None:
    either).
    """
    wanted = ITEM_STATUSES if statuses is None else tuple(statuses)
    of_statuses = (stage for stage in ALL_STAGES if status_of(stage) in wanted)
    return tuple(
        stage for stage in of_statuses if ready is None or ready == (stage in READY_STAGES)
    )
