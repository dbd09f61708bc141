"""Copying what shell clients queued into the queue: each line once, also when the process dies in
the middle of that.

How far each shell file was copied is recorded in `shell.json`; before lines are copied, also how
long the queue's file was, so that the next process can take back a copy that was not recorded. When
all is answered the shell file is moved into the queue's folder, where it stays for a minute: a
shell that opened it before may still write to it. Where that folder is on another disk the file is
set aside beside itself, and goes a moment later.
"""

from __future__ import annotations

import errno
import os
import time

from coord.client.lean import dumps, loads_or_none
from coord.client.queue.late import with_id, with_observed_at
from coord.client.queue.lines import BLANKS, split_lines
from coord.client.queue.permitted import refuse
from coord.client.queue.progress import as_mark, furthest_mark, mark_of
from coord.client.queue.shell_file import ShellFile
from coord.client.queue.writing import append_lines
from coord.client.safe_files import (
    UnsafeFile,
    age_of,
    list_folder,
    open_own,
    read,
    remove,
    size_of,
    status_of,
    write_whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from coord.client.queue.call import Call
    from coord.client.queue.queue import Queue

KEPT_S = 60.0  # how long a shell may have the file open before it writes to it
LATE_S = 0.05  # the same, where the file cannot stay so long
# shells write long lines in pieces, microseconds apart: an unfinished one that rests so long stays
# so
TORN_AFTER_S = 1.0
NOT_A_CALL = "is not a call that can be sent"
_MOVED = "shell."


class Adoption:
    """What shell clients queued for a queue.

    Whoever changes anything holds the queue's file lock.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._path = os.path.join(queue.folder, "shell.json")
        stored = loads_or_none(read(self._path))
        fields: dict[str, Any] = stored if isinstance(stored, dict) else {}
        copied = fields.get("copied")
        self._copied: dict[str, Any] = copied if isinstance(copied, dict) else {}
        self._pending = as_mark(fields.get("pending"))

    def run(self) -> None:
        """Copies the lines that are new. Raises OSError."""
        self._take_back()
        lines = b""
        copied = {key: mark for key, mark in self._copied.items() if key in self._present()}
        for key, content, status in self._sources():
            new, end = self._new_lines(key, content, status)
            lines += new
            if end:
                copied[key] = [*mark_of(content[:end]), status.st_ino]
        if copied == self._copied:
            return
        self._pending = (self._queue.load_progress().generation, size_of(self._queue.path))
        self._save()
        if lines:
            append_lines(self._queue.path, lines)
        self._pending, self._copied = None, copied
        self._save()

    def waiting(self) -> list[bytes]:
        """The lines that are not copied yet, as they would be."""
        return [self._new_lines(*source)[0] for source in self._sources()]

    @property
    def is_empty(self) -> bool:
        return all(
            len(content) == self._done(key, content, status)
            for key, content, status in self._sources()
        )

    def problems(self) -> list[str]:
        """Why shell files are not read."""
        reasons: dict[str, None] = {}
        for path in self._shell_paths():
            try:
                ShellFile(path).read()
            except OSError as error:
                reasons[str(error)] = None  # of two files in one folder once
        return list(reasons)

    def put_away(self) -> None:
        """With everything answered: moves the shell files out of the checkout, and removes those
        that were moved a while ago.
        """
        for path in self._queue.shell_paths:
            try:
                self._put_away(ShellFile(path))
            except (UnsafeFile, PermissionError):
                continue  # it is not ours to remove; or, on Windows, somebody has it open
        for name in self._moved():
            path = os.path.join(self._queue.folder, name)
            status = status_of(path)
            if (
                status is not None
                and self._done(name, read(path), status) == status.st_size
                and age_of(path) >= KEPT_S
            ):
                remove(path)
        present = self._present()
        if self._copied.keys() - present:
            self._copied = {key: mark for key, mark in self._copied.items() if key in present}
            self._save()

    def _put_away(self, shell: ShellFile) -> None:
        is_clear, opened = self._remove_aside(shell), shell.read()
        if opened is None or not is_clear:
            return
        content, status = opened
        if self._done(shell.path, content, status) != len(content):
            return
        numbers = [int(name[len(_MOVED) : -len(".jsonl")]) for name in self._moved()]
        name = f"{_MOVED}{max(numbers, default=0) + 1}.jsonl"
        target = os.path.join(self._queue.folder, name)
        self._copied[name] = self._copied.get(shell.path)
        self._save()
        try:
            shell.move(target, status)
            os.utime(target)
        except FileNotFoundError:
            pass  # a shell removed it in that moment
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copied[shell.aside.path] = self._copied.pop(name)
            self._save()
            shell.set_aside(status)
            time.sleep(LATE_S)
            self._remove_aside(shell)

    def _remove_aside(self, shell: ShellFile) -> bool:
        """Whether nothing is set aside any more; what was added to it late is copied first."""
        opened = shell.aside.read()
        if opened is not None and self._done(shell.aside.path, *opened) == len(opened[0]):
            shell.aside.remove()
            return True
        return opened is None

    def _sources(self) -> Iterator[tuple[str, bytes, os.stat_result]]:
        """Key, content and status of every file that may hold calls of shells."""
        for name in self._moved():
            path = os.path.join(self._queue.folder, name)
            status = status_of(path)
            if status is not None:
                yield name, read(path), status
        for path in self._shell_paths():
            try:
                opened = ShellFile(path).read()
            except UnsafeFile:
                continue  # `problems` says so
            if opened is not None:
                yield path, *opened

    def _shell_paths(self) -> Iterator[str]:
        """What was set aside is older."""
        for path in self._queue.shell_paths:
            yield ShellFile(path).aside.path
            yield path

    def _moved(self) -> list[str]:
        names = [
            name
            for name in list_folder(self._queue.folder)
            if name.startswith(_MOVED) and name.endswith(".jsonl")
        ]
        return sorted(name for name in names if name[len(_MOVED) : -len(".jsonl")].isdecimal())

    def _present(self) -> set[str]:
        return {
            *self._moved(),
            *(path for path in self._shell_paths() if status_of(path) is not None),
        }

    def _done(self, key: str, content: bytes, status: os.stat_result) -> int:
        """How much of this content is copied: nothing when it is not the file that was."""
        stored = self._copied.get(key)
        if not isinstance(stored, list) or len(stored) != 3 or stored[2] != status.st_ino:
            return 0
        return furthest_mark([stored[:2]], content)

    def _new_lines(self, key: str, content: bytes, status: os.stat_result) -> tuple[bytes, int]:
        """The lines of the queue that the new ones become, and where those end. 0: there
        are none.
        """
        done = self._done(key, content, status)
        # A line that was given up as torn is read again with what stands behind it now: it may be
        # another file's.
        begin = content.rfind(b"\n", 0, done) + 1 if done < len(content) else done
        lines, end = b"", 0
        for start, stop, call in split_lines(content, begin):
            if stop <= done:
                continue
            unfinished = call is None and stop == len(content) and not content.endswith(b"\n")
            if unfinished and abs(time.time() - status.st_mtime) < TORN_AFTER_S:
                break
            end = stop
            text = content[start:stop].strip(BLANKS)
            if text:
                lines += _as_queued(text, call, f"{key}:{start}")
        return lines, end

    def _take_back(self) -> None:
        """Removes lines that a process copied that died before it recorded that.

        That it was done is recorded before anything is queued behind: it would be removed too.
        """
        if self._pending is None:
            return
        generation, size = self._pending
        if (
            self._queue.load_progress().generation == generation
            and size_of(self._queue.path) > size
        ):
            file = open_own(self._queue.path, os.O_RDWR)
            try:
                os.ftruncate(file, size)
                os.fsync(file)
            finally:
                os.close(file)
        self._pending = None
        self._save()

    def _save(self) -> None:
        write_whole(
            self._path,
            dumps({"copied": self._copied, "pending": self._pending}).encode("utf-8", "replace"),
        )


def _as_queued(text: bytes, call: Call | None, place: str) -> bytes:
    """The line of the queue for one of a shell: the call with an id and its time, or what it is and
    why it is not sent.
    """
    shown = text.decode("utf-8", "replace")
    reason = NOT_A_CALL if call is None else refuse(call)
    if call is None or reason:
        return dumps({"line": shown, "why": reason}).encode("utf-8", "replace") + b"\n"
    return with_observed_at(with_id(call, f"{place}:{shown}")).line()


def adopt_content(queue: Queue, name: str, content: bytes) -> None:
    """Queues the calls of a file of an older version, which had the form of a shell client's.

    Raises OSError and Busy.
    """
    lines = [
        _as_queued(content[start:stop].strip(), call, f"{name}:{start}")
        for start, stop, call in split_lines(content, 0)
    ]
    if lines:
        with queue.file_lock():
            append_lines(queue.path, b"".join(lines))
