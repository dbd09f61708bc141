"""What versions before 0.2.0 left in a checkout: their queue is sent, the rest of their files is
removed.

They kept all of their state in `.claude/coord-*`. A repository can ship files of these names, so
only regular files of the user's own that git does not track are taken, by name and content.
"""

from __future__ import annotations

import os
import stat

from coord.client.lean import loads_or_none
from coord.client.queue import Queue
from coord.client.queue.adoption import adopt_content
from coord.client.queue.progress import furthest_mark
from coord.client.queue.shell_file import why_not_own
from coord.client.safe_files import UnsafeFile, is_own, list_folder, open_regular, remove
from coord.client.workspace import SHELL_QUEUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.workspace import Workspace

_STATE = "coord-queue.state.json"
_REJECTED = "coord-queue.rejected.jsonl"
_EMPTY = ("coord-queue.lock", "coord-queue.replay.lock", "coord-away")
_JSON = (_STATE, "coord-queue.reported.json", "coord-config.json", "coord-init.json")
MAX_BYTES = 16 * 1024 * 1024


def move_old_state(workspace: Workspace) -> list[str]:
    """The files that are gone then. Raises OSError and Busy."""
    moved: list[str] = []
    for shell_queue in workspace.shell_queues:
        folder = os.path.dirname(shell_queue)
        status = _status(folder)
        if status is not None and stat.S_ISDIR(status.st_mode) and is_own(status):
            moved += _move_queue(folder, Queue.of(workspace))
            moved += _remove_rest(folder)
    return moved


def _move_queue(folder: str, queue: Queue) -> list[str]:
    """The calls of an old queue that wait: it kept a second name of the file that it wrote to, and
    how far each was answered.
    """
    stored = loads_or_none(_read(os.path.join(folder, _STATE)) or b"")
    if not isinstance(stored, dict):
        return []
    kept = [
        name
        for name in list_folder(folder)
        if name.startswith("coord-queue.kept.") and name.endswith(".jsonl")
    ]
    numbers = sorted(int(name.split(".")[2]) for name in kept if name.split(".")[2].isdecimal())
    files = [
        (str(number), os.path.join(folder, f"coord-queue.kept.{number}.jsonl"))
        for number in numbers
    ]
    files.append((str(max(numbers, default=0) + 1), os.path.join(folder, SHELL_QUEUE)))
    moved, seen = [], set()
    for number, path in files:
        status, content = _status(path), _read(path)
        if status is None or content is None:
            continue
        # A drive that numbers no files (st_ino 0) has no second names either.
        if not status.st_ino or status.st_ino not in seen:
            adopt_content(queue, path, content[furthest_mark([stored.get(number)], content) :])
        seen.add(status.st_ino)
        remove(path)
        moved.append(path)
    return moved


def _remove_rest(folder: str) -> list[str]:
    moved = []
    for name in list_folder(folder):
        path = os.path.join(folder, name)
        content = _read(path)
        if content is not None and _is_ours(name, content):
            remove(path)
            moved.append(path)
    sessions = os.path.join(folder, "coord-sessions")
    for name in list_folder(sessions):
        path = os.path.join(sessions, name)
        fields = loads_or_none(_read(path) or b"")
        if (isinstance(fields, dict) and "name" in fields) or (
            isinstance(fields, list) and name.startswith("command-")
        ):
            remove(path)
            moved.append(path)
    try:
        os.rmdir(sessions)
    except OSError:
        pass
    return moved


def _is_ours(name: str, content: bytes) -> bool:
    if name in _EMPTY:
        return not content
    if name in _JSON or (name.startswith("coord-cli-") and name.endswith(".json")):
        return loads_or_none(content) is not None
    if name == _REJECTED:
        return all(isinstance(loads_or_none(line), dict) for line in content.splitlines())
    return name == "coord-hook.log" and content[:2] == b"20"  # its lines begin with a date


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _read(path: str) -> bytes | None:
    """None where it is not a file of the user's own, or may be another's.

    An old queue has two names.
    """
    status = _status(path)
    if (
        status is None
        or not stat.S_ISREG(status.st_mode)
        or not is_own(status)
        or status.st_size > MAX_BYTES
        or why_not_own(path)
    ):
        return None
    try:
        with open_regular(path) as opened:
            is_same = os.path.samestat(os.fstat(opened.fileno()), status)
            return opened.read() if is_same else None
    except UnsafeFile:
        return None
