"""Where this user's client keeps what it remembers: never in a repository, since whoever ships that
would decide what is in it.
"""

from __future__ import annotations

import os

from coord.client.lean import dumps
from coord.client.paths import home_of
from coord.client.safe_files import make_folder, status_of, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "coord"
PLACE = "place.json"
_LABEL = 30  # letters of a folder's name that are for people to read


def root(environment: Mapping[str, str] = os.environ) -> str:
    """`$XDG_STATE_HOME/coord`, `~/.local/state/coord`, or `%LOCALAPPDATA%\\coord\\state`."""
    home = home_of(environment)
    if os.name == "nt":
        local = environment.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return os.path.join(local, NAME, "state")
    state_home = environment.get("XDG_STATE_HOME", "")  # the specification ignores relative ones
    is_absolute = os.path.isabs(state_home)
    return os.path.join(state_home if is_absolute else f"{home}/.local/state", NAME)


def folder_for(repository: str, url: str, environment: Mapping[str, str]) -> str:
    """Of a repository and a server; another of either has another folder, whatever they
    are called.
    """
    label = "".join(
        letter for letter in os.path.basename(repository) if letter.isalnum() and letter.isascii()
    )[:_LABEL]
    return os.path.join(root(environment), f"{label or 'place'}-{digest(repository, url)}")


def make_folder_for(folder: str, repository: str, url: str) -> None:
    """Makes the folder, with a note for people of what it is for. Raises UnsafeFile and OSError."""
    make_folder(root())
    make_folder(folder)
    note = os.path.join(folder, PLACE)
    if status_of(note) is None:
        write_whole(
            note, dumps({"repository": repository, "server": url}).encode("utf-8", "replace")
        )


def digest(*texts: str) -> str:
    """Of several texts; nobody can find others with the same."""
    try:
        from _blake2 import blake2b  # hashlib would cost a hook 2 ms more
    except ImportError:
        from hashlib import blake2b
    whole = "\0".join(texts).encode("utf-8", "surrogatepass")
    return blake2b(whole, digest_size=16).hexdigest()
