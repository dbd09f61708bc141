"""Where a call is made from: which repository, project and server, and where the calls wait that
could not be sent.

Everything is read from files and the environment; no other program is started for it.
"""

from __future__ import annotations

import os
import sys

from coord.client import address, origin, shipped_environment, text_files, user_state
from coord.client.git_config import values
from coord.client.paths import from_beside, home_of, real_path, with_drive
from coord.client.safe_files import is_own_or_roots, open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIG = ".coord.toml"
FOLDER = ".claude"
OTHER_FOLDERS = shipped_environment.CHECKOUTS[1:]
"""What marks a checkout that is none of git's."""
SHELL_QUEUE = "coord-queue.jsonl"
# a hundred patterns for commands have a tenth of that; 6 MB took 11 s to parse
MAX_CONFIG_BYTES = 64 * 1024
MAX_DOTS = 100  # of a line: a parser's time grows with their square in a key
MAX_DEPTH = 10  # tables and lists in one another; of ours the deepest are 3
MAX_NAME = 100
_BREAKS = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MAX_GIT_BYTES = 4 * 1024 * 1024  # of git's own settings


class BadConfig(Exception):
    """A `.coord.toml` that cannot be used; the message names the file and what to change."""


class Repository:
    """A checkout. `top`: its folder. `git`: its git folder. `common`: the git folder that all its
    worktrees share. `main`: the checkout they were made from, itself where there is none.
    `lasting`: a folder that stays when a worktree is deleted."""

    __slots__ = ("common", "git", "lasting", "main", "top")

    def __init__(self, top: str, git: str, common: str, *, is_worktree: bool = False) -> None:
        self.top = top
        self.git = git
        self.common = common
        self.main = self.lasting = top
        if is_worktree:
            main = _worktree_of(common)
            self.main, self.lasting = main or top, main or common

    @property
    def name(self) -> str:
        """The last part of where it was cloned from, the same in every clone whatever its folder is
        called; else the folder's name.
        """
        own = self.main if self.lasting == self.main else self.common
        while own.endswith((f"{os.sep}.git", f"{os.sep}.bare")):
            own = os.path.dirname(own)
        return origin.name_of(self._origin) or origin.name_of(own.replace("\\", "/"))

    @property
    def project(self) -> str:
        """`owner/name` on the server that it was cloned from; else its name alone."""
        return origin.project_of(self._origin) or self.name

    @property
    def _origin(self) -> str:
        return origin.address_of(self.common)

    @property
    def hash_bytes(self) -> int:
        """Of the ids of its objects."""
        formats = values(self.common, "extensions", "objectformat")
        return 32 if formats and formats[-1].lower() == "sha256" else 20


def repository(folder: str) -> Repository | None:
    """The checkout that a folder is in; None outside of any. `folder` need not exist."""
    at = folder
    while True:
        git = os.path.join(at, ".git")
        if os.path.isdir(git):
            return Repository(at, git, git)
        if os.path.isfile(git):
            return _linked(at, git)
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above


def other_checkout(folder: str) -> str | None:
    """The top of a checkout of Mercurial, Jujutsu, Sapling or Subversion; None outside of any."""
    at = folder
    while True:
        if any(os.path.isdir(os.path.join(at, name)) for name in OTHER_FOLDERS):
            return at
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above


def _jujutsus(top: str) -> tuple[str, str]:
    """Of a workspace of Jujutsu: the folder of the first one, which the others were made from, and
    the address that its repository was cloned from. Empty for any other."""
    folder = os.path.join(top, ".jj")
    if not os.path.isdir(folder):
        return "", ""
    store = os.path.join(folder, "repo")
    if os.path.isfile(store):
        named = text_files.read(store, MAX_GIT_BYTES).strip()
        store = real_path(os.path.join(folder, from_beside(named)))
    git = text_files.read(os.path.join(store, "store", "git_target"), MAX_GIT_BYTES).strip()
    git_folder = os.path.normpath(os.path.join(store, "store", from_beside(git)))
    first = os.path.dirname(os.path.dirname(store))
    return first if os.path.isdir(first) else top, origin.address_of(git_folder) if git else ""


def _linked(top: str, git_file: str) -> Repository:
    """A checkout whose git folder is elsewhere: a worktree shares that of others, a submodule has
    one of its own.
    """
    named = text_files.read(git_file, MAX_GIT_BYTES).partition("gitdir:")[2].strip()
    folder = real_path(os.path.join(top, from_beside(named)))  # git may have spelt it otherwise
    shared = text_files.read(os.path.join(folder, "commondir"), MAX_GIT_BYTES).strip()
    if not shared:
        return Repository(top, folder, folder)
    common = real_path(os.path.join(folder, from_beside(shared)))
    return Repository(top, folder, common, is_worktree=True)


def _worktree_of(common: str) -> str:
    """The checkout that belongs to a git folder itself; nothing when that is bare, or does
    not say.
    """
    if os.path.basename(common) == ".git":
        return os.path.dirname(common)
    named = values(common, "core", "worktree")  # as submodules have it
    return os.path.normpath(os.path.join(common, named[-1])) if named else ""


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:  # deleted under a process, as worktrees are
        return os.environ.get("PWD") or os.path.expanduser("~")


class Workspace:
    """All that a call needs to know of where it is made.

    `file`: the `.coord.toml` that was read. `ignored_file`: one that is not obeyed, since it is
    another user's. `root`: the folder that file names count from. `home`: the folder that stays
    when a worktree is deleted: the main checkout, of a bare repository its git folder; outside of a
    project the user's home. `own_project`: the project where the environment names none.
    `environment`: the variables that count, without what files of the repository say of where the
    user's own are. `has_users_environment`: whether coord's variables are the user's own, and not
    what an agent took from such files. `is_trusted`: whether the user has said that this server may
    be called; without that nothing is sent to it.
    """

    __slots__ = (
        "config",
        "environment",
        "file",
        "has_users_environment",
        "home",
        "ignored_file",
        "is_trusted",
        "own_project",
        "project",
        "repository",
        "root",
        "state_folder",
        "token",
        "url",
    )

    def __init__(self, folder: str | None = None, url: str | None = None) -> None:
        """`folder`: default is the current one.

        `url`: of the server, where the caller names it. Raises BadConfig.
        """
        start = real_path(with_drive(folder or _here()))
        self.repository = repository(start)
        self.file, self.ignored_file = _config_file(start, self.repository)
        file = self.file
        checkout = other_checkout(start) if self.repository is None else None
        top = os.path.dirname(file) if file else checkout
        self.root = self.repository.top if self.repository is not None else top or start
        first, cloned_from = _jujutsus(checkout) if checkout else ("", "")
        shipped = shipped_environment.names(os.environ, start, self.root)
        self.environment = shipped_environment.with_own_places(os.environ, shipped)
        self.has_users_environment = not any(name.startswith("COORD_") for name in shipped)
        if self.repository is not None:
            self.home = self.repository.lasting
        else:
            self.home = first or (self.root if top else home_of(self.environment))
        self.config = (_remembered(file, self.environment) or read_config(file)) if file else {}
        named = (
            self.config.get("project")
            or (self.repository.project if self.repository else origin.project_of(cloned_from))
            or os.path.basename(first or self.root)
            or "default"
        )
        self.own_project = _project(str(named))
        self.project = _project(self.environment.get("COORD_PROJECT") or self.own_project)
        self._choose_server(url)
        self.state_folder = user_state.folder_for(self.home, self.url, self.environment)

    def _choose_server(self, url: str | None) -> None:
        from coord.client import tokens

        named = self.environment.get("COORD_URL")
        named_by_user = url or (named if self.has_users_environment else None)
        chosen = named_by_user or named or self.config.get("url") or tokens.default_server()
        self.url = address.normal(str(chosen))
        self.is_trusted = bool(named_by_user) or tokens.trusts(self.url, self.environment)
        try:
            self.token = tokens.token(self.environment) if self.is_trusted else None
        except tokens.BadToken as error:
            raise BadConfig(str(error)) from None

    @property
    def disobeyed(self) -> str:
        """What is to be said of a file that is not obeyed; nothing where the user's own variables
        name what it might.
        """
        is_named = self.environment.get("COORD_URL") and self.environment.get("COORD_PROJECT")
        if self.ignored_file is None or is_named:
            return ""
        return (
            f"coord does not obey {self.ignored_file}: it belongs to another user. Set COORD_URL"
            " and COORD_PROJECT, or make it your own."
        )

    @property
    def shell_queues(self) -> list[str]:
        """The files to which shell clients add calls: they write to the folder that they run in,
        also in a worktree.
        """
        if os.environ.get("COORD_DOCTOR"):
            return []  # a trial sends nothing but its own
        folders = [self.home] if self.home == self.root else [self.home, self.root]
        return [os.path.join(folder, FOLDER, SHELL_QUEUE) for folder in folders]

    def make_state_folder(self) -> None:
        """Raises OSError."""
        user_state.make_folder_for(self.state_folder, self.home, self.url)

    def state(self, name: str) -> str:
        """A file of this user's own for what a client wants to remember of this repository and
        server.
        """
        return os.path.join(self.state_folder, name)


def enter(folder: str | None = None, url: str | None = None) -> Workspace:
    """The workspace that this process works in: from now on it has that one's environment. So each
    program begins. Raises BadConfig.
    """
    entered = Workspace(folder, url)
    shipped_environment.use(entered.environment)
    return entered


def _project(named: str) -> str:
    """Without what the service takes in no name: what a repository, or its folder, is called is its
    own to say, and coord says it in lines of its own."""
    if not (named.isascii() and named.isprintable()):
        named = "".join("\ufffd" if _is_forbidden(letter) else letter for letter in named)
    return named[:MAX_NAME]


def _is_forbidden(letter: str) -> bool:
    code = ord(letter)
    is_control = code < 0x20 or 0x7F <= code < 0xA0 or letter in _BREAKS
    return is_control or 0xD800 <= code < 0xE000 or 0xE0000 <= code < 0xE0080


def _config_file(start: str, checkout: Repository | None) -> tuple[str | None, str | None]:
    """The nearest `.coord.toml` upwards that is obeyed, and one that is nearer and is not.

    Within the checkout where there is one; for a worktree without one its main checkout's.
    """
    ignored = None
    for file in _config_candidates(start, checkout):
        if os.path.isfile(file):
            if _is_obeyed(file):
                return file, ignored
            ignored = ignored or file
    return None, ignored


def _config_candidates(start: str, checkout: Repository | None) -> Iterator[str]:
    at = start
    while True:
        yield os.path.join(at, CONFIG)
        above = os.path.dirname(at)
        if above == at or (checkout is not None and at == checkout.top):
            break
        at = above
    if checkout is not None and checkout.main != checkout.top:
        yield os.path.join(checkout.main, CONFIG)


def _is_obeyed(file: str) -> bool:
    """Whether the file, and the link that it may be, are the user's own or root's: nobody else says
    which server is called.
    """
    try:
        return is_own_or_roots(os.lstat(file)) and is_own_or_roots(os.stat(file))
    except OSError:
        return False


def read_config(file: str) -> dict[str, object]:
    """The settings in the file. Raises BadConfig."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open_regular(file) as opened:
            if not is_own_or_roots(os.fstat(opened.fileno())):
                raise BadConfig(f"{file} belongs to another user.")
            content = opened.read(MAX_CONFIG_BYTES + 1)
        if len(content) > MAX_CONFIG_BYTES:
            raise BadConfig(f"{file} has more than {MAX_CONFIG_BYTES >> 10} KiB. Shorten it.")
        text = text_files.decode(content)
        if any(line.count(".") > MAX_DOTS for line in text.split("\n")):
            raise BadConfig(f"{file} has a line with more than {MAX_DOTS} dots. Shorten it.")
        config = tomllib.loads(text)
        if _is_deep(config, MAX_DEPTH):
            raise BadConfig(f"{file} has more than {MAX_DEPTH} tables in one another.")
        return config
    except text_files.BadEncoding as error:
        raise BadConfig(f"{file} is not TOML: {error}") from None
    except (ValueError, RecursionError) as error:
        raise BadConfig(f"{file} is not TOML: {error}. Mend that line.") from None
    except OSError as error:
        raise BadConfig(f"{file} cannot be read: {error.strerror}.") from None


def _is_deep(value: object, depth: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(depth == 0 or _is_deep(member, depth - 1) for member in inner)


def remember_config(file: str, config: dict[str, object]) -> None:
    """Keeps what was read for those who come after: to load a TOML parser costs a hook 4 ms.

    May fail: then it is read again.
    """
    from coord.client.lean import encoded
    from coord.client.safe_files import make_folder, write_whole

    state = _file_state(file)
    if state is not None and _remembered(file, os.environ) is None:
        try:
            make_folder(user_state.root())
            write_whole(_memory(file, os.environ), encoded([state, config]))
        except (OSError, TypeError):
            pass  # a date of TOML is nothing that JSON knows, nor any setting of ours


def _remembered(file: str, environment: Mapping[str, str]) -> dict[str, object] | None:
    """What was last read from the file, unless it has been written to since."""
    from coord.client.lean import loads_or_none
    from coord.client.safe_files import read

    try:
        stored = loads_or_none(read(_memory(file, environment)))
    except OSError:
        return None
    if not isinstance(stored, list) or len(stored) != 2 or stored[0] != _file_state(file):
        return None
    return stored[1] if isinstance(stored[1], dict) else None


def _memory(file: str, environment: Mapping[str, str]) -> str:
    return os.path.join(user_state.root(environment), f"config-{user_state.digest(file)}.json")


def _file_state(file: str) -> list[object] | None:
    """Other than before when the file is another, or has been written to."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]
