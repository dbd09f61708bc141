"""Files of this user's own, opened so that nobody else decides which file that is.

A link is never followed, a second name of another file never taken, and a file that is not this
user's is neither read nor written. What is written is whole or not there.
"""

from __future__ import annotations

import errno
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, TypeVar

    _T = TypeVar("_T")

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700
_TRIES_EVERY_S = 0.01
# Names count from an opened folder, so that nobody puts another in its place. Windows opens none:
# who may rename a folder of this user's could write in it, too; its rights are its parent's there.
BY_FOLDER = os.open in os.supports_dir_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
# O_NONBLOCK: to open a pipe that somebody put in the file's place would wait for a writer.
_FLAGS = (
    _NO_FOLLOW
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
# EMLINK: FreeBSD's for a link
_LINK_ERRORS = (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR)


class UnsafeFile(OSError):
    """A file or folder that is not used; the message says which, and why."""


def open_own(path: str, flags: int, *, folder: int | None = None) -> int:
    """Opens a regular file of this user's own that has one name.

    `folder`: an open one that the path counts from. On Windows it waits for who replaces the file
    in this moment. Raises UnsafeFile.
    """
    if not _NO_FOLLOW and os.path.islink(path):
        raise UnsafeFile(f"{path} is a link")

    def opened(name: str, folder: int | None) -> int:
        return _insist(lambda: os.open(name, flags | _FLAGS, PRIVATE, dir_fd=folder))

    try:
        file = opened(path, folder) if folder is not None else in_folder(path, opened)
    except UnsafeFile:
        raise
    except OSError as error:
        if error.errno in _LINK_ERRORS:
            raise UnsafeFile(f"{path} is not a regular file") from None
        raise
    try:
        _check_file(path, os.fstat(file))
    except UnsafeFile:
        os.close(file)
        raise
    return file


def _check_file(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFile(f"{path} is not a regular file")
    if not is_own(status):
        raise UnsafeFile(f"{path} belongs to another user")
    if status.st_nlink > 1:
        raise UnsafeFile(f"{path} is a second name of another file")


def is_own(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def is_own_or_roots(status: os.stat_result) -> bool:
    return is_own(status) or status.st_uid == 0


def open_folder(path: str) -> int:
    """Opens a folder, which is no link, to name files in it.

    Raises UnsafeFile and OSError. Not on Windows.
    """
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | _FLAGS)
    except OSError as error:
        if error.errno in (*_LINK_ERRORS, errno.ENOTDIR) and os.path.lexists(path):
            raise UnsafeFile(f"{path} is not a folder, or a link to one") from None
        raise


def _open_linked_folder(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def open_real_folder(path: str) -> int:
    """A folder by its real path: no step of it is a link any more, or it raises UnsafeFile. Not on
    Windows.
    """
    steps = [step for step in path.split(os.sep) if step]
    through = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | _NO_FOLLOW | os.O_CLOEXEC
    folder = os.open(os.sep, through)
    for number, step in enumerate(steps, 1):
        flags = os.O_RDONLY | os.O_DIRECTORY | _FLAGS if number == len(steps) else through
        try:
            inner = os.open(step, flags, dir_fd=folder)
        except OSError as error:
            if error.errno in (*_LINK_ERRORS, errno.ENOTDIR):
                raise UnsafeFile(f"{path} is not where it was: something replaced it") from None
            raise
        finally:
            os.close(folder)
        folder = inner
    return folder


def in_folder(
    path: str,
    act: Callable[[str, int | None], _T],
    open_it: Callable[[str], int] = open_folder,
) -> _T:
    """`act` with the name of a file and the folder, opened, that it counts from; with the path and
    None on Windows. Raises UnsafeFile and OSError.
    """
    if not BY_FOLDER:
        return act(path, None)
    above, name = os.path.split(path)
    try:
        folder = open_it(above or ".")
    except UnsafeFile:
        if os.path.isfile(above) and not os.path.islink(above):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path) from None
        raise
    try:
        return act(name, folder)
    except OSError as error:
        if error.filename == name:
            error.filename = path
        raise
    finally:
        os.close(folder)


def make_folder(path: str) -> None:
    """Makes a folder for this user alone, with those above it.

    Raises UnsafeFile where it is there and another's, or may be replaced.
    """
    make_folders(path)
    if not BY_FOLDER:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise UnsafeFile(f"{path} is not a folder of this user's own")
        return
    folder = open_folder(path)
    try:
        status = os.fstat(folder)
        if not is_own(status):
            raise UnsafeFile(f"{path} is not a folder of this user's own")
        if status.st_mode & 0o077:
            os.fchmod(folder, PRIVATE_FOLDER)
    finally:
        os.close(folder)
    above = os.path.dirname(path)
    mode = os.stat(above).st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise UnsafeFile(
            f"{above} may be written by everybody, so {os.path.basename(path)} in it may be"
            " anybody's"
        )


def make_folders(path: str, *, again: bool = True) -> None:
    """For this user alone; os.makedirs leaves the folders above to the umask."""
    try:
        os.mkdir(path, PRIVATE_FOLDER)
    except FileExistsError:
        return
    except FileNotFoundError:  # also where the one above is there, as in /proc, or automounted
        above = os.path.dirname(path)
        if not again or above == path:  # a drive that is not there
            raise
        make_folders(above)
        make_folders(path, again=False)


def list_folder(path: str) -> list[str]:
    """The names in a folder of this user's own; none when there is no such folder."""
    try:
        if not BY_FOLDER:
            return os.listdir(path) if stat.S_ISDIR(os.lstat(path).st_mode) else []
        folder = open_folder(path)
        try:
            return os.listdir(folder) if is_own(os.fstat(folder)) else []
        finally:
            os.close(folder)
    except OSError:
        return []


def read(path: str) -> bytes:
    """Nothing when there is no such file. Raises UnsafeFile and OSError."""
    try:
        file = open_own(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    with open(file, "rb") as opened:
        return opened.read()


def open_regular(path: str) -> BinaryIO:
    """As `open_any`, of a file in a repository: to open a pipe would wait for who writes into it.
    Raises UnsafeFile where it is no regular file.
    """
    flags = os.O_RDONLY | (_FLAGS & ~_NO_FOLLOW)
    opened = open(_insist(lambda: os.open(path, flags)), "rb")  # noqa: SIM115 (the caller closes)
    if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        opened.close()
        raise UnsafeFile(errno.EINVAL, "not a regular file", path)
    return opened


def open_any(path: str) -> BinaryIO:
    """Whoever's file it is, also through a link, to read it. On Windows it waits for another
    program that lets nobody read it in this moment.
    """
    return _insist(lambda: open(path, "rb"))


def read_any(path: str) -> bytes:
    """Whoever's file it is, also through a link, for what the user named or the system has; nothing
    when there is none.
    """
    try:
        with open_any(path) as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return b""


def create_in(name: str, folder: int | None, mode: int = PRIVATE) -> int:
    """A new file, open to be written. On Windows one of this name that was removed is there until
    the last has closed it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS
    return _insist(lambda: os.open(name, flags, mode, dir_fd=folder))


def write_whole(
    path: str, content: bytes, mode: int = PRIVATE, *, may_be_link: bool = False
) -> None:
    """The file has this content or what it had before, also when the process dies here.

    A link in its place is replaced, not followed. `may_be_link`: the folder may be one, as a
    user's `bin`.
    """

    def write(name: str, folder: int | None) -> None:
        temporary = f"{name}.{os.getpid()}.tmp"
        try:
            remove_in(temporary, folder)  # of a process that died
            with open(create_in(temporary, folder, mode), "wb") as file:
                file.write(content)
            replace(temporary, name, folder=folder)
        except OSError:
            remove_in(temporary, folder)
            raise

    in_folder(path, write, _open_linked_folder if may_be_link else open_folder)


def append(path: str, content: bytes) -> None:
    """On the disk when this returns. Raises UnsafeFile and OSError."""
    with open(open_own(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(source: str, target: str, *, folder: int | None = None) -> None:
    """As os.replace; on Windows it waits for those who have the file open for a moment, as virus
    scanners do, and one that may only be read is replaced too, as elsewhere.

    `folder`: an open one that both count from.
    """
    was_read_only = _make_writable(target)
    try:
        _insist(lambda: os.replace(source, target, src_dir_fd=folder, dst_dir_fd=folder))
    except OSError:
        if was_read_only:
            os.chmod(target, stat.S_IREAD)
        raise


def remove(path: str, *, may_be_link: bool = False) -> None:
    """Whether or not it is there. `may_be_link`: as `write_whole` has it."""
    try:
        in_folder(path, remove_in, _open_linked_folder if may_be_link else open_folder)
    except (FileNotFoundError, NotADirectoryError):
        pass


def remove_in(name: str, folder: int | None) -> None:
    """As `remove`, of a file that counts from an opened folder."""
    _make_writable(name)
    try:
        _insist(lambda: os.remove(name, dir_fd=folder))
    except (FileNotFoundError, NotADirectoryError):
        pass


def discard(path: str) -> None:
    """What nobody needs any more: as `remove`, where it can be done now."""
    try:
        remove(path)
    except OSError:
        pass


def _make_writable(path: str) -> bool:
    """Whether it was not: Windows neither replaces nor removes a file that may only be read
    (https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-movefileexw).
    """
    if os.name != "nt":
        return False
    try:
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode) or mode & stat.S_IWRITE:
            return False
        os.chmod(path, stat.S_IWRITE)
    except OSError:
        return False  # what comes now will say why
    return True


def _insist(act: Callable[[], _T]) -> _T:
    for _ in range(50 if os.name == "nt" else 0):
        try:
            return act()
        except PermissionError:
            time.sleep(_TRIES_EVERY_S)
    return act()


def sync_folder(path: str) -> None:
    """Puts the name of a new file on the disk; its content is there only after a call of fsync of
    its own. Windows does so by itself.
    """
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


def touch(path: str, at: float | None = None) -> None:
    """Sets the time of a file, not of what it may be a link to; default is now. Raises OSError."""
    times = None if at is None else (at, at)
    if os.utime in os.supports_follow_symlinks:
        in_folder(
            path, lambda name, folder: os.utime(name, times, dir_fd=folder, follow_symlinks=False)
        )
    else:
        os.utime(path, times)


def status_of(path: str) -> os.stat_result | None:
    """Of the file itself, also when it is a link; None when there is none."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def size_of(path: str) -> int:
    status = status_of(path)
    return status.st_size if status is not None else 0


def age_of(path: str) -> float:
    """Seconds since it was written to, also by a clock that was put back; very many when it is not
    there.
    """
    try:
        return abs(time.time() - os.lstat(path).st_mtime)
    except OSError:
        return float("inf")
