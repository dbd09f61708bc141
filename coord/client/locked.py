"""A lock that several processes share, and that ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
import time

from coord.client.safe_files import open_own

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

else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


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
            if _try(handle) and os.path.samestat(os.fstat(handle), os.lstat(self._path)):
                self._handle, handle = handle, -1
                return True
        except FileNotFoundError:
            pass  # removed in between
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
