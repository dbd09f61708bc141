"""Changes to files: collected first, shown, and then made all or not at all."""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from coord.client import user_state
from coord.client.paths import is_below, real_path
from coord.client.safe_files import (
    create_in,
    in_folder,
    open_any,
    open_real_folder,
    remove_in,
    replace,
)


class CannotChange(Exception):
    """It cannot be done, and nothing was changed. The message says why, and what to do."""


@dataclass(frozen=True)
class FileChange:
    """The content of one file before and after; None: there is no file."""

    path: str
    before: bytes | None
    after: bytes | None
    executable: bool = False


class Plan:
    """Files as they are to become. `read` gives what is planned so far; `apply` writes."""

    def __init__(self, *folders: str) -> None:
        """`folders`: nothing outside of these is changed, not even through a link. Paths are shown
        relative to the first."""
        self.folders = [real_path(folder) for folder in folders]
        self.notes: list[str] = []
        self._changes: dict[str, FileChange] = {}
        self._removable: set[str] = set()

    @property
    def changes(self) -> list[FileChange]:
        return [change for change in self._changes.values() if change.before != change.after]

    def shown(self, path: str) -> str:
        """A path as people see it."""
        top = self.folders[0]
        return os.path.relpath(path, top).replace(os.sep, "/") if is_below(path, top) else path

    def real(self, path: str) -> str:
        """The file behind a link. Raises CannotChange when it must not be changed."""
        real = real_path(path)
        if not any(is_below(real, folder) for folder in self.folders):
            raise CannotChange(
                f"{self.shown(path)} is a link to {real}, outside of this repository. Replace it by"
                " a file, or use --local."
            )
        if os.path.islink(path) and not os.path.exists(real):
            raise CannotChange(
                f"{self.shown(path)} is a link to {real}, which does not exist. Fix or remove it."
            )
        if os.path.exists(real) and not os.path.isfile(real):
            raise CannotChange(f"{self.shown(path)} is not a file. Move it away.")
        return real

    def _on_disk(self, path: str) -> bytes | None:
        try:
            return _content(path)
        except OSError as error:
            raise CannotChange(f"{self.shown(path)} cannot be read: {error.strerror}.") from None

    def may_change(self, path: str) -> bool:
        """Whether the file is within the folders of this plan."""
        return any(is_below(real_path(path), folder) for folder in self.folders)

    def read(self, path: str) -> bytes | None:
        """Raises CannotChange."""
        real = self.real(path)
        if real in self._changes:
            return self._changes[real].after
        return self._on_disk(real)

    def text(self, path: str) -> str | None:
        """With its line ends as they are. Raises CannotChange."""
        content = self.read(path)
        try:
            return None if content is None else content.decode("utf-8")
        except UnicodeDecodeError as error:
            shown = self.shown(path)
            raise CannotChange(
                f"{shown} is not UTF-8 (byte {error.start}). Save it as UTF-8 first; nothing was"
                " changed."
            ) from None

    def write(self, path: str, after: str | None, *, executable: bool = False) -> None:
        """Plans the content of a file; None removes it. Raises CannotChange."""
        before = self.read(path)
        real = self.real(path)
        if real in self._changes:
            before, executable = (
                self._changes[real].before,
                executable or self._changes[real].executable,
            )
        self._changes[real] = FileChange(
            real, before, None if after is None else after.encode("utf-8"), executable
        )

    def remove_if_empty(self, folder: str) -> None:
        """Plans that this folder goes with the last file in it."""
        self._removable.add(real_path(folder))

    def diff(self) -> str:
        """All changes, as `diff -u` shows them."""
        return "".join(line for change in self.changes for line in self._diff(change))

    def _diff(self, change: FileChange) -> Iterable[str]:
        name = self.shown(change.path)
        old = f"a/{name}" if change.before is not None else "/dev/null"
        new = f"b/{name}" if change.after is not None else "/dev/null"
        if not change.before and not change.after:  # an empty file comes or goes
            yield f"--- {old}\n+++ {new}\n"
        for line in difflib.unified_diff(_lines(change.before), _lines(change.after), old, new):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"

    def apply(self) -> None:
        """Raises CannotChange; then everything is as it was."""
        for change in self.changes:
            if self._on_disk(change.path) != change.before:
                raise CannotChange(
                    f"{self.shown(change.path)} was changed by another process just now. Run it"
                    " again."
                )
        done: list[FileChange] = []
        folders: list[str] = []
        try:
            for change in self.changes:
                done.append(change)
                folders += _make_folders(os.path.dirname(change.path))
                _put(change.path, change.after, change.executable)
            self._remove_folders()
        except BaseException as error:
            # What could not be written is as it was, and on Windows, where somebody has it open,
            # it cannot even be read.
            failed = done.pop() if isinstance(error, OSError) else None
            stuck = [self.shown(change.path) for change in reversed(done) if not _put_back(change)]
            for folder in reversed(folders):
                _remove_folder(folder)
            if failed is None or not isinstance(error, OSError):
                raise
            rest = f"{', '.join(stuck)} cannot be put back" if stuck else "Everything is as it was"
            raise CannotChange(
                f"{self.shown(failed.path)} cannot be written: {error.strerror or error}. {rest}."
            ) from None

    def _remove_folders(self) -> None:
        for folder in sorted(self._removable, key=len, reverse=True):
            _remove_folder(folder)


def _lines(content: bytes | None) -> list[str]:
    text = (content or b"").decode("utf-8", "replace").replace("\r\n", "\n")
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _content(path: str) -> bytes | None:
    try:
        with open_any(path) as file:
            return file.read()
    except FileNotFoundError:
        return None


def _make_folders(folder: str) -> list[str]:
    """Those that were missing, the outermost first."""
    missing: list[str] = []
    while not os.path.isdir(folder) and folder != os.path.dirname(folder):  # a drive
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    for folder in missing:
        os.mkdir(folder, 0o700 if is_below(folder, real_path(user_state.root())) else 0o775)
    return missing


def _remove_folder(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        return  # something else is in it


def _put(path: str, content: bytes | None, executable: bool) -> None:
    """`path`: a real one; UnsafeFile where a link came into it since it was looked at."""

    def put(name: str, folder: int | None) -> None:
        if content is None:
            remove_in(name, folder)
            return
        mode = 0o666 & ~_umask()
        try:
            mode = stat.S_IMODE(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            pass
        mode |= 0o111 & ~_umask() if executable else 0
        temporary = f"{name}.{os.getpid()}.coord.tmp"
        try:
            remove_in(temporary, folder)  # of a process that died
            with open(create_in(temporary, folder), "wb") as file:
                file.write(content)
                if folder is not None:  # not by its name, which may be another file's by now
                    os.fchmod(file.fileno(), mode)
            if folder is None:
                os.chmod(temporary, mode)
            replace(temporary, name, folder=folder)
        except BaseException:
            remove_in(temporary, folder)
            raise

    in_folder(path, put, open_real_folder)


def _put_back(change: FileChange) -> bool:
    """Whether it is as it was."""
    try:
        if _content(change.path) != change.before:
            _put(change.path, change.before, change.executable)
    except OSError:
        return False
    return True


def _umask() -> int:
    """This user's, and never one with which everybody could write what is run here."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask | 0o002
