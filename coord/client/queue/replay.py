"""Replaying a queue: sends what waits, in order, and records each answer before the next call is sent."""

from __future__ import annotations

import time

from coord.client.locked import read
from coord.client.queue import files, writing
from coord.client.queue.delivery import deliver, is_already_done
from coord.client.queue.late import EarlierSessions, with_id, with_observed_at
from coord.client.queue.lines import Line, split_lines
from coord.client.queue.obsolete import find_obsolete
from coord.client.queue.progress import Progress
from coord.client.wire import Away

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coord.client.queue.call import Call
    from coord.client.queue.queue import Position, Queue, ReplayResult
    from coord.client.queue.rejected import RejectedCall
    from coord.client.wire import Answer


class Replay:
    """One pass after the other over a queue, by the process that holds the replay lock.

    `own`: the position of the caller's own call, whose answer goes to `result.answer`. `until`: a
    `time.monotonic()` after which no further call is begun.
    """

    def __init__(
        self, queue: Queue, send: Callable[[Call], Answer], result: ReplayResult, own: Position | None, until: float | None
    ) -> None:
        self._queue = queue
        self._send = send
        self._result = result
        self._own = own
        self._until = until

    def run(self) -> None:
        while self._run_once():
            pass

    def _run_once(self) -> bool:
        """Sends the lines that are there now. Whether there may be more: others queue at the same time."""
        queue = self._queue
        with queue.file_lock():
            contents = [(number, path, read(path)) for number, path in queue.files.keep()]
            progress = Progress.load(queue.progress_path)
            begins = {number: progress.begin(number, content) for number, _, content in contents}
            if all(begins[number] == len(content) for number, _, content in contents):
                return queue.put_away(progress)
            progress.save(queue.progress_path)  # before anything is sent: it fails where an answer could not be recorded
        paths = {number: path for number, path, _ in contents}
        lines = []
        for number, _, content in contents:
            begin = begins[number]  # the lines before it were split without what stands behind it
            for part, at in ((content[:begin], 0), (content, begin)):
                lines += [Line(number, content, *found) for found in split_lines(part, at)]
        return self._send_lines(lines, begins, paths, progress)

    def _send_lines(self, lines: list[Line], begins: dict[int, int], paths: dict[int, str], progress: Progress) -> bool:
        """Whether any was answered. `begins`: where the unanswered lines of each file begin."""
        obsolete = find_obsolete([line.call for line in lines])
        earlier = EarlierSessions()
        any_answered = False
        for line, is_obsolete in zip(lines, obsolete):
            if line.start >= begins[line.number]:
                if line.is_unfinished and not files.rests(paths[line.number], writing.TORN_AFTER_S):
                    continue
                if not self._process(line, is_obsolete, earlier):
                    return False
                progress.advance(line.number, line.content, line.end)
                progress.save(self._queue.progress_path)
                any_answered = True
            if line.call is not None and not is_obsolete:
                earlier.add(line.call)
        return any_answered

    def _process(self, line: Line, is_obsolete: bool, earlier: EarlierSessions) -> bool:
        """Sends, drops or sets aside a line. Whether that is done: if not, the result says why."""
        if self._until is not None and time.monotonic() > self._until:
            self._result.why = Away("there was no time for more")
            return False
        call = line.call
        place = f"{line.number}:{line.start}"
        if call is None:
            text = line.text.decode("utf-8", "replace").strip()
            if text:
                detail = "This line is not a call that can be sent. If its process died while it wrote it, nothing was promised."
                self._reject({"place": place, "line": text}, None, {"detail": detail})
            return True
        if is_obsolete:
            self._result.dropped += 1
            return True
        seed = f"{self._queue.path}:{place}:{line.text.strip().decode('utf-8', 'replace')}"
        try:
            answer = deliver(self._send, earlier.with_end_time(with_observed_at(with_id(call, seed))))
        except Away as away:
            self._result.why = away
            return False
        self._result.sent += 1
        if self._own == (line.number, line.start):
            self._result.answer = answer
        elif not answer.ok and not is_already_done(call, answer):
            fields: RejectedCall = {"place": place, "ts": call.ts, "method": call.method, "path": call.path, "body": call.body}
            self._reject(fields, answer.status, answer.json)
        return True

    def _reject(self, fields: RejectedCall, status: int | None, answer: object) -> None:
        with self._queue.file_lock():
            rejected = self._queue.rejected_calls.add(fields, status, answer)
        if rejected is not None:
            self._result.rejected.append(rejected)
