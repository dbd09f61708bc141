"""The queue file of shell clients, `.claude/coord-queue.jsonl` in a checkout: whoever wrote the
repository may have put it there.

It is read only where it is a regular file of the user's own with one name, in a folder that is no
link and that not everybody may write to, and where git does not track it: what is committed comes
from somebody else. Nothing is ever written to it.
"""

from __future__ import annotations

import os
import stat

from coord.client.safe_files import BY_FOLDER, UnsafeFile, open_folder, open_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 16 * 1024 * 1024
# after it was removed where it cannot be moved: for a shell that has it open to write its line
LATE_S = 0.05


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
        folder = self._open_folder()
        try:
            name = os.path.basename(self.path) if folder is not None else self.path
            if os.path.samestat(os.stat(name, dir_fd=folder, follow_symlinks=False), expected):
                os.rename(name, target, src_dir_fd=folder)
        finally:
            if folder is not None:
                os.close(folder)

    def remove_and_read_late(self, begin: int, wait: Callable[[float], None]) -> bytes:
        """Removes it, where the target is on another disk; what was written to it behind `begin`
        until a moment later.
        """
        if os.name == "nt":  # which removes and renames no file that somebody has open
            taken = f"{self.path}.{os.getpid()}.tmp"
            os.rename(self.path, taken)
            with open(taken, "rb") as opened:
                opened.seek(begin)
                late = opened.read()
            os.remove(taken)
            return late
        folder = self._open_folder()
        try:
            name = os.path.basename(self.path)
            opened = open(self._open_in(folder), "rb")  # noqa: SIM115 (closed below)
            if os.path.samestat(
                os.stat(name, dir_fd=folder, follow_symlinks=False), os.fstat(opened.fileno())
            ):
                os.remove(name, dir_fd=folder)
        finally:
            if folder is not None:
                os.close(folder)
        with opened:
            wait(LATE_S)
            opened.seek(begin)
            return opened.read()

    def _open(self) -> int:
        folder = self._open_folder()
        try:
            return self._open_in(folder)
        finally:
            if folder is not None:
                os.close(folder)

    def _open_in(self, folder: int | None) -> int:
        name = os.path.basename(self.path) if folder is not None else self.path
        file = open_own(name, os.O_RDONLY, folder=folder)
        status = os.fstat(file)
        reason = ""
        if os.name != "nt" and status.st_mode & stat.S_IWOTH:
            reason = "may be written by everybody"
        elif status.st_size > MAX_BYTES:
            reason = f"has more than {MAX_BYTES >> 20} MiB"
        elif is_tracked(self.path):
            reason = "is tracked by git, so it is somebody else's: git rm --cached"
        if reason:
            os.close(file)
            raise UnsafeFile(f"{self.path} {reason}")
        return file

    def _open_folder(self) -> int | None:
        """Of the file's folder, so that nobody can put another in its place; None on Windows, which
        knows no such thing.
        """
        if not BY_FOLDER:
            return None
        folder = open_folder(os.path.dirname(self.path))
        if os.fstat(folder).st_mode & stat.S_IWOTH:
            os.close(folder)
            raise UnsafeFile(f"{os.path.dirname(self.path)} may be written by everybody")
        return folder


def is_tracked(path: str) -> bool:
    """Whether git tracks a file in the checkout that it is in."""
    from coord.client import git_index
    from coord.client.workspace import repository

    checkout = repository(os.path.dirname(path))
    if checkout is None:
        return False
    below = os.path.relpath(path, checkout.top).replace(os.sep, "/")
    return git_index.tracks(checkout.git, below, hash_bytes=checkout.hash_bytes)
