"""Variables that agents and editors take from files of a repository, for all that they start: the
word of whoever ships the repository, not the user's.
"""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.lean import loads_or_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1024 * 1024
_CLAUDES = (".claude/settings.json", ".claude/settings.local.json")
# Of these a name that stands anywhere counts: they have more than one form, or allow comments.
_OTHERS = (
    ".env",
    ".gemini/.env",
    ".gemini/settings.json",
    ".qwen/.env",
    ".qwen/settings.json",
    ".codex/config.toml",
    ".factory/settings.json",
    ".vscode/settings.json",
)
_OF_FOLDERS = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
_OF_FOLDERS_ON_WINDOWS = ("APPDATA", "LOCALAPPDATA")
_PLACES = (*(_OF_FOLDERS if os.name != "nt" else _OF_FOLDERS_ON_WINDOWS), "COORD_TOKEN_FILE")
"""Variables that say where the user's own files are."""


def names(folder: str, top: str) -> set[str]:
    """Those of this process that matter to coord and that a file names, in the folder or in one
    around it, up to the top of its checkout.
    """
    own = [name for name in os.environ if name.startswith("COORD_") or name in _PLACES]
    shipped: set[str] = set()
    for at in _folders(folder, top):
        for file in _CLAUDES:
            shipped |= _in_claudes(os.path.join(at, file)).intersection(own)
        for file in _OTHERS:
            text = text_files.read(os.path.join(at, file), MAX_BYTES)
            shipped.update(name for name in own if text and name in text)
    return shipped


def forget_places(shipped: set[str]) -> None:
    """The user's own files are where they are without these variables."""
    for name in shipped.intersection(_PLACES):
        os.environ.pop(name, None)
    if "HOME" in shipped:
        import pwd

        os.environ["HOME"] = pwd.getpwuid(os.getuid()).pw_dir


def _folders(folder: str, top: str) -> Iterator[str]:
    at = folder
    while at != top and at.startswith(top):
        yield at
        at = os.path.dirname(at)
    yield top


def _in_claudes(file: str) -> set[str]:
    text = text_files.read(file, MAX_BYTES)
    settings = loads_or_none(text) if '"env"' in text else None
    variables = settings.get("env") if isinstance(settings, dict) else None
    return set(variables) if isinstance(variables, dict) else set()
