"""The queue itself.

What only a few calls need, replaying and writing above all, is loaded when they do.
"""

from __future__ import annotations

import os

from coord.client.locked import Busy, FileLock
from coord.client.queue.progress import Progress
from coord.client.safe_files import make_folder, read, remove, size_of, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coord.client.answer import Answer
    from coord.client.queue.call import Call
    from coord.client.queue.rejected import RejectedCall, RejectedCalls
    from coord.client.wire import Away
    from coord.client.workspace import Workspace

    Position = tuple[int, int]
    """Where a call stands: the generation of its file, and the first byte of its line."""

MAX_BYTES = 16 * 1024 * 1024  # waiting calls: some 50,000, weeks of work
FILE_LOCK_S = 5.0  # it is held for milliseconds, so this is a stopped process or a dead file server


class QueueFull(Exception):
    """More calls wait than are kept: this one is not queued. No queued call is given up for it."""


class ReplayResult:
    """What a replay did. `waiting`: how many calls still wait, `why`: the reason. `rejected`: calls
    refused, with their answers.

    `answer`: coord's to the call that the caller asked about. `dropped`: claims that no longer
    matter. `busy`: another process replays.
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
    """The calls that wait in one folder. `shell_paths`: the files in checkouts to which shell
    clients add theirs.

    All methods may be called by several processes at once; all raise OSError when a file cannot be
    read or written, or is not safe to.
    """

    def __init__(
        self,
        folder: str,
        shell_paths: Sequence[str] = (),
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """`prepare` makes the folder; by default it is made for this user alone."""
        self.folder = folder
        self.shell_paths = shell_paths
        self.path = os.path.join(folder, "queue.jsonl")
        self.rejected_path = os.path.join(folder, "queue.rejected.jsonl")
        self.progress_path = os.path.join(folder, "queue.progress.json")
        self._reported_path = os.path.join(folder, "queue.reported.json")
        self._replay_lock_path = os.path.join(folder, "replay.lock")
        self._prepare = prepare or (lambda: make_folder(folder))

    @classmethod
    def of(cls, workspace: Workspace) -> Queue:
        return cls(workspace.state_folder, workspace.shell_queues, workspace.make_state_folder)

    def append(self, call: Call) -> Position:
        """Keeps the call, on the disk when this returns; its position. Raises QueueFull and Busy.

        The call gets the time that its line has: never before that of the line before it, so that
        what is newer in the queue is newer for coord too when the clock was put back in between.
        """
        from coord.client.queue.writing import append_call

        with self.file_lock():
            self._adopt()
            if self._waiting_bytes() > MAX_BYTES:
                raise QueueFull(
                    f"{MAX_BYTES >> 20} MiB of calls wait in {self.path}, and none is given up for"
                    " another: this one was NOT queued. Run `coord sync` when coord is back, or"
                    " see `coord queue`."
                )
            return self.load_progress().generation, append_call(self.path, call)

    def _adopt(self) -> None:
        """Copies what shell clients queued. With the file lock."""
        if self._has_shell_files():
            from coord.client.queue.adoption import Adoption

            Adoption(self).run()

    def _has_shell_files(self) -> bool:
        return (
            any(map(size_of, self.shell_paths))
            or status_of(os.path.join(self.folder, "shell.json")) is not None
        )

    def _waiting_bytes(self) -> int:
        size = size_of(self.path)
        return size - min(size, self.load_progress().answered_bytes) if size > MAX_BYTES else 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, by a look at the disk."""
        size = size_of(self.path)
        if size:
            progress = self.load_progress()
            if size > progress.answered_bytes or size > progress.answered_within(read(self.path)):
                return False
        if not self._has_shell_files():
            return True
        from coord.client.queue.adoption import Adoption

        if not Adoption(self).is_empty:
            return False
        self._put_away_shell_files()
        return True

    def waiting(self) -> list[Call]:
        """The calls that wait, oldest first; lines that are none are left out."""
        from coord.client.queue.lines import split_lines

        content = read(self.path)
        calls = [
            call
            for _, _, call in split_lines(content, self.load_progress().answered_within(content))
        ]
        for lines in self._shell_lines():
            calls += [call for _, _, call in split_lines(lines, 0)]
        return [call for call in calls if call is not None]

    def count(self) -> int:
        """How many lines wait.

        Parsing them would take a hook longer than all else when there are thousands.
        """
        content = read(self.path)
        begin = self.load_progress().answered_within(content)
        lines = content.count(b"\n", begin) + (begin < len(content) and not content.endswith(b"\n"))
        return lines + sum(content.count(b"\n") for content in self._shell_lines())

    def _shell_lines(self) -> list[bytes]:
        if not self._has_shell_files():
            return []
        from coord.client.queue.adoption import Adoption

        return Adoption(self).waiting()

    def problems(self) -> list[str]:
        """Why files of shell clients are not read."""
        if not any(status_of(path) is not None for path in self.shell_paths):
            return []
        from coord.client.queue.adoption import Adoption

        return Adoption(self).problems()

    def is_answered(self, position: Position) -> bool:
        """Whether the call that `append` put there was answered."""
        progress = self.load_progress()
        return (progress.generation, progress.answered_bytes) > position

    def load_progress(self) -> Progress:
        return Progress.load(self.progress_path)

    def replay(
        self,
        send: Callable[[Call], Answer],
        *,
        own: Position | None = None,
        seconds: float = 0.0,
        until: float | None = None,
    ) -> ReplayResult:
        """Sends what waits, in order, until the first call that coord does not answer. `send`
        raises Away.

        `own`: the position of a call of the caller's, whose answer it wants itself. `seconds`: how
        long to wait for another process that replays. `until`: a `time.monotonic()` after which no
        further call is begun.
        """
        from coord.client.queue.replay import Replay

        result = ReplayResult()
        self._prepare()
        try:
            with FileLock(self._replay_lock_path, seconds):
                Replay(self, send, result, own, until).run()
        except Busy:
            result.busy = True
        if result.why is not None or result.busy:
            result.waiting = self.count()
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
        self._prepare()
        return FileLock(os.path.join(self.folder, "queue.lock"), FILE_LOCK_S)

    def put_away(self, progress: Progress) -> None:
        """With everything answered, and the file lock: the file is removed."""
        if status_of(self.path) is not None:
            remove(self.path)
            progress.begin_next()
            progress.save(self.progress_path)
        if self._has_shell_files():
            from coord.client.queue.adoption import Adoption

            Adoption(self).put_away()

    def _put_away_shell_files(self) -> None:
        from coord.client.queue.adoption import Adoption

        try:
            with self.file_lock():
                if Adoption(self).is_empty:
                    Adoption(self).put_away()
        except (OSError, Busy):
            pass  # somebody else, some other time
