"""The calls of a queue that coord refused, with its answers, and which of them were reported."""

from __future__ import annotations

import time

from coord.client.lean import dumps, encoded, loads_or_none
from coord.client.queue.progress import furthest_mark, mark_of
from coord.client.queue.times import timestamp
from coord.client.safe_files import append, read, remove, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    RejectedCall = dict[str, Any]
    """`{"place", "ts", "method", "path", "body", "rejected_at", "status", "answer"}`; what is not a
    call has `line` instead of the four.
    """

# beyond that the older half goes: it was answered, and reported once
MAX_REJECTED_BYTES = 4 * 1024 * 1024


class RejectedCalls:
    """The list of refused calls.

    Whoever changes it or asks for what is unreported holds the queue's file lock.
    """

    def __init__(self, path: str, reported_path: str) -> None:
        self.path = path
        self._reported_path = reported_path

    def all(self) -> list[RejectedCall]:
        """Oldest first."""
        return _parse(read(self.path))

    def take_unreported(self) -> list[RejectedCall]:
        """Those that nobody was told of yet; each is given to one caller, once."""
        content = read(self.path)
        begin = furthest_mark(self._reported_marks(), content)
        if begin == len(content):
            return []
        write_whole(self._reported_path, encoded([mark_of(content)]))
        return _parse(content[begin:])

    def add(self, fields: RejectedCall, status: int | None, answer: object) -> RejectedCall | None:
        """Appends a refused call.

        None when it is there already: a process may have died after it did so and before it
        recorded that.
        """
        content = read(self.path)
        last = loads_or_none(content.rstrip(b"\n").rpartition(b"\n")[2])
        if isinstance(last, dict) and all(
            last.get(name) == value for name, value in fields.items()
        ):
            return None
        rejected = {
            **fields,
            "rejected_at": timestamp(time.time()),
            "status": status,
            "answer": answer,
        }
        line = dumps(rejected).encode("utf-8", "replace") + b"\n"
        append(self.path, line if content.endswith(b"\n") or not content else b"\n" + line)
        if len(content) + len(line) > MAX_REJECTED_BYTES:
            self._drop_older_half()
        return rejected

    def remove(self) -> None:
        remove(self.path)
        remove(self._reported_path)

    def _drop_older_half(self) -> None:
        content = read(self.path)
        last = content[:-1].rfind(b"\n") + 1
        cut = min(content.index(b"\n", len(content) // 2) + 1, last)
        kept = content[cut:]
        reported = max(0, furthest_mark(self._reported_marks(), content) - cut)
        marks = [*self._reported_marks(), mark_of(kept[:reported])]
        write_whole(self._reported_path, encoded(marks))
        write_whole(self.path, kept)

    def _reported_marks(self) -> list[object]:
        marks = loads_or_none(read(self._reported_path))
        return marks if isinstance(marks, list) else []


def _parse(content: bytes) -> list[RejectedCall]:
    return [
        fields for fields in map(loads_or_none, content.splitlines()) if isinstance(fields, dict)
    ]
