"""Appending to the queue's file, which only processes that hold its lock write to: on Windows
O_APPEND is a seek and a write, between which another may write (Microsoft's C runtime, `_write`).
"""

from __future__ import annotations

import os

from coord.client.queue.late import with_observed_at
from coord.client.queue.lines import parse_call
from coord.client.queue.times import decided_at, seconds_of, timestamp
from coord.client.safe_files import open_own, sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.queue.call import Call

# by which a clock that was put right may lie behind the line before; coord lets no more through
# either
MAX_STEP_S = 300.0
_BLOCK = 65536


def append_call(path: str, call: Call) -> int:
    """Where its line begins. The call gets the time and the fields that its line has.

    When the disk is full the file is left as it was, and OSError is raised.
    """
    file = open_own(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        end = os.fstat(file).st_size
        _not_before(call, _last_line(file, end))
        timed = with_observed_at(call)
        call.path, call.body = timed.path, timed.body
        line = call.line()
        return _append(file, end, line, path) - len(line)
    finally:
        os.close(file)


def append_lines(path: str, lines: bytes) -> None:
    """Raises OSError, and leaves the file as it was."""
    file = open_own(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        _append(file, os.fstat(file).st_size, lines, path)
    finally:
        os.close(file)


def _append(file: int, end: int, lines: bytes, path: str) -> int:
    """Where the file ends then. A line in which a process died keeps to itself."""
    torn = end > 0 and _read_at(file, end - 1, end) != b"\n"
    _write_whole(file, b"\n" + lines if torn else lines)
    if not end:
        sync_folder(path)
    return os.fstat(file).st_size


def _write_whole(file: int, content: bytes) -> None:
    written = 0
    try:
        while written < len(content):
            written += os.write(file, content[written:])
        os.fsync(file)
    except OSError:
        os.ftruncate(file, os.fstat(file).st_size - written)
        raise


def _last_line(file: int, end: int) -> bytes:
    tail = b""
    while end > 0:
        begin = max(0, end - _BLOCK)
        tail = _read_at(file, begin, end) + tail
        newline = tail.rstrip(b"\n").rfind(b"\n")
        if newline >= 0:
            return tail[newline + 1 :]
        end = begin
    return tail


def _read_at(file: int, begin: int, end: int) -> bytes:
    os.lseek(file, begin, os.SEEK_SET)
    return os.read(file, end - begin)


def _not_before(call: Call, line: bytes) -> None:
    """Gives the call the time of the line before it when its own is before that."""
    last = parse_call(line)
    before, own = decided_at(last.ts) if last is not None else None, seconds_of(call.ts)
    if before is not None and own is not None and own < before < own + MAX_STEP_S:
        call.ts = timestamp(before)
