"""How files were spelt that did not exist when they were claimed, where case does not count: the
first spelling is the lock's name for whoever claims them on this machine.

A small file of the user's own for each project. Without one each caller's spelling counts.
"""

from __future__ import annotations

import os
import time

from coord.client import user_state
from coord.client.lean import encoded, loads_or_none
from coord.client.locked import Busy, FileLock
from coord.client.safe_files import (
    age_of,
    discard,
    list_folder,
    make_folder,
    read,
    write_whole,
)

KEPT_S = 12 * 3600.0  # then the file is there, or the claim is over
MAX_NAMES = 500
_WAIT_S = 1.0  # for somebody who writes a few kilobytes


def of(project: str) -> dict[str, str]:
    """By their names without case."""
    now = time.time()
    return {
        folded: spelt for folded, (spelt, at) in _load(project).items() if abs(now - at) < KEPT_S
    }


def remember(project: str, names: dict[str, str]) -> bool:
    """Whether nobody else was first with another spelling of one of them. May fail: then too."""
    try:
        make_folder(_folder())
        with FileLock(os.path.join(_folder(), ".lock"), _WAIT_S):
            remembered = of(project)
            if any(remembered.get(folded, spelt) != spelt for folded, spelt in names.items()):
                return False
            at = int(time.time())
            kept = {**_load(project), **{folded: (spelt, at) for folded, spelt in names.items()}}
            newest = sorted(kept.items(), key=lambda item: item[1][1])[-MAX_NAMES:]
            write_whole(_path(project), encoded(dict(newest)))
    except (OSError, Busy):
        pass
    return True


def forget_old() -> None:
    for name in list_folder(_folder()):
        path = os.path.join(_folder(), name)
        if name.endswith(".json") and age_of(path) > KEPT_S:
            discard(path)


def _folder() -> str:
    return os.path.join(user_state.root(), "spellings")


def _path(project: str) -> str:
    return os.path.join(_folder(), f"{user_state.digest(project)}.json")


def _load(project: str) -> dict[str, tuple[str, int]]:
    try:
        stored = loads_or_none(read(_path(project)))
    except OSError:
        return {}
    entries = stored.items() if isinstance(stored, dict) else ()
    return {
        folded: (entry[0], entry[1])
        for folded, entry in entries
        if isinstance(entry, list)
        and len(entry) == 2
        and isinstance(entry[0], str)
        and isinstance(entry[1], int)
    }
