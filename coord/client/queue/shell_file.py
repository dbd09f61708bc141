"""The queue file of shell clients, `.claude/coord-queue.jsonl` in a checkout: whoever wrote the
repository may have put it there.

It is read only where it is a regular file of the user's own with one name, in a folder that is no
link and that not everybody may write to, and where git does not track it: what is committed comes
from somebody else. Where another program keeps the checkout, nobody can tell. Nothing is ever
written to it.
"""

from __future__ import annotations

import os
import stat

from coord.client.safe_files import BY_FOLDER, UnsafeFile, open_folder, open_own

MAX_BYTES = 16 * 1024 * 1024
ASIDE = ".taken"


class ShellFile:
    """`path`: the file's. All methods raise UnsafeFile where it is not to be read, and OSError."""

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """By a look at the disk; 0 also when there is none."""
        try:
            return os.lstat(self.path).st_size
        except OSError:
            return 0

    def read(self) -> tuple[bytes, os.stat_result] | None:
        """Its content and status; None when there is no such file."""
        try:
            file = self._open()
        except (FileNotFoundError, NotADirectoryError):
            return None
        with open(file, "rb") as opened:
            return opened.read(), os.fstat(file)

    def move(self, target: str, expected: os.stat_result) -> None:
        """Takes it out of the checkout, if it is still the file that was read."""
        with _Folder(self) as (folder, name):
            if os.path.samestat(os.stat(name, dir_fd=folder, follow_symlinks=False), expected):
                os.rename(name, target, src_dir_fd=folder)

    @property
    def aside(self) -> ShellFile:
        """What `set_aside` makes of it."""
        return ShellFile(f"{self.path}{ASIDE}")

    def set_aside(self, expected: os.stat_result) -> None:
        """Renames it where it is, if it is still the file that was read: no shell begins to write
        to it from now on.
        """
        with _Folder(self) as (folder, name):
            if os.path.samestat(os.stat(name, dir_fd=folder, follow_symlinks=False), expected):
                os.rename(name, f"{name}{ASIDE}", src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self) -> None:
        with _Folder(self) as (folder, name):
            os.remove(name, dir_fd=folder)

    def _open(self) -> int:
        with _Folder(self) as (folder, name):
            return self._open_in(folder, name)

    def _open_in(self, folder: int | None, name: str) -> int:
        file = open_own(name, os.O_RDONLY, folder=folder)
        status = os.fstat(file)
        reason = ""
        if os.name != "nt" and status.st_mode & stat.S_IWOTH:
            reason = "may be written by everybody"
        elif status.st_size > MAX_BYTES:
            reason = f"has more than {MAX_BYTES >> 20} MiB"
        else:
            reason = why_not_own(self.path)
        if reason:
            os.close(file)
            raise UnsafeFile(f"{self.path} {reason}")
        return file


class _Folder:
    """The file's folder, held open so that nobody can put another in its place, and the file's name
    in it; on Windows, which knows no such thing, None and the path.
    """

    def __init__(self, file: ShellFile) -> None:
        self._path = file.path
        self._folder: int | None = None

    def __enter__(self) -> tuple[int | None, str]:
        if not BY_FOLDER:
            return None, self._path
        self._folder = open_folder(os.path.dirname(self._path))
        if os.fstat(self._folder).st_mode & stat.S_IWOTH:
            os.close(self._folder)
            raise UnsafeFile(f"{os.path.dirname(self._path)} may be written by everybody")
        return self._folder, os.path.basename(self._path)

    def __exit__(self, *error: object) -> None:
        if self._folder is not None:
            os.close(self._folder)


def why_not_own(path: str) -> str:
    """Why a file that is open already may have come with the checkout that it is in; empty where it
    has not.
    """
    from coord.client import git_index
    from coord.client.workspace import other_checkout, repository

    folder = os.path.dirname(path)
    checkout = repository(folder)
    # beside git's, Jujutsu changes files at other times than git's index
    if checkout is None or os.path.isdir(os.path.join(checkout.top, ".jj")):
        top = other_checkout(folder)
        return (
            "may be somebody else's: this is no checkout of git's, which would tell" if top else ""
        )
    # git writes files first, and into its index when all are there
    if os.path.lexists(os.path.join(checkout.git, "index.lock")):
        return "may be somebody else's: git is at work in the checkout, and has its index.lock"
    below = os.path.relpath(path, checkout.top).replace(os.sep, "/")
    if git_index.tracks(checkout.git, below, hash_bytes=checkout.hash_bytes):
        return "is tracked by git, so it is somebody else's: git rm --cached"
    return ""
