"""Replaying a queue: sends what waits, in order, and records each answer before the next call is
sent.
"""

from __future__ import annotations

import time

from coord.client.lean import loads_or_none
from coord.client.queue.adoption import NOT_A_CALL, Adoption
from coord.client.queue.delivery import deliver, is_already_done
from coord.client.queue.late import EarlierCalls
from coord.client.queue.lines import Line, split_lines
from coord.client.queue.obsolete import find_obsolete
from coord.client.safe_files import read
from coord.client.wire import Away

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coord.client.answer import Answer
    from coord.client.queue.call import Call
    from coord.client.queue.progress import Progress
    from coord.client.queue.queue import Position, Queue, ReplayResult
    from coord.client.queue.rejected import RejectedCall


class Replay:
    """One pass after the other over a queue, by the process that holds the replay lock.

    `own`: the position of the caller's own call, whose answer goes to `result.answer`. `until`: a
    `time.monotonic()` after which no further call is begun.
    """

    def __init__(
        self,
        queue: Queue,
        send: Callable[[Call], Answer],
        result: ReplayResult,
        own: Position | None,
        until: float | None,
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
        """Sends the lines that are there now.

        Whether there may be more: others queue at the same time.
        """
        queue = self._queue
        with queue.file_lock():
            Adoption(queue).run()
            content = read(queue.path)
            progress = queue.load_progress()
            begin = progress.begin(content)
            if begin == len(content):
                queue.put_away(progress)
                return False
            # before anything is sent: it fails where an answer could not be recorded
            progress.save(queue.progress_path)
        # The lines that were answered before were split without what stands behind them.
        parts = ((content[:begin], 0), (content, begin))
        lines = [Line(content, *bounds) for part, at in parts for bounds in split_lines(part, at)]
        return self._send_lines(lines, begin, progress)

    def _send_lines(self, lines: list[Line], begin: int, progress: Progress) -> bool:
        """Whether any was answered. `begin`: where the unanswered lines begin."""
        obsolete = find_obsolete([line.call for line in lines])
        earlier = EarlierCalls()
        any_answered = False
        for line, is_obsolete in zip(lines, obsolete):
            if line.start >= begin:
                if not self._process(line, is_obsolete, earlier, progress.generation):
                    return False
                progress.advance(line.content, line.end)
                progress.save(self._queue.progress_path)
                any_answered = True
            if line.call is not None and not is_obsolete:
                earlier.add(line.call)
        return any_answered

    def _process(
        self, line: Line, is_obsolete: bool, earlier: EarlierCalls, generation: int
    ) -> bool:
        """Sends, drops or sets aside a line. Whether that is done: if not, the result says why."""
        if self._until is not None and time.monotonic() > self._until:
            self._result.why = Away("there was no time for more")
            return False
        call = line.call
        place = f"{generation}:{line.start}"
        if call is None:
            self._set_aside(line.text, place)
            return True
        if is_obsolete:
            self._result.dropped += 1
            return True
        try:
            answer = deliver(self._send, earlier.timed(call))
        except Away as away:
            self._result.why = away
            return False
        self._result.sent += 1
        if self._own == (generation, line.start):
            self._result.answer = answer
        elif not answer.ok and not is_already_done(call, answer):
            fields: RejectedCall = {
                "place": place,
                "ts": call.ts,
                "method": call.method,
                "path": call.path,
                "body": call.body,
            }
            self._reject(fields, answer.status, answer.json)
        return True

    def _set_aside(self, text: bytes, place: str) -> None:
        """A line that is not a call, or one of a shell client that is not sent."""
        shown = text.decode("utf-8", "replace").strip()
        if not shown:
            return
        fields = loads_or_none(text)
        why = NOT_A_CALL
        if isinstance(fields, dict) and isinstance(fields.get("line"), str):
            shown, why = fields["line"], str(fields.get("why"))
        if why == NOT_A_CALL:
            detail = (
                f"This line {why}. If its process died while it wrote it, nothing was promised."
            )
        else:
            detail = f"This line of a shell client is not sent: {why}."
        self._reject({"place": place, "line": shown}, None, {"detail": detail})

    def _reject(self, fields: RejectedCall, status: int | None, answer: object) -> None:
        with self._queue.file_lock():
            rejected = self._queue.rejected_calls.add(fields, status, answer)
        if rejected is not None:
            self._result.rejected.append(rejected)
