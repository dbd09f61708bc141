"""A lock that several processes share, and that ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
import time

from coord.client.safe_files import open_own, remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_TRIES_EVERY_S = 0.01

if sys.platform == "win32":
    import msvcrt

    def _try(handle: int) -> bool:
        try:
            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _is_at(path: str, handle: int) -> bool:
        """Always: Windows removes no file that a C library has open. Nor does every drive number
        its files there (Google Drive's, WebDAV, RDP: `st_ino` is 0, or another at each look).
        """
        return True

else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _is_at(path: str, handle: int) -> bool:
        """Whether it is the file of this name, and not one that somebody removed."""
        try:
            return os.path.samestat(os.fstat(handle), os.lstat(path))
        except FileNotFoundError:
            return False


class Busy(Exception):
    """Another process has the lock."""


class FileLock:
    """`with FileLock(path, seconds):` holds the file's lock. Raises Busy when another process has
    it for so long, and OSError, also where the disk knows no locks.

    The operating system gives it back when the process ends. The file stays: to remove it would let
    two processes lock two files. If somebody does all the same, the lock is taken anew.
    """

    def __init__(self, path: str, seconds: float) -> None:
        self._path = path
        self._seconds = seconds
        self._handle = -1

    def __enter__(self) -> FileLock:
        deadline = time.monotonic() + self._seconds
        while not self._tried():
            if time.monotonic() >= deadline:
                raise Busy(f"another process holds {self._path}")
            time.sleep(_TRIES_EVERY_S)
        return self

    def _tried(self) -> bool:
        handle = open_own(self._path, os.O_RDWR | os.O_CREAT)
        try:
            if _try(handle) and _is_at(self._path, handle):
                self._handle, handle = handle, -1
                return True
        finally:
            if handle != -1:
                os.close(handle)
        return False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._handle)

    def remove(self) -> None:
        """Gives the lock back, and removes its file: who waits for it takes it anew."""
        if os.name != "nt":
            remove(self._path)
        os.close(self._handle)
        if os.name == "nt":  # which removes no file that is open, here or elsewhere
            try:
                os.remove(self._path)
            except PermissionError:
                pass  # somebody has it by now
