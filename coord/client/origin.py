"""Where a repository was cloned from, and what it is called there: the same in every clone, however
its address is spelt.
"""

from __future__ import annotations

from coord.client.git_config import settings, user_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def address_of(git_folder: str) -> str:
    """Of the remote `origin`, else of the first that there is, which a clone may have named
    otherwise; empty without one.
    """
    own = list(settings(git_folder))
    remotes: dict[str, str] = {}
    for section, name, value in own:
        if section.startswith('remote "') and name == "url" and value:
            remotes.setdefault(section, value)
    address = remotes.get('remote "origin"') or next(iter(remotes.values()), "")
    if "://" not in address and "@" not in address:  # perhaps one that the user has shortened
        address = _lengthened(address, [*own, *user_settings()])
    return address.replace("\\", "/").rstrip("/")


def _lengthened(address: str, entries: Iterable[tuple[str, str, str]]) -> str:
    """As `url.<base>.insteadOf` has it: the longest of the beginnings that fit counts."""
    fitting = [
        (value, section)
        for section, name, value in entries
        if name == "insteadof" and section.startswith('url "') and address.startswith(value)
    ]
    if not address or not fitting:
        return address
    beginning, section = max(fitting, key=lambda base: len(base[0]))
    return section[len('url "') : -1] + address[len(beginning) :]


def name_of(origin: str) -> str:
    """What git would call the folder of a clone."""
    origin = origin[: -len("/.git")] if origin.endswith("/.git") else origin
    name = origin.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    return name[:-4] if name.endswith(".git") and len(name) > 4 else name


def owner_of(origin: str) -> str:
    """The folder of a repository on its server; empty for one that is on a disk."""
    path = _path_on_server(origin)
    steps = [step for step in path.split("/")[:-1] if step not in ("", "_git", "~")]
    return steps[-1] if steps else ""


def project_of(origin: str) -> str:
    """`owner/name` of one on a server, in small letters: GitHub and most others take `Acme/API` for
    `acme/api`, and people type either. Empty for one that is on a disk."""
    if not _path_on_server(origin):
        return ""
    owner, name = owner_of(origin), name_of(origin)
    return (f"{owner}/{name}" if owner else name).lower()


def _path_on_server(origin: str) -> str:
    """Empty for one that is on a disk."""
    scheme, marks, rest = origin.partition("://")
    if marks:
        return "" if scheme == "file" else rest.partition("/")[2]
    if "[" in origin.partition("/")[0]:  # an address of IPv6, or a host with its port
        return origin.partition("]:")[2]
    user, _, rest = origin.rpartition("@") if "@" in origin.partition("/")[0] else ("", "", origin)
    host, colon, path = rest.partition(":")
    is_remote = colon and "/" not in host and (user or len(host) > 1)  # `C:/` is a drive
    return path if is_remote else ""
