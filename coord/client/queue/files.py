"""The files of a queue, and their second names."""

from __future__ import annotations

import os
import time

from coord.client.locked import read, remove, replace, sync_folder
from coord.client.queue.progress import Progress

KEPT_S = 60.0  # how long a shell may have the file open before it writes to it


class QueueFiles:
    """The file that clients write to, and those that still have calls or may get some: each has a number, oldest first."""

    def __init__(self, path: str, stem: str) -> None:
        self._path = path
        self._kept_prefix = f"{stem}.kept."

    def listed(self) -> list[tuple[int, str]]:
        """Every file in which calls may wait. The one that has no second name (yet) is the last."""
        files: list[tuple[int, str]] = []
        seen: list[os.stat_result] = []
        numbers = self._numbers()
        paths = [(number, self._kept(number)) for number in numbers]
        for number, path in [*paths, (max(numbers, default=0) + 1, self._path)]:
            stat = stat_of(path)
            if stat is not None and not any(is_same(stat, other) for other in seen):
                seen.append(stat)
                files.append((number, path))
        return files

    def keep(self) -> list[tuple[int, str]]:
        """Gives the file its second name; `listed` then. With the file lock. Where there are no hard links it stays with one."""
        files = self.listed()
        if not files or files[-1][1] != self._path:
            return files
        try:
            os.link(self._path, self._kept(files[-1][0]))
        except OSError:
            return self.listed()
        sync_folder(self._path)
        return self.listed()

    def find(self, opened: os.stat_result) -> tuple[int, str] | None:
        """The number and the name under which an open file is kept; None when it has gone."""
        return next(((number, path) for number, path in self.keep() if is_same(opened, stat_of(path))), None)

    def put_away(self, progress: Progress) -> bool:
        """With everything answered: the file goes, and is kept a while under its second name.

        Whether something was added in that moment. With the file lock.
        """
        files = self.listed()
        stat = os.stat(self._path)
        path = next(path for _, path in files if is_same(stat, stat_of(path)))
        free = max(number for number, _ in files) + (path != self._path)
        try:
            os.utime(path)
            replace(self._path, self._kept(free))  # whatever a shell has put under this name by now
        except OSError:
            return False  # it stays, and is answered all the same
        self._remove_double_names()
        return any(size_of(path) > progress.answered_bytes(number) for number, path in self.listed())

    def remove_rested(self, progress: Progress) -> bool:
        """Removes the oldest files, up to the first that may still be written to. Whether none is left. With the file lock."""
        if stat_of(self._path) is not None:
            return False  # its number, while it has no second name, is that after the last
        for number, path in self.listed():
            content = read(path)
            if progress.answered_within(number, content) != len(content) or not rests(path, KEPT_S):
                return False
            remove(path)
        return True

    def _kept(self, number: int) -> str:
        return f"{self._kept_prefix}{number}.jsonl"

    def _numbers(self) -> list[int]:
        folder, prefix = os.path.split(self._kept_prefix)
        try:
            names = os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        begin, end = len(prefix), -len(".jsonl")
        numbers = [name[begin:end] for name in names if name.startswith(prefix) and name.endswith(".jsonl")]
        return sorted(int(number) for number in numbers if number.isascii() and number.isdecimal())

    def _remove_double_names(self) -> None:
        """Of two numbers for one file the later goes."""
        seen: list[os.stat_result] = []
        for number in self._numbers():
            stat = stat_of(self._kept(number))
            if any(is_same(other, stat) for other in seen):
                remove(self._kept(number))
            elif stat is not None:
                seen.append(stat)


def stat_of(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_same(one: os.stat_result, other: os.stat_result | None) -> bool:
    return other is not None and (one.st_ino, one.st_dev) == (other.st_ino, other.st_dev)


def size_of(path: str) -> int:
    stat = stat_of(path)
    return stat.st_size if stat is not None else 0


def rests(path: str, seconds: float) -> bool:
    """Whether nothing was written to the file for so long."""
    stat = stat_of(path)
    return stat is not None and time.time() - stat.st_mtime >= seconds
