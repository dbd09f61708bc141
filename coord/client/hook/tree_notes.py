"""Notes of the commands that may change anything in a folder while they run, for the edits of other
sessions on this machine: a file for each, named by the lock that it is of.
"""

from __future__ import annotations

import os

from coord.client import user_state
from coord.client.lean import encoded, loads_or_none
from coord.client.safe_files import age_of, discard, list_folder, make_folder, read, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_AGE_S = 3600.0  # of a note whose session was killed
_END = ".json"


def write(lock_id: str, folder: str, session: str) -> None:
    """May fail: then edits are not held up."""
    try:
        make_folder(_folder())
        write_whole(_path(lock_id), encoded([folder, session]))
    except OSError:
        pass


def all_notes() -> Iterator[tuple[str, str, str]]:
    """The lock, the folder and the session of each."""
    for name in list_folder(_folder()):
        lock_id = name[: -len(_END)]
        try:
            note = loads_or_none(read(_path(lock_id)))
        except OSError:
            continue
        if isinstance(note, list) and len(note) == 2:
            yield lock_id, str(note[0]), str(note[1])


def forget(lock_id: str) -> None:
    discard(_path(lock_id))


def forget_old() -> None:
    for name in list_folder(_folder()):
        if age_of(os.path.join(_folder(), name)) > MAX_AGE_S:
            discard(os.path.join(_folder(), name))


def _folder() -> str:
    return os.path.join(user_state.root(), "trees")


def _path(lock_id: str) -> str:
    return os.path.join(_folder(), f"{lock_id}{_END}")
