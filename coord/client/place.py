"""Where a call is made from: which repository, project, server and session, and where the calls wait that could not be sent.

Everything is read from files and the environment; no other program is started for it.
"""

from __future__ import annotations

import os
import sys

from coord.client import address
from coord.client.ids import short_id

CONFIG = ".coord.toml"
DEFAULT_URL = "http://127.0.0.1:8001"
FOLDER = ".claude"
QUEUE = "coord-queue.jsonl"


class BadConfig(Exception):
    """A `.coord.toml` that cannot be used; the message names the file and what to change."""


class Repository:
    """A checkout. `top`: its folder. `common`: the git folder that all its worktrees share. `main`: the checkout they were made from, itself
    where there is none. `lasting`: a folder that stays when a worktree is deleted."""

    __slots__ = ("common", "lasting", "main", "top")

    def __init__(self, top: str, common: str, *, is_worktree: bool = False) -> None:
        self.top = top
        self.common = common
        self.main = self.lasting = top
        if is_worktree:
            main = _worktree_of(common)
            self.main, self.lasting = main or top, main or common

    @property
    def name(self) -> str:
        """The last part of where it was cloned from, the same in every clone whatever its folder is called; else the folder's name."""
        origin = _setting(self.common, 'remote "origin"', "url").replace("\\", "/").rstrip("/")
        own = self.main if self.lasting == self.main else self.common
        while own.endswith((f"{os.sep}.git", f"{os.sep}.bare")):
            own = os.path.dirname(own)
        return _bare(origin) or _bare(own.replace("\\", "/"))


def _bare(origin: str) -> str:
    """What git would call the folder of a clone."""
    origin = origin[: -len("/.git")] if origin.endswith("/.git") else origin
    name = origin.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    return name[:-4] if name.endswith(".git") and len(name) > 4 else name


def repository(folder: str) -> Repository | None:
    """The checkout that a folder is in; None outside of any. `folder` need not exist."""
    at = folder
    while True:
        git = os.path.join(at, ".git")
        if os.path.isdir(git):
            return Repository(at, git)
        if os.path.isfile(git):
            return _linked(at, git)
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above


def _linked(top: str, git_file: str) -> Repository:
    """A checkout whose git folder is elsewhere: a worktree shares that of others, a submodule has one of its own."""
    folder = os.path.normpath(os.path.join(top, _text(git_file).partition("gitdir:")[2].strip()))
    shared = _text(os.path.join(folder, "commondir")).strip()
    return Repository(top, os.path.normpath(os.path.join(folder, shared)), is_worktree=True) if shared else Repository(top, folder)


def _worktree_of(common: str) -> str:
    """The checkout that belongs to a git folder itself; nothing when that is bare, or does not say."""
    if os.path.basename(common) == ".git":
        return os.path.dirname(common)
    named = _setting(common, "core", "worktree")  # as submodules have it
    return os.path.normpath(os.path.join(common, named)) if named else ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _setting(git_folder: str, wanted: str, name: str) -> str:
    """A setting of a repository, of the first section of this name; nothing when it has none."""
    section = ""
    for line in map(str.strip, _text(os.path.join(git_folder, "config")).splitlines()):
        setting = line
        if line.startswith("["):
            head, _, setting = line[1:].partition("]")
            kind, quote, rest = head.partition('"')
            section = f"{kind.lower()}{quote}{rest}"
        key, _, value = setting.partition("=")
        if section == wanted and key.strip().lower() == name and value.strip():
            return value.strip().strip('"').replace("\\\\", "\\")
    return ""


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:  # deleted under a process, as worktrees are
        return os.environ.get("PWD") or os.path.expanduser("~")


class Place:
    """All that a call needs to know of where it is made.

    `file`: the `.coord.toml` that was read. `root`: the folder that file names count from. `home`: the folder whose `.claude` holds the
    queue: the main checkout (of a bare repository its git folder), so that a worktree that is deleted takes no queued call with it; outside
    of a project the user's home. `own_project`: the project where the environment names none. `is_trusted`: false where the user has a token
    that this server does not get (`tokens`).
    """

    __slots__ = ("config", "file", "home", "is_trusted", "own_project", "project", "repository", "root", "token", "url")

    def __init__(self, folder: str | None = None, url: str | None = None) -> None:
        """`folder`: default is the current one. `url`: of the server, where the caller names it. Raises BadConfig."""
        start = os.path.realpath(folder or _here())
        self.repository = repository(start)
        self.file = file = _config_file(start, self.repository)
        self.config = (_remembered(file) or read_config(file)) if file else {}
        if self.repository is not None:
            self.root, self.home = self.repository.top, self.repository.lasting
        else:
            self.root = os.path.dirname(file) if file else start
            self.home = self.root if file else os.path.expanduser("~")
        named = self.config.get("project") or (self.repository.name if self.repository else os.path.basename(self.root)) or "default"
        self.own_project = str(named)[:100]
        self.project = (os.environ.get("COORD_PROJECT") or self.own_project)[:100]
        named_by_user = url or os.environ.get("COORD_URL")
        self.url = address.normal(str(named_by_user or self.config.get("url") or DEFAULT_URL))
        self.is_trusted, self.token = True, None
        if _may_have_token():
            from coord.client import tokens

            self.is_trusted = bool(named_by_user) or tokens.trusts(self.url)
            try:
                self.token = tokens.token() if self.is_trusted else None
            except tokens.BadToken as error:
                raise BadConfig(str(error)) from None

    @property
    def queue(self) -> str:
        """The file of calls that wait; `COORD_QUEUE` names another."""
        named = os.environ.get("COORD_QUEUE")
        return os.path.abspath(os.path.expanduser(named)) if named else os.path.join(self.home, FOLDER, QUEUE)

    @property
    def queues(self) -> list[str]:
        """Every file in which calls may wait: today's shell clients write to the folder that they run in, also in a worktree."""
        here = os.path.join(self.root, FOLDER, QUEUE)
        return [self.queue] if here == self.queue or os.environ.get("COORD_QUEUE") else [self.queue, here]

    def state(self, name: str) -> str:
        """A small file beside the queue that holds what a client wants to remember."""
        return os.path.join(os.path.dirname(self.queue), f"coord-{name}")


def _may_have_token() -> bool:
    """A look that costs nothing: most have none."""
    if os.environ.get("COORD_TOKEN") or os.environ.get("COORD_TOKEN_FILE"):
        return True
    settings = os.environ.get("APPDATA") if os.name == "nt" else os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return bool(settings) and os.path.exists(os.path.join(str(settings), "coord", "token"))


def _config_file(start: str, found: Repository | None) -> str | None:
    """The nearest `.coord.toml` upwards, within the checkout where there is one; for a worktree without one its main checkout's."""
    at = start
    while True:
        file = os.path.join(at, CONFIG)
        if os.path.isfile(file):
            return file
        above = os.path.dirname(at)
        if above == at or (found is not None and at == found.top):
            break
        at = above
    if found is not None and found.main != found.top and os.path.isfile(os.path.join(found.main, CONFIG)):
        return os.path.join(found.main, CONFIG)
    return None


def read_config(file: str) -> dict[str, object]:
    """The settings in the file. Raises BadConfig."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open(file, "rb") as opened:
            return tomllib.load(opened)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{file} is not TOML: {error}. Mend that line.") from None
    except OSError as error:
        raise BadConfig(f"{file} cannot be read: {error.strerror}.") from None


def remember_config(file: str, config: dict[str, object]) -> None:
    """Keeps what was read for those who come after: to load a TOML parser costs a hook 4 ms. May fail: then it is read again."""
    from coord.client.lean import dumps
    from coord.client.locked import write_whole

    path, state = _memory(file), _state(file)
    if state is not None and _remembered(file) is None and os.path.isdir(os.path.dirname(path)):
        try:
            write_whole(path, dumps([state, config]).encode())
        except (OSError, TypeError):  # a date of TOML is nothing that JSON knows, nor any setting of ours
            pass


def _remembered(file: str) -> dict[str, object] | None:
    """What was last read from the file, unless it has been written to since."""
    from coord.client.lean import loads

    try:
        with open(_memory(file), "rb") as opened:
            state, config = loads(opened.read())
    except (OSError, ValueError, TypeError):
        return None
    return config if state == _state(file) and isinstance(config, dict) else None


def _memory(file: str) -> str:
    return os.path.join(os.path.dirname(file), FOLDER, "coord-config.json")


def _state(file: str) -> list[object] | None:
    """Other than before when the file is another, or has been written to."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


def host() -> str:
    """This machine's name without its domain; `COORD_HOST` names it otherwise."""
    name = os.environ.get("COORD_HOST") or (os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", ""))
    return name.partition(".")[0] or "localhost"


def session(claude_session: str | None = None, agent: str | None = None) -> str:
    """The name by which the caller is known: `COORD_SESSION`, else `HOST/claude-<session>`, else what tells the user's terminals and agents
    apart (`caller`).

    `agent`: the id of the subagent that calls; it has a name of its own, below its session's.
    """
    claude_session = claude_session or os.environ.get("CLAUDE_CODE_SESSION_ID")
    name = os.environ.get("COORD_SESSION")
    if not name:
        name = f"{host()}/{f'claude-{short_id(claude_session)}' if claude_session else _caller()}"
    return f"{name}/{agent}"[:200] if agent else name[:200]


def _caller() -> str:
    from coord.client import caller  # never a hook: they know their session

    return caller.identify(user()).name


def user() -> str:
    return os.environ.get("USER") or os.environ.get("USERNAME") or os.environ.get("LOGNAME") or "user"
