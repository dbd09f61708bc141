"""Appending a line to a queue file to which shells append too."""

from __future__ import annotations

import os
import time

from coord.client.locked import sync_folder
from coord.client.queue.late import with_observed_at
from coord.client.queue.lines import parse_call
from coord.client.queue.times import decided_at, seconds_of, timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.queue.call import Call

TORN_AFTER_S = 1.0  # shells write long lines in pieces, microseconds apart: an unfinished one that rests so long stays so
MAX_STEP_S = 300.0  # by which a clock that was put right may lie behind the line before; coord lets no more through either
_BLOCK = 65536


def open_for_append(path: str) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o666)


def append_line(file: int, path: str, call: Call) -> int:
    """Where the line begins. The call gets the time and the fields that its line has.

    When the disk is full the file is left as it was, and OSError is raised.
    """
    end, torn = _end(file)
    _not_before(call, _last_line(file, end))
    timed = with_observed_at(call)
    call.path, call.body = timed.path, timed.body
    line = call.line()
    start = _write_whole(file, b"\n" + line if torn else line) - len(line)
    if not end:
        sync_folder(path)
    return start


def _write_whole(file: int, content: bytes) -> int:
    """Where the file ends then."""
    written = 0
    try:
        while written < len(content):
            written += os.write(file, content[written:])
        end = os.lseek(file, 0, os.SEEK_CUR)
        os.fsync(file)
    except OSError:
        at = os.lseek(file, 0, os.SEEK_CUR)
        if written and os.fstat(file).st_size == at:
            os.ftruncate(file, at - written)
        raise
    return end


def _end(file: int) -> tuple[int, bool]:
    """Where the file ends, and whether in the middle of a line. A shell may be writing that: it gets the time for it."""
    waited = 0.0
    while True:
        end = os.fstat(file).st_size
        if not end or _read_at(file, end - 1, end) == b"\n":
            return end, False
        rested = waited >= TORN_AFTER_S or time.time() - os.fstat(file).st_mtime >= TORN_AFTER_S
        if rested or parse_call(_last_line(file, end)) is not None:
            return end, True
        time.sleep(0.01)
        waited += 0.01


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
