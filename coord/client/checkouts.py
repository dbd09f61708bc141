"""In which checkout of this machine a session claimed a file: its lock has the same name in all
worktrees and clones, but what is done to one of them disturbs only who works there.

Small files of the user's own. Without one a session of this host counts as working in any
checkout, and one of another host in none.
"""

from __future__ import annotations

import os

from coord.client import user_state
from coord.client.lean import encoded, loads_or_none
from coord.client.safe_files import age_of, discard, list_folder, make_folder, read, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.workspace import Workspace

MAX_FILES = 2000  # of one session that are remembered
FORGOTTEN_AFTER_S = 7 * 86400.0


def remember(workspace: Workspace, project: str, session: str, files: dict[str, str]) -> None:
    """`files`: the names of locks, and the checkout of each. May fail: then it is not known."""
    path = _path(workspace.url, project, session)
    remembered = _load(path)
    if all(remembered.get(name) == top for name, top in files.items()):
        return
    remembered.update(files)
    try:
        make_folder(_folder())
        write_whole(path, encoded(dict(list(remembered.items())[-MAX_FILES:])))
    except OSError:
        pass


def checkout_of(workspace: Workspace, project: str, session: str, name: str) -> str | None:
    """None where that is not known."""
    top = _load(_path(workspace.url, project, session)).get(name)
    return top if isinstance(top, str) else None


def forget(workspace: Workspace, session: str) -> None:
    """In the session's own project."""
    discard(_path(workspace.url, workspace.project, session))


def forget_old() -> None:
    for name in list_folder(_folder()):
        path = os.path.join(_folder(), name)
        if age_of(path) > FORGOTTEN_AFTER_S:
            discard(path)


def _folder() -> str:
    return os.path.join(user_state.root(), "checkouts")


def _path(url: str, project: str, session: str) -> str:
    return os.path.join(_folder(), f"{user_state.digest(url, project, session)}.json")


def _load(path: str) -> dict[str, object]:
    try:
        values = loads_or_none(read(path))
    except OSError:
        return {}
    return values if isinstance(values, dict) else {}
