"""What a file is called in a lock: the same whoever edits it, from Windows, macOS and Linux, and
from every worktree of a repository.
"""

from __future__ import annotations

import os
import sys

from coord.client.place import Place, host

FOLDS_CASE = sys.platform in ("win32", "darwin")
"""Whether `SRC/app.py` and `src/app.py` are one file here, as on most disks of these systems."""


def resource(path: str, place: Place) -> tuple[str, str]:
    """The project and the resource of a file, which need not exist (yet); a name that ends in a
    slash is a tree.

    Within a checkout it counts from the top of that checkout, also when it is another one than the
    caller's: then in that one's project. Outside of any it is this host's own: `HOST:/etc/hosts`.
    """
    path = path[:-2] if path.endswith("**") and path[-3:-2] in ("", "/", os.sep) else path
    tree = path.endswith(("/", os.sep))
    absolute = _real(os.path.join(place.root, os.path.expanduser(path)))
    there = Place(absolute if os.path.isdir(absolute) else os.path.dirname(absolute))
    if there.repository is not None:
        project, top = _project(there, place), there.root
    elif _below(absolute, place.root) is not None:
        project, top = place.project, place.root
    else:
        return (
            place.project,
            (
                f"{host()}:{_slashes(absolute)}{'/' if tree and not absolute.endswith(('/', os.sep)) else ''}"  # noqa: E501
            ),
        )
    below = _below(absolute, top) or ""
    named = _spelt(top, below) if FOLDS_CASE else below
    return project, (_composed(named) + ("/" if tree and named else "")) or "/"


def _project(there: Place, place: Place) -> str:
    """`COORD_PROJECT`, and what a command was told, are about the caller's own repository."""
    if (
        there.repository is None
        or place.repository is None
        or there.repository.common != place.repository.common
    ):
        return there.own_project
    return place.project if there.file == place.file else there.project


def _real(path: str) -> str:
    r"""Without links and `..`; on Windows without the `\\?\` that long paths have."""
    real = os.path.realpath(path)
    if real.startswith("\\\\?\\UNC\\"):
        return f"\\\\{real[8:]}"
    return real[4:] if real.startswith("\\\\?\\") else real


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


def _spelt(top: str, below: str) -> str:
    """As the disk spells it, whatever case the caller used; what does not exist yet as the caller
    does.
    """
    at, found = top, []
    for part in below.split("/"):
        try:
            names = os.listdir(at)
        except OSError:
            names = []
        spelt = (
            part
            if part in names
            else next((name for name in names if _folded(name) == _folded(part)), part)
        )
        found.append(spelt)
        at = os.path.join(at, spelt)
    return "/".join(found)


def _composed(text: str) -> str:
    """NFC: macOS hands out names in which an accent is a character of its own."""
    if text.isascii():
        return text
    import unicodedata

    return unicodedata.normalize("NFC", text)
