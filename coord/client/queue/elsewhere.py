"""Calls that wait for another server than the one that a checkout names now: its address was
mistyped, or has changed, and nothing sends them.
"""

from __future__ import annotations

import os

from coord.client import user_state
from coord.client.lean import loads_or_none
from coord.client.queue.queue import Queue
from coord.client.safe_files import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.workspace import Workspace

MAX_FOLDERS = 1000  # that are looked at


def waiting_elsewhere(workspace: Workspace) -> dict[str, int]:
    """How many calls of this checkout wait, by the address of the server."""
    root = user_state.root(workspace.environment)
    own = os.path.basename(workspace.state_folder)
    label = own.rpartition("-")[0]
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return {}
    others = [name for name in names if name.rpartition("-")[0] == label and name != own]
    counted: dict[str, int] = {}
    for name in others[:MAX_FOLDERS]:
        folder = os.path.join(root, name)
        try:
            place = loads_or_none(read(os.path.join(folder, user_state.PLACE)))
            count = Queue(folder).count()
        except OSError:
            continue
        if count and isinstance(place, dict) and place.get("repository") == workspace.home:
            counted[str(place.get("server"))] = count
    return counted


def waiting_sentence(server: str, count: int) -> str:
    """What is to be said of them."""
    from coord.client.suggestions import command

    calls = "1 call waits" if count == 1 else f"{count} calls wait"
    return (
        f"{calls} for {server}, which this checkout does not name any more:"
        f" {command('queue', url=server)} shows, {command('sync', url=server)} sends them there."
    )
