"""Paths as they are spelt to programs, in any shell, and as this system has them."""

from __future__ import annotations

import os

from coord.client.host_name import host

# What Windows opens instead of a file, whatever stands behind a dot
# (https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions).
_DEVICES = frozenset(
    "con prn aux nul conin$ conout$".split()
    + [f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"]
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MOUNTS = "/mnt"
"""Where WSL has the drives of Windows (https://learn.microsoft.com/windows/wsl/wsl-config)."""


def home_of(environment: Mapping[str, str]) -> str:
    """The user's folder."""
    named = environment.get("HOME" if os.name != "nt" else "USERPROFILE")
    return named or os.path.expanduser("~")


def path_in(folder: str, spelt: str) -> str:
    """The path that somebody in the folder means; it keeps a slash at its end."""
    return os.path.join(with_drive(folder), with_drive(_in_home(spelt)))


def is_whole(path: str) -> bool:
    """Whether it counts from no folder. Python 3.13 says of `\\src` on Windows that it does."""
    return os.path.isabs(path) or path[:1] in ("/", os.sep)


def is_below(path: str, folder: str) -> bool:
    """Whether the path is the folder's, or of something in it, which may be all of a drive."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _in_home(spelt: str) -> str:
    """With `~` as shells read it. Python takes each name behind a `~` for a user's on Windows, and
    Office calls its files so: `~$report.docx`.
    """
    if os.name == "nt" and spelt[1:2] not in ("", "/", "\\"):
        return spelt
    return os.path.expanduser(spelt)


def real_path(path: str) -> str:
    r"""Without links and `..`. On Windows also without the `\\?\` that programs put before paths,
    the dots and blanks that it drops behind a name, and the stream of a file (`a.py:notes`); a
    device's name is a file's, as elsewhere.
    """
    if os.name != "nt":
        return os.path.realpath(path)
    drive, rest = os.path.splitdrive(without_prefix(path.replace("/", "\\")))
    steps = [_as_opened(step) for step in rest.split("\\")]
    if steps[-1] not in (".", ".."):
        steps[-1] = steps[-1].rstrip(". ")
    end = next((at for at, step in enumerate(steps) if _is_device(step)), len(steps))
    if end < len(steps):
        return os.path.join(real_path(drive + "\\".join([*steps[:end], ""])), *steps[end:])
    whole = drive + "\\".join(steps)
    try:
        return _with_plain_drive(without_prefix(os.path.realpath(whole)))
    except OSError:  # longer than it opens, or on a server that is not there
        folder, name = os.path.split(os.path.abspath(whole))
        return os.path.join(real_path(folder), name) if name else _with_plain_drive(folder)


def _with_plain_drive(path: str) -> str:
    r"""The letter of a drive in capitals, and `\\SERVER\Share` in small letters: where nothing is
    behind them, Windows leaves them as they were spelt."""
    drive, rest = os.path.splitdrive(path)
    if path.startswith(("\\\\?\\", "\\\\.\\")):  # a volume by its number
        return path
    return (drive.upper() if drive[1:2] == ":" else drive.lower()) + rest


def real_place(path: str) -> str:
    """Where a link itself is."""
    folder, name = os.path.split(path)
    return os.path.join(real_path(folder), name)


def _as_opened(step: str) -> str:
    """A step of a path without the stream behind a colon, which is in the file of that name
    (https://learn.microsoft.com/windows/win32/fileio/file-streams), and without one dot at its end,
    which is dropped there too (https://learn.microsoft.com/dotnet/standard/io/file-path-formats).
    """
    name = step.partition(":")[0] or step
    return name[:-1] if name.endswith(".") and not name.endswith("..") and name != "." else name


def _is_device(name: str) -> bool:
    return name.partition(".")[0].rstrip(" ").lower() in _DEVICES


def without_prefix(path: str) -> str:
    r"""`\\?\C:\src` and `\\.\C:\src` as `C:\src`, and `\\?\UNC\server\share` as
    `\\server\share`; what else is behind such a prefix, as a volume by its number, as it is.
    """
    if path[:4] in ("\\\\?\\", "\\\\.\\"):
        if path[4:8].upper() == "UNC\\":
            return f"\\\\{path[8:]}"
        return path[4:] if path[5:6] == ":" else path
    return path


def with_drive(path: str) -> str:
    r"""On Windows a path as Git Bash (`/c/src`), Cygwin and WSL spell it, or as the share that each
    drive of this computer is (`\\localhost\c$\src`), with its drive; any other as it is.
    """
    if os.sep != "\\":
        return path
    path = without_prefix(path)
    if len(path) == 2 and path[1] == ":":  # else the folder in which that drive is
        return f"{path}/"
    if path[:1] not in ("/", "\\"):
        return path
    parts = path.replace("\\", "/").split("/")
    if parts[1] == "":  # //host/c$/src
        return _own_share(parts[2:]) or path
    below = parts[2:] if parts[1].lower() in ("cygdrive", "mnt") else parts[1:]
    if not below or len(below[0]) != 1 or not below[0].isalpha():
        return path
    return "/".join([f"{below[0]}:", *(below[1:] or [""])])


def from_beside(path: str) -> str:
    """A path that git wrote, in Windows or in the WSL beside it, as this of the two has it."""
    if os.name == "nt":
        return with_drive(path)
    drive, colon, rest = path[:1], path[1:2], path[2:].replace("\\", "/")
    mounted = f"{MOUNTS}/{drive.lower()}"
    is_drive = colon == ":" and rest[:1] == "/" and os.path.isdir(mounted)
    return f"{mounted}{rest}" if is_drive else path


def _own_share(parts: list[str]) -> str | None:
    r"""`\\host\c$\src`, without what is before the host, with its drive; None where that is another
    computer, or no drive.
    """
    if len(parts) < 2 or len(parts[1]) != 2 or parts[1][1] != "$":
        return None
    name = parts[0].lower()
    own = ("localhost", "127.0.0.1", host().lower())
    if name not in own and name.partition(".")[0] != own[-1]:
        return None
    return "/".join([f"{parts[1][0]}:", *(parts[2:] or [""])])


def nearest_file(folder: str, names: tuple[str, ...], *, upwards: bool = True) -> str:
    """The first of these that is in the folder, else in the nearest above it; empty where there is
    none.
    """
    while True:
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                return path
        above = os.path.dirname(folder)
        if above == folder or not upwards:
            return ""
        folder = above
