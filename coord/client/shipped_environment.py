"""Variables that agents and editors take from files of a repository, for all that they start: the
word of whoever ships the repository, not the user's.
"""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.lean import loads_or_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_BYTES = 1024 * 1024
_SETTINGS = (
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".gemini/settings.json",
    ".qwen/settings.json",
    ".factory/settings.json",
)
_LINES = (".env", ".gemini/.env", ".qwen/.env")
_OTHERS = (".codex/config.toml", ".vscode/settings.json")  # in which they stand in several places
_OF_FOLDERS = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
_OF_FOLDERS_ON_WINDOWS = ("APPDATA", "LOCALAPPDATA")
_PLACES = (*(_OF_FOLDERS if os.name != "nt" else _OF_FOLDERS_ON_WINDOWS), "COORD_TOKEN_FILE")
"""Variables that say where the user's own files are."""


def names(environment: Mapping[str, str], folder: str, top: str) -> set[str]:
    """Those of the environment that matter to coord and that a file names, in the folder or in one
    around it, up to the top of its checkout.
    """
    candidates = {name for name in environment if name.startswith("COORD_") or name in _PLACES}
    shipped: set[str] = set()
    for at in _folders(folder, top):
        for read_names, files in (
            (_in_settings, _SETTINGS),
            (_in_lines, _LINES),
            (_anywhere, _OTHERS),
        ):
            for file in files:
                text = text_files.read(os.path.join(at, file), MAX_BYTES)
                shipped |= read_names(text, candidates) if text else set()
    return shipped


def with_own_places(environment: Mapping[str, str], shipped: set[str]) -> dict[str, str]:
    """The user's own files are where they are without the variables that are shipped."""
    own = {
        name: value
        for name, value in environment.items()
        if name not in _PLACES or name not in shipped
    }
    if "HOME" in shipped:
        import pwd

        own["HOME"] = pwd.getpwuid(os.getuid()).pw_dir
    return own


def use(environment: Mapping[str, str]) -> None:
    """From now on this process, and what it starts, has only these variables."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)


def _folders(folder: str, top: str) -> Iterator[str]:
    at = folder
    while at != top and at.startswith(top):
        yield at
        at = os.path.dirname(at)
    yield top


def _in_settings(text: str, candidates: set[str]) -> set[str]:
    if '"env"' not in text:
        return set()
    settings = loads_or_none(text)
    if settings is None:  # it may have comments
        return _anywhere(text, candidates)
    variables = settings.get("env") if isinstance(settings, dict) else None
    return candidates.intersection(variables) if isinstance(variables, dict) else set()


def _in_lines(text: str, candidates: set[str]) -> set[str]:
    before = (line.partition("=")[0].split() for line in text.splitlines())
    return candidates.intersection(words[-1] for words in before if words)


def _anywhere(text: str, candidates: set[str]) -> set[str]:
    """Not those of the system, which commands name, too."""
    return {name for name in candidates if name.startswith("COORD_") and name in text}
