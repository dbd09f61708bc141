"""Variables that agents and editors take from files of a repository, for all that they start: the
word of whoever ships the repository, not the user's.
"""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.lean import loads_or_none
from coord.client.own_home import own_home
from coord.client.paths import real_path
from coord.client.safe_files import is_own_or_roots, open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_BYTES = 1024 * 1024
CHECKOUTS = (".git", ".hg", ".jj", ".sl", ".svn")
"""What marks the top of one."""
_OF_FOLDERS = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
_OF_FOLDERS_ON_WINDOWS = (
    "APPDATA", "LOCALAPPDATA", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "HOME",
)  # fmt: skip
_OF_TLS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_PLACES = (
    *(_OF_FOLDERS if os.name != "nt" else _OF_FOLDERS_ON_WINDOWS),
    *_OF_TLS,
    "CLAUDE_CODE_GIT_BASH_PATH",
    "COORD_TOKEN_FILE",
    "COORD_SESSION",
)
"""Variables that say where the user's own files and programs are, and who the session is."""
_QUOTES = "\"'`\ufeff"  # Node takes a byte order mark for a blank
_ESCAPES = {"u": 4, "U": 8, "x": 2}  # of JSON and TOML, and how many hex digits follow


def names(environment: Mapping[str, str], folder: str, top: str) -> set[str]:
    """Those of the environment that matter to coord and that a file names. `top`: of the folder's
    checkout.

    An agent has its environment from where it was started, which may be another place than the
    folder: what this process and, where that can be seen, those above it work in counts, too.
    """
    candidates = {name for name in environment if name.startswith("COORD_") or name in _PLACES}
    places: list[tuple[str, str | None]] = [(folder, top)]
    places += ((at, at) for at in _own_folder() if at != folder)
    if any(name.startswith("COORD_") for name in candidates):
        from coord.client.processes import folders_above

        places += ((at, None) for at in folders_above())
    shipped: set[str] = set()
    folders: dict[str, bool] = {}
    for start, end in places:
        if end is None and start in folders:
            continue
        for at, is_shipped in _folders(start, end):
            folders[at] = is_shipped or folders.get(at, False)
    for at, is_shipped in folders.items():
        shipped |= _in_folder(at, candidates, others_only=not is_shipped)
    return shipped


def with_own_places(environment: Mapping[str, str], shipped: set[str]) -> dict[str, str]:
    """The user's own files are where they are without the variables that are shipped. Of coord's
    the blank does not count that cmd puts behind `set COORD_SESSION=a && claude`, nor the carriage
    return of a file that a shell has read.
    """
    own = {
        name: value.strip() if name.startswith("COORD_") else value
        for name, value in environment.items()
        if name not in _PLACES or name not in shipped
    }
    home = "HOME" if os.name != "nt" else "USERPROFILE"
    if home in shipped:
        own[home] = own_home()
    return own


def use(environment: Mapping[str, str]) -> None:
    """From now on this process, and what it starts, has only these variables."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)


# --- folders --------------------------------------------------------------------------------------


def _own_folder() -> list[str]:
    try:
        return [real_path(os.getcwd())]
    except OSError:
        return []  # deleted under the process


def _folders(folder: str, top: str | None) -> Iterator[tuple[str, bool]]:
    """From the folder upwards, and whether what is there is shipped: up to the top, and in the
    checkouts around that, it is; elsewhere only what is another user's. The user's home is neither.
    """
    home, chain = real_path(own_home()), [folder]
    while chain[-1] not in (home, os.path.dirname(chain[-1])):
        chain.append(os.path.dirname(chain[-1]))
    if chain[-1] == home:
        chain.pop()
    own = 0 if top is None else chain.index(top) + 1 if top in chain else len(chain)
    tops = [number for number, at in enumerate(chain, 1) if _is_checkout(at)]
    for number, at in enumerate(chain, 1):
        yield at, number <= max(own, *tops, 0)


def _is_checkout(folder: str) -> bool:
    return any(os.access(f"{folder}/{name}", os.F_OK) for name in CHECKOUTS)


# --- files ----------------------------------------------------------------------------------------


def _in_folder(folder: str, candidates: set[str], *, others_only: bool) -> set[str]:
    shipped: set[str] = set()
    for name, files in _FILES.items():
        if not os.access(f"{folder}/{name}", os.F_OK):  # to open each would take longer
            continue
        for file, read_names in files:
            content = _content(os.path.join(folder, file), others_only=others_only)
            if len(content) > MAX_BYTES:  # an agent may read all of it
                return candidates
            for text in _texts(content):
                shipped |= read_names(text, candidates)
    return shipped


def _content(path: str, *, others_only: bool) -> bytes:
    """Nothing where there is no such file, and one byte more than may be where there are more."""
    try:
        with open_regular(path) as file:
            if others_only and is_own_or_roots(os.fstat(file.fileno())):
                return b""
            return file.read(MAX_BYTES + 1)
    except OSError:
        return b""


def _texts(content: bytes) -> Iterable[str]:
    """As those may read it who go by the mark in front, and those who take all for UTF-8."""
    if not content:
        return ()
    return dict.fromkeys((text_files.decode_all(content), content.decode("utf-8", "replace")))


def _folded(text: str) -> str:
    """With names as os.environ has them: on Windows `coord_url` in a file sets COORD_URL."""
    return text.upper() if os.name == "nt" else text


def _in_settings(text: str, candidates: set[str]) -> set[str]:
    if '"env"' not in text and "\\u" not in text:
        return set()
    settings = loads_or_none(text)
    if settings is None:  # it may have comments
        return _anywhere(text, candidates)
    variables = settings.get("env") if isinstance(settings, dict) else None
    return candidates.intersection(map(_folded, variables if isinstance(variables, dict) else ()))


def _in_lines(text: str, candidates: set[str]) -> set[str]:
    """`NAME=value`, `export NAME=value`, and `NAME: value`, which dotenv takes, too."""
    text = _folded(text)
    shipped = {name for name in candidates if name.startswith("COORD_") and name in text}
    for line in text.splitlines():
        before = line.partition("=")[0].partition(":")[0]
        words = "".join(" " if letter in _QUOTES else letter for letter in before).split()
        shipped |= candidates.intersection(words[-1:])
    return shipped


def _anywhere(text: str, candidates: set[str]) -> set[str]:
    """Not those of the system, which commands name, too."""
    plain, text = _folded(_unescaped(text)), _folded(text)
    return {
        name for name in candidates if name.startswith("COORD_") and (name in text or name in plain)
    }


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    first, *parts = text.split("\\")
    kept = [first]
    for part in parts:
        digits = part[1 : 1 + _ESCAPES.get(part[:1], 0)]
        try:
            kept.append(chr(int(digits, 16)) + part[1 + len(digits) :])
        except (ValueError, OverflowError):
            kept.append(part)
    return "".join(kept)


_FILES = {
    ".claude": (
        (".claude/settings.json", _in_settings),
        (".claude/settings.local.json", _in_settings),
    ),
    ".gemini": ((".gemini/settings.json", _in_settings), (".gemini/.env", _in_lines)),
    ".qwen": ((".qwen/settings.json", _in_settings), (".qwen/.env", _in_lines)),
    ".factory": ((".factory/settings.json", _in_settings),),
    ".env": ((".env", _in_lines),),
    ".codex": ((".codex/config.toml", _anywhere),),  # in it they stand in several places
    ".vscode": ((".vscode/settings.json", _anywhere),),
}
"""By what is in the folder itself."""
