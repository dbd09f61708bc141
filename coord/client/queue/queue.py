"""The queue itself. What only a few calls need, replaying and writing above all, is loaded when they do."""

from __future__ import annotations

import os

from coord.client.locked import Busy, FileLock, read, remove
from coord.client.queue.files import KEPT_S, QueueFiles, is_same, rests, size_of, stat_of
from coord.client.queue.progress import Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coord.client.queue.call import Call
    from coord.client.queue.rejected import RejectedCall, RejectedCalls
    from coord.client.wire import Answer, Away

    Position = tuple[int, int]
    """Where a call stands: the number of its file, and the first byte of its line."""

MAX_BYTES = 16 * 1024 * 1024  # waiting calls: some 50,000, weeks of work
FILE_LOCK_S = 5.0  # it is held for milliseconds, so this is a stopped process or a dead file server


class QueueFull(Exception):
    """More calls wait than are kept: this one is not queued. No queued call is given up for it."""


class ReplayResult:
    """What a replay did. `waiting`: how many calls still wait, `why`: the reason. `rejected`: calls refused, with their answers.

    `answer`: coord's to the call that the caller asked about. `dropped`: claims that no longer matter. `busy`: another process replays.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.dropped = 0
        self.rejected: list[RejectedCall] = []
        self.waiting = 0
        self.why: Away | None = None
        self.answer: Answer | None = None
        self.busy = False


class Queue:
    """The calls that wait in one file.

    All methods may be called by several processes at once; all raise OSError when the file cannot be read or written.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)  # what a link leads to is what shells write to, and what is removed
        stem = self.path[: -len(".jsonl")] if self.path.endswith(".jsonl") else self.path
        self.files = QueueFiles(self.path, stem)
        self.rejected_path = f"{stem}.rejected.jsonl"
        self.progress_path = f"{stem}.state.json"
        self.file_lock_path = f"{stem}.lock"
        self._reported_path = f"{stem}.reported.json"
        self._replay_lock_path = f"{stem}.replay.lock"

    def append(self, call: Call) -> Position:
        """Keeps the call, on the disk when this returns; its position. Raises QueueFull and Busy.

        The call gets the time that its line has: never before that of the line before it, so that what
        is newer in the queue is newer for coord too when the clock was put back in between.
        """
        with self.file_lock():
            if self._waiting_bytes() > MAX_BYTES:
                raise QueueFull(
                    f"{MAX_BYTES >> 20} MiB of calls wait in {self.path}, and none is given up for another: this one was NOT queued. "
                    f"Run `coord sync` when coord is back, or see `coord queue`."
                )
            while True:
                position = self._append(call)
                if position is not None:
                    return position

    def _append(self, call: Call) -> Position | None:
        """None when a shell client took the file away in that moment, and it had no second name yet."""
        from coord.client.queue.writing import append_line, open_for_append

        file = open_for_append(self.path)
        try:
            opened = os.fstat(file)
            kept = self.files.find(opened)
            if kept is None:
                return None
            number, path = kept
            start = append_line(file, self.path, call)
            return (number, start) if path != self.path or is_same(opened, stat_of(path)) else None
        finally:
            os.close(file)

    def _waiting_bytes(self) -> int:
        sizes = [(number, size_of(path)) for number, path in self.files.listed()]
        if sum(size for _, size in sizes) <= MAX_BYTES:
            return 0
        progress = Progress.load(self.progress_path)
        return sum(size - min(size, progress.answered_bytes(number)) for number, size in sizes)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, by a look at the disk. Removes what was kept for a while after all was answered."""
        sizes = [(number, path, size_of(path)) for number, path in self.files.listed()]
        if not any(size for _, _, size in sizes):
            return True
        progress = Progress.load(self.progress_path)
        for number, path, size in sizes:
            if size > progress.answered_bytes(number) or size > progress.answered_within(number, read(path)):
                return False
        if any(rests(path, KEPT_S) for _, path, _ in sizes):
            self._remove_rested()
        return True

    def waiting(self) -> list[Call]:
        """The calls that wait, oldest first; lines that are none are left out."""
        from coord.client.queue.lines import split_lines

        progress = Progress.load(self.progress_path)
        calls = []
        for number, path in self.files.listed():
            content = read(path)
            for _, _, call in split_lines(content, progress.answered_within(number, content)):
                if call is not None:
                    calls.append(call)
        return calls

    def count(self) -> int:
        """How many lines wait. Parsing them would take a hook longer than all else when there are thousands."""
        progress = Progress.load(self.progress_path)
        lines = 0
        for number, path in self.files.listed():
            content = read(path)
            begin = progress.answered_within(number, content)
            lines += content.count(b"\n", begin) + (begin < len(content) and not content.endswith(b"\n"))
        return lines

    def is_answered(self, position: Position) -> bool:
        """Whether the call that `append` put there was answered."""
        number, start = position
        path = dict(self.files.listed()).get(number)
        return path is None or Progress.load(self.progress_path).answered_bytes(number) > start

    def replay(
        self,
        send: Callable[[Call], Answer],
        *,
        own: Position | None = None,
        seconds: float = 0.0,
        until: float | None = None,
        result: ReplayResult | None = None,
    ) -> ReplayResult:
        """Sends what waits, in order, until the first call that coord does not answer. `send` raises Away. Adds to `result`.

        `own`: the position of a call of the caller's, whose answer it wants itself. `seconds`: how long to wait for another process that
        replays. `until`: a `time.monotonic()` after which no further call is begun.
        """
        from coord.client.queue.replay import Replay

        result = result or ReplayResult()
        if result.why is None:
            try:
                with FileLock(self._replay_lock_path, seconds):
                    Replay(self, send, result, own, until).run()
            except Busy:
                result.busy = True
        if result.why is not None or result.busy:
            result.waiting += self.count()
        return result

    @property
    def rejected_calls(self) -> RejectedCalls:
        from coord.client.queue.rejected import RejectedCalls

        return RejectedCalls(self.rejected_path, self._reported_path)

    def rejected(self) -> list[RejectedCall]:
        """The calls that were refused, oldest first."""
        return self.rejected_calls.all()

    def take_unreported(self) -> list[RejectedCall]:
        """Refused calls that nobody was told of yet; each is given to one caller, once."""
        if not size_of(self.rejected_path):
            return []
        with self.file_lock():
            return self.rejected_calls.take_unreported()

    def forget_rejected(self) -> None:
        """Removes the list of refused calls, for somebody who has seen to them."""
        with self.file_lock():
            self.rejected_calls.remove()

    def file_lock(self) -> FileLock:
        return FileLock(self.file_lock_path, FILE_LOCK_S)

    def put_away(self, progress: Progress) -> bool:
        """With everything answered: the file goes. Whether something was added in that moment. With the file lock."""
        if stat_of(self.path) is None:
            if self.files.remove_rested(progress):
                remove(self.progress_path)
            return False
        return self.files.put_away(progress)

    def _remove_rested(self) -> None:
        try:
            with FileLock(self.file_lock_path, 0.0):
                if self.files.remove_rested(Progress.load(self.progress_path)):
                    remove(self.progress_path)
        except (OSError, Busy):
            pass  # somebody else, some other time
