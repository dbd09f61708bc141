"""Before a shell command: what it needs is claimed while it runs."""

from __future__ import annotations

from coord.client.commands import BadPattern, resources
from coord.client.hook.claims import claim, deny, is_parents, release
from coord.client.others_text import one_line
from coord.client.suggestions import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.hook.context import HookContext

WAIT_S = 8.0  # a commit or a push of somebody else takes seconds: wait for it rather than refuse
TTL_HOURS = 0.5


def claim_for_line(hook: HookContext, line: str, *, background: bool) -> None:
    """Claims all that the line needs, or nothing."""
    try:
        wanted = resources(line, hook.place.config)
    except BadPattern as error:
        hook.context.append(f"coord: {error}")
        return
    claimed: list[str] = []
    for resource in wanted:
        if not _claim(hook, resource, claimed):
            release(hook, claimed)
            return
    if claimed and background:
        names = " and ".join(f"`{one_line(resource)}`" for resource in wanted)
        unlock = command("unlock", *wanted)
        hook.context.append(
            f"coord holds {names} for this command. Release it when the command is done: {unlock}"
        )
    elif claimed:
        hook.memory.note_command_locks(hook.event.text("tool_use_id"), claimed)


def _claim(hook: HookContext, resource: str, claimed: list[str]) -> bool:
    """Whether the command may run as far as this resource goes; adds the lock's id to `claimed`."""
    from coord.client.queue import new_id

    lock_id = new_id()
    fields = {
        "project_key": hook.place.project,
        "resource": resource,
        "ttl_hours": TTL_HOURS,
        "id": lock_id,
    }
    lock = claim(hook, fields, WAIT_S)
    if hook.denial:
        return False
    if lock is None:
        claimed.append(lock_id)
    elif not is_parents(hook, lock):  # what its session holds a subagent works under
        deny(hook, lock, "run this", "", resource)
        return False
    return True
