"""What a file is called in a lock: the same whoever edits it, from Windows, macOS and Linux, and
from every worktree of a repository.
"""

from __future__ import annotations

import os
import sys

from coord.client.git_index import tracks
from coord.client.host_name import host
from coord.client.paths import path_in, real_path, real_place
from coord.client.workspace import Workspace, other_checkout, repository

FOLDS_CASE = sys.platform in ("win32", "darwin")
"""Whether `SRC/app.py` and `src/app.py` are one file here, as on most disks of these systems."""


def resource(
    path: str,
    workspace: Workspace,
    *,
    as_entry: bool = False,
    follows: bool = True,
    to_claim: bool = False,
) -> tuple[str, str]:
    """The project and the resource of a file, which need not exist (yet); a name that ends in a
    slash is a tree.

    Within a checkout it counts from the top of that checkout, also when it is another one than the
    caller's: then in that one's project. Outside of any it is this host's own: `HOST:/etc/hosts`.
    `as_entry`: a submodule is a file of the checkout around it, which says what is in it.
    `follows`: a link is what it points to.
    `to_claim`: where case does not count, the spelling of what is not there yet is remembered.
    """
    path = path[:-2] if path.endswith("**") and path[-3:-2] in ("", "/", os.sep) else path
    tree = path.endswith(("/", os.sep))
    absolute = (real_path if follows else real_place)(path_in(workspace.root, path))
    is_folder = os.path.isdir(absolute) and not as_entry and follows
    other = Workspace(absolute if is_folder else os.path.dirname(absolute))
    if other.repository is not None:
        project, top = _project(other, workspace), other.root
    elif _below(absolute, workspace.root) is not None:
        project, top = workspace.project, workspace.root
    elif other_checkout(other.root) is not None:
        project, top = other.own_project, other.root
    else:
        named = _outside(absolute, workspace.project, to_claim=to_claim)
        return workspace.project, f"{host()}:{named}{'/' if tree and named[-1] != '/' else ''}"
    below = _below(absolute, top) or ""
    named = _spelt(top, below, project, to_claim=to_claim) if FOLDS_CASE and below else below
    return project, (_composed(named) + ("/" if tree and named else "")) or "/"


def _outside(absolute: str, project: str, *, to_claim: bool) -> str:
    """The path of this host's own file."""
    drive, rest = os.path.splitdrive(absolute)
    top, below = drive + os.sep, _slashes(rest).strip("/")
    if FOLDS_CASE and below:
        below = _spelt(top, below, f"{project}\0{top}", to_claim=to_claim)
    return _composed(_slashes(top) + below)


def is_submodule(path: str) -> bool:
    """Whether a folder is a submodule: the checkout around it tracks which commit is in it."""
    real = real_path(path.rstrip("/\\") or path)
    inner, outer = repository(real), repository(os.path.dirname(real))
    if inner is None or outer is None or inner.top != real or outer.top == real:
        return False
    below = _below(real, outer.top)
    return bool(below) and tracks(outer.git, below or "", hash_bytes=outer.hash_bytes)


def project_of(folder: str, workspace: Workspace) -> str:
    """Of what is done in a folder, which need not exist."""
    other = Workspace(real_path(folder))
    if other.repository is not None:
        return _project(other, workspace)
    is_another = other.root != workspace.root and other_checkout(other.root) is not None
    return other.own_project if is_another else workspace.project


def _project(other: Workspace, workspace: Workspace) -> str:
    """`COORD_PROJECT`, and what a command was told, are about the caller's own repository."""
    if (
        other.repository is None
        or workspace.repository is None
        or other.repository.common != workspace.repository.common
    ):
        return other.own_project
    return workspace.project if other.file == workspace.file else other.project


def _slashes(path: str) -> str:
    return path.replace("\\", "/") if os.sep == "\\" else path


def _below(path: str, top: str) -> str | None:
    """The rest of a path below a folder, with slashes; None when it is not below it."""
    whole, start = _slashes(path).split("/"), _slashes(top).rstrip("/").split("/")
    if [_folded(part) for part in whole[: len(start)]] != [_folded(part) for part in start]:
        return None
    return "/".join(whole[len(start) :])


def _folded(name: str) -> str:
    return _composed(name).casefold() if FOLDS_CASE else name


def _spelt(top: str, below: str, project: str, *, to_claim: bool) -> str:
    """As the disk spells it, whatever case the caller used; what does not exist yet, or did not
    when it was claimed, as who claimed it first.
    """
    from coord.client import spellings

    remembered, new = spellings.of(project), {}
    at, named = top, ""
    for step in below.split("/"):
        on_disk = _entry(at, step)
        folded = _folded(f"{named}{step}")
        spelt = remembered.get(folded) or on_disk or step
        if on_disk is None:
            new[folded] = spelt
        named += f"{spelt}/"
        at = os.path.join(at, on_disk or spelt)
    if to_claim and not new.items() <= remembered.items() and not spellings.remember(project, new):
        return _spelt(top, below, project, to_claim=to_claim)
    return named[:-1]


def _entry(folder: str, name: str) -> str | None:
    """The name as the disk spells it; None where it is not there."""
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    if name in names:
        return name
    return next((entry for entry in names if _folded(entry) == _folded(name)), None)


def _composed(text: str) -> str:
    """NFC: macOS hands out names in which an accent is a character of its own."""
    if text.isascii():
        return text
    import unicodedata

    return unicodedata.normalize("NFC", text)
