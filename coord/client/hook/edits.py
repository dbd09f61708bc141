"""Before an edit: the file is claimed."""

from __future__ import annotations

import os

from coord.client.hook.claims import claim, deny, is_parents
from coord.client.hook.context import BY_HOOK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.hook.claims import HeldLock
    from coord.client.hook.context import HookContext

TTL_HOURS = 2.0
CHANGE = ("change it", " (a copy, sed, a script)")


def claim_file(hook: HookContext, path: str) -> None:
    from coord.client.files import resource

    absolute = os.path.join(hook.event.text("cwd") or hook.place.root, path)
    if _is_private(hook, absolute):
        return
    project, name = resource(absolute, hook.place)
    fields = {
        "project_key": project,
        "resource": name,
        "ttl_hours": hook.number("lock_ttl_hours", TTL_HOURS),
    }
    lock = claim(hook, fields)
    if lock is not None and is_parents(hook, lock):
        _hand_over(hook, fields, lock)
    elif lock is not None:
        deny(hook, lock, *CHANGE, path)


def _is_private(hook: HookContext, path: str) -> bool:
    """Claude Code's own notes and the system's temporary files are nobody else's."""
    real = os.path.realpath(path)
    if real.startswith(hook.place.root + os.sep):
        return False
    home = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), ".claude")
    temporary = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
    folders = (home, *temporary, "/tmp", "/var/tmp")
    return any(folder and real.startswith(os.path.realpath(folder) + os.sep) for folder in folders)


def _hand_over(hook: HookContext, fields: dict[str, Any], lock: HeldLock) -> None:
    """A subagent edits what its own session holds.

    What a hook claimed for the session goes over to the subagent, so that its siblings are kept
    out; what the session claimed on purpose, or as a tree, stays: the subagent works under it.
    """
    from coord.client.percent import query

    if lock.resource != fields["resource"] or not lock.description.startswith(BY_HOOK):
        return
    hook.write(
        hook.calls(hook.parent), "DELETE", f"/locks/{lock.id}{query(session_id=hook.parent)}"
    )
    other = claim(hook, fields)
    if other is not None:
        deny(hook, other, *CHANGE, str(fields["resource"]))
