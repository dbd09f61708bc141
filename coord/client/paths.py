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


def path_in(folder: str, spelt: str) -> str:
    """The path that somebody in the folder means; it keeps a slash at its end."""
    return os.path.join(folder, with_drive(os.path.expanduser(spelt)))


def real_path(path: str) -> str:
    r"""Without links and `..`. On Windows also without the `\\?\` that programs put before paths
    and the dots and blanks that it drops behind a name; a device's name is a file's, as elsewhere.
    """
    if os.name != "nt":
        return os.path.realpath(path)
    steps = without_prefix(path).replace("/", "\\").split("\\")
    if steps[-1] not in (".", ".."):
        steps[-1] = steps[-1].rstrip(". ")
    end = next((at for at, step in enumerate(steps) if _is_device(step)), len(steps))
    if end < len(steps):
        return os.path.join(real_path("\\".join([*steps[:end], ""])), *steps[end:])
    whole = "\\".join(steps)
    try:
        return without_prefix(os.path.realpath(whole))
    except OSError:  # longer than it opens
        folder, name = os.path.split(os.path.abspath(whole))
        return os.path.join(real_path(folder), name) if name else folder


def _is_device(name: str) -> bool:
    return name.partition(".")[0].rstrip(" ").lower() in _DEVICES


def without_prefix(path: str) -> str:
    r"""`\\?\C:\src` as `C:\src`, and `\\?\UNC\server\share` as `\\server\share`."""
    if path.startswith("\\\\?\\UNC\\"):
        return f"\\\\{path[8:]}"
    return path[4:] if path.startswith("\\\\?\\") else path


def with_drive(path: str) -> str:
    r"""On Windows a path as Git Bash (`/c/src`), Cygwin and WSL spell it, or as the share that each
    drive of this computer is (`\\localhost\c$\src`), with its drive; any other as it is.
    """
    if os.sep != "\\":
        return path
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
