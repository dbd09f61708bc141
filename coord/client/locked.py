"""Files that several processes use at once: a lock that ends with its process, however that ends, and writes that are whole or not there."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
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
    """`with FileLock(path, seconds):` holds the file's lock. Raises Busy when another process has it for so long, and OSError, also where the
    disk knows no locks.

    The operating system gives it back when the process ends. The file stays: to remove it would let two processes lock two files. If
    somebody does all the same, the lock is taken anew.
    """

    def __init__(self, path: str, seconds: float) -> None:
        self._path = path
        self._seconds = seconds
        self._handle = -1

    def __enter__(self) -> FileLock:
        deadline = time.monotonic() + self._seconds
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        while not self._tried():
            if time.monotonic() >= deadline:
                raise Busy(f"another process holds {self._path}")
            time.sleep(_TRIES_EVERY_S)
        return self

    def _tried(self) -> bool:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            if _try(handle) and os.path.samestat(os.fstat(handle), os.stat(self._path)):
                self._handle, handle = handle, -1
                return True
        except FileNotFoundError:
            pass  # removed in between
        finally:
            if handle != -1:
                os.close(handle)
        return False

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._handle)


def write_whole(path: str, content: bytes) -> None:
    """The file has this content or what it had before, also when the process dies here."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(content)
        replace(temporary, path)
    except OSError:
        remove(temporary)
        raise


def replace(source: str, target: str) -> None:
    """As os.replace; on Windows it waits for those who have the file open for a moment, as virus scanners do."""
    _insist(lambda: os.replace(source, target))


def remove(path: str) -> None:
    """Whether or not it is there."""
    try:
        _insist(lambda: os.remove(path))
    except FileNotFoundError:
        pass


def _insist(act: Callable[[], None]) -> None:
    for _ in range(50 if os.name == "nt" else 0):
        try:
            act()
            return
        except PermissionError:
            time.sleep(_TRIES_EVERY_S)
    act()


def sync_folder(path: str) -> None:
    """Puts the name of a new file on the disk; its content is there only after a call of fsync of its own. Windows does so by itself."""
    if os.name == "nt":
        return
    try:
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError:
        pass  # a file system that cannot


def read(path: str) -> bytes:
    """Nothing when there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return b""
