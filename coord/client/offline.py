"""The offline queue: writes that could not be sent, kept in a file until coord has answered each of them exactly once.

The file is `.claude/coord-queue.jsonl`, a line a call: `{"ts", "method", "path", "body"}`, also written by shell clients. It only grows until
all of it is answered, and then goes; how far it is answered stands beside it, in `coord-queue.state.json`. So there is no moment at which a
killed process loses a call, and a call that was sent by a process that died before it could note that is sent again: with the same `id`,
which makes the two one. Calls that coord refused (4xx) go to `coord-queue.rejected.jsonl` with the answer; how far they were reported
stands in `coord-queue.reported.json`.

A shell client takes no lock, and removes the file when its own loop has come to the end. So the file has a second name from its first line
on, `coord-queue.kept.1.jsonl`: what is removed under the one is still there under the other, and so is what a shell adds to a file that it
opened before it went. The next file is `kept.2`. A kept file goes a minute after all of it was answered.

Two locks: one for the files, held for moments, and one for who replays, held while calls are on their way. Who only queues never waits for
the network. docs/design.md has the argument why nothing is lost or doubled.
"""

from __future__ import annotations

import os
import time
from binascii import crc32

from coord.client.lean import dumps, loads
from coord.client.locked import Busy, Locked, read, remove, replace, sync_folder, write_whole
from coord.client.wire import Answer, Away, quote, safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Place = tuple[int, int]

BASE = "/api/coord"
MOST_BYTES = 16 * 1024 * 1024  # waiting calls: some 50,000, weeks of work
MOST_REJECTED_BYTES = 4 * 1024 * 1024  # the older half goes when there are more: they were answered, and reported once
FILE_LOCK_S = 5.0  # it is held for milliseconds, so this is a stopped process or a dead file server
TORN_AFTER_S = 1.0  # shells write long lines in pieces, microseconds apart: an unfinished one that rests so long will stay so
KEPT_S = 60.0  # how long a shell may have the file open before it writes to it
LARGEST_STEP_S = 300.0  # by which a clock that was put right may lie behind the line before; coord lets no more through either
DEFAULT_TTL_HOURS = 2.0  # what the server gives a claim that names none
CREATES = {f"{BASE}/locks": "id", f"{BASE}/workflows": "id", f"{BASE}/work-items": "id", f"{BASE}/messages": "id"}
CREATES[f"{BASE}/work-items/claim"] = "claim_id"
METHODS = ("POST", "PUT", "PATCH", "DELETE")


class QueueFull(Exception):
    """More calls wait than are kept: this one is not kept. Nothing that was kept is given up for it."""


class Call:
    """A write. `ts`: when it was decided, UTC. `body`: None where it has none."""

    __slots__ = ("body", "method", "path", "ts")

    def __init__(self, method: str, path: str, body: dict[str, Any] | None = None, ts: str | None = None) -> None:
        self.method = method
        self.path = path
        self.body = body
        self.ts = timestamp(time.time()) if ts is None else ts

    def line(self) -> bytes:
        told = {"ts": self.ts, "method": self.method, "path": self.path, "body": self.body}
        return dumps(told).encode("utf-8", "replace") + b"\n"

    @property
    def values(self) -> dict[str, Any]:
        """What it names, in its query or its body."""
        found: dict[str, Any] = {}
        for pair in self.path.partition("?")[2].split("&"):
            name, equals, value = pair.partition("=")
            if equals:
                found[name] = unquote(value)
        return {**found, **(self.body or {})}

    @property
    def route(self) -> str:
        return self.path.partition("?")[0]

    @property
    def session(self) -> str | None:
        values = self.values
        named = (values.get(name) for name in ("session_id", "from_session", "updated_by", "created_by"))
        return next((str(name) for name in named if name), None)


def timestamp(seconds: float) -> str:
    """ISO 8601 UTC with microseconds and Z."""
    micros = round(seconds * 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(micros // 1_000_000))}.{micros % 1_000_000:06d}Z"


def seconds_of(ts: str) -> float | None:
    """What `timestamp` made, or a shell's `date -u +%FT%TZ` or `date -Is`; None when it is none of them. `time.strptime` would cost a hook
    4 ms."""
    told = ts.rstrip("Z")
    offset = 0.0
    if told[-3:-2] == ":" and told[-6:-5] in ("+", "-"):
        told, zone = told[:-6], told[-6:]
        if not (zone[1:3] + zone[4:]).isdecimal():
            return None
        offset = (int(zone[1:3]) * 3600 + int(zone[4:]) * 60) * (-1 if zone[0] == "-" else 1)
    whole, dot, fraction = told[:19], told[19:20], told[20:]
    numbers = whole[:4] + whole[5:7] + whole[8:10] + whole[11:13] + whole[14:16] + whole[17:19] + fraction
    if len(whole) != 19 or whole[4::3] != "--T::" or dot not in ("", ".", ",") or not (numbers.isascii() and numbers.isdecimal()):
        return None
    year, month, day = int(whole[:4]), int(whole[5:7]), int(whole[8:10])
    of_day = int(whole[11:13]) * 3600 + int(whole[14:16]) * 60 + int(whole[17:19]) + (float(f"0.{fraction}") if fraction else 0.0)
    if not (1 <= month <= 12 and 1 <= day <= 31 and of_day < 86401):
        return None
    year -= month <= 2  # of a calendar whose year begins in March, so that the odd day is its last
    days = year * 365 + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (days - 719468) * 86400 + of_day - offset


def decided_at(ts: str) -> float | None:
    """The latest moment that a line's time may mean. A shell's clock has whole seconds, and nothing that the line is to undo happened after
    it: had it the beginning of its second, it would spare what happened earlier in that second."""
    at = seconds_of(ts)
    return at + 0.999999 if at is not None and "." not in ts and "," not in ts else at


def unquote(text: str) -> str:
    parts = text.replace("+", " ").split("%")
    found = parts[0].encode("utf-8", "replace")
    for part in parts[1:]:
        try:
            found += bytes([int(part[:2], 16)]) + part[2:].encode("utf-8", "replace")
        except ValueError:
            found += b"%" + part.encode("utf-8", "replace")
    return found.decode("utf-8", "replace")


def new_id() -> str:
    """A UUIDv7: it sorts by the time at which it was made."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Replayed:
    """What a replay did. `left`: how many calls still wait, `why`: the reason. `rejected`: calls refused, with their answers.

    `answer`: coord's to the call that the caller asked about. `dropped`: claims that no longer matter. `busy`: another process replays.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.dropped = 0
        self.rejected: list[dict[str, Any]] = []
        self.left = 0
        self.why: Away | None = None
        self.answer: Answer | None = None
        self.busy = False


class Queue:
    """The calls that wait in one file. All methods may be called by several processes at once; all raise OSError when the file is not to be
    read or written."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)  # what a link leads to is what shells write to, and what goes
        stem = self.path[: -len(".jsonl")] if self.path.endswith(".jsonl") else self.path
        self.rejected_path = f"{stem}.rejected.jsonl"
        self._kept_prefix = f"{stem}.kept."
        self._state_path = f"{stem}.state.json"
        self._reported_path = f"{stem}.reported.json"
        self._file_lock = f"{stem}.lock"
        self._replay_lock = f"{stem}.replay.lock"

    # --- its files ---------------------------------------------------------------------------------------------------------------

    def _kept(self, number: int) -> str:
        return f"{self._kept_prefix}{number}.jsonl"

    def _numbers(self) -> list[int]:
        folder, prefix = os.path.split(self._kept_prefix)
        try:
            names = os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        begin, end = len(prefix), -len(".jsonl")
        found = [name[begin:end] for name in names if name.startswith(prefix) and name.endswith(".jsonl")]
        return sorted(int(number) for number in found if number.isascii() and number.isdecimal())

    def _files(self) -> list[tuple[int, str]]:
        """Every file in which calls may wait, by its number, oldest first. The one that has no second name (yet) is the last."""
        files: list[tuple[int, str]] = []
        seen: list[os.stat_result] = []
        numbers = self._numbers()
        for number, path in [*((number, self._kept(number)) for number in numbers), (max(numbers, default=0) + 1, self.path)]:
            there = _stat(path)
            if there is not None and not any(_same(there, each) for each in seen):
                seen.append(there)
                files.append((number, path))
        return files

    def _keep(self) -> list[tuple[int, str]]:
        """Gives the file its second name; `_files` then. With the lock of the files. Where there are no hard links it stays with one."""
        files = self._files()
        if files and files[-1][1] == self.path:
            number = files[-1][0]
            try:
                os.link(self.path, self._kept(number))
            except OSError:
                return self._files()
            sync_folder(self.path)
            return self._files()
        return files

    # --- queueing ----------------------------------------------------------------------------------------------------------------

    def append(self, call: Call) -> Place:
        """Keeps the call, on the disk when this returns; its place in the queue. Raises QueueFull and Busy.

        The call gets the time that its line has: never before that of the line before it, so that what is newer in the queue is newer for
        coord too, when the clock was put back in between.
        """
        with Locked(self._file_lock, FILE_LOCK_S):
            if self._waiting_bytes() > MOST_BYTES:
                raise QueueFull(
                    f"{MOST_BYTES >> 20} MiB of calls wait in {self.path}, and none is given up for another: this one was NOT kept. "
                    f"Run `coord sync` when coord is back, or see `coord queue`."
                )
            while True:
                place = self._append(call)
                if place is not None:
                    return place

    def _append(self, call: Call) -> Place | None:
        """None when a shell client took the file away in that moment, and it had no second name yet."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        file = os.open(self.path, flags, 0o666)
        try:
            opened = os.fstat(file)
            number, path = next(((number, path) for number, path in self._keep() if _same(opened, _stat(path))), (0, ""))
            if not number:
                return None
            start = self._write(file, call)
            return (number, start) if path != self.path or _same(opened, _stat(path)) else None
        finally:
            os.close(file)

    def _write(self, file: int, call: Call) -> int:
        """At the end of the file, which is left as it was when the disk is full; where the line begins."""
        end, torn = _end(file)
        _not_before(call, _last_line(file, end))
        timed = observed(call)
        call.path, call.body = timed.path, timed.body
        line = call.line()
        content = b"\n" + line if torn else line
        written = 0
        try:
            while written < len(content):
                written += os.write(file, content[written:])
            start = os.lseek(file, 0, os.SEEK_CUR) - len(line)
            os.fsync(file)
        except OSError:
            at = os.lseek(file, 0, os.SEEK_CUR)
            if written and os.fstat(file).st_size == at:
                os.ftruncate(file, at - written)
            raise
        if not end:
            sync_folder(self.path)
        return start

    def _waiting_bytes(self) -> int:
        sizes = [(number, _size(path)) for number, path in self._files()]
        if sum(size for _, size in sizes) <= MOST_BYTES:
            return 0
        state = _State.load(self._state_path)
        return sum(size - min(size, state.done(number)) for number, size in sizes)

    # --- looking -----------------------------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, as a look at the disk tells. Removes what was kept for a while after all was answered."""
        files = [(number, path, _size(path)) for number, path in self._files()]
        if not any(size for _, _, size in files):
            return True
        state = _State.load(self._state_path)
        if any(size > state.done(number) or size > state.within(number, read(path)) for number, path, size in files):
            return False
        if any(_rests(path, KEPT_S) for _, path, _ in files):
            self._sweep()
        return True

    def waiting(self) -> list[Call]:
        """The calls that wait, oldest first; lines that are none are left out."""
        state = _State.load(self._state_path)
        contents = [(number, read(path)) for number, path in self._files()]
        return [call for number, content in contents for _, _, call in _lines(content, state.within(number, content)) if call is not None]

    def rejected(self) -> list[dict[str, Any]]:
        """The calls that were refused, oldest first: `{"place", "ts", "method", "path", "body", "rejected_at", "status", "answer"}`; what is
        not a call has `line` instead of the four."""
        return [told for told in map(_json, read(self.rejected_path).splitlines()) if isinstance(told, dict)]

    def unreported(self) -> list[dict[str, Any]]:
        """Refused calls that nobody was told of yet; each is given to one caller, once."""
        if not _size(self.rejected_path):
            return []
        with Locked(self._file_lock, FILE_LOCK_S):
            content = read(self.rejected_path)
            begin = _furthest(self._reported(), content)
            if begin == len(content):
                return []
            write_whole(self._reported_path, dumps([_mark(content)]).encode())
        return [told for told in map(_json, content[begin:].splitlines()) if isinstance(told, dict)]

    def _reported(self) -> list[Any]:
        told = _json(read(self._reported_path))
        return told if isinstance(told, list) else []

    def forget_rejected(self) -> None:
        """Removes the list of refused calls, as somebody does who has seen to them."""
        with Locked(self._file_lock, FILE_LOCK_S):
            remove(self.rejected_path)
            remove(self._reported_path)

    # --- replaying ---------------------------------------------------------------------------------------------------------------

    def replay(
        self,
        send: Callable[[Call], Answer],
        *,
        own: Place | None = None,
        seconds: float = 0.0,
        until: float | None = None,
        done: Replayed | None = None,
    ) -> Replayed:
        """Sends what waits, in order, until the first that coord does not answer. `send` raises Away. What is done is added to `done`.

        `own`: the place of a call of the caller's, whose answer it wants itself. `seconds`: how long to wait for another process that
        replays. `until`: a `time.monotonic()` after which no further call is begun.
        """
        done = done or Replayed()
        if done.why is None:
            try:
                with Locked(self._replay_lock, seconds):
                    while self._replay(send, own, until, done):
                        pass
            except Busy:
                done.busy = True
        if done.why is not None or done.busy:
            done.left += self._count()
        return done

    def _count(self) -> int:
        """How many lines wait. Reading what they say would take a hook longer than all else when there are thousands."""
        state = _State.load(self._state_path)
        left = 0
        for number, path in self._files():
            content = read(path)
            begin = state.within(number, content)
            left += content.count(b"\n", begin) + (begin < len(content) and not content.endswith(b"\n"))
        return left

    def is_answered(self, place: Place) -> bool:
        """Whether the call that `append` put there was answered."""
        number, start = place
        path = dict(self._files()).get(number)
        return path is None or _State.load(self._state_path).done(number) > start

    def _replay(self, send: Callable[[Call], Answer], own: Place | None, until: float | None, done: Replayed) -> bool:
        """Sends the lines that are there now. Whether there may be more: others queue at the same time."""
        with Locked(self._file_lock, FILE_LOCK_S):
            contents = [(number, path, read(path)) for number, path in self._keep()]
            state = _State.load(self._state_path)
            begins = {number: state.begin(number, content) for number, _, content in contents}
            if all(begins[number] == len(content) for number, _, content in contents):
                return self._finish(state)
            state.save(self._state_path)  # before anything is sent: it fails where what becomes of it could not be noted
        lines = []
        for number, _, content in contents:
            begin = begins[number]  # what stands before it was told apart without what stands behind it
            lines += [_Line(number, content, *each) for part, at in ((content[:begin], 0), (content, begin)) for each in _lines(part, at)]
        paths = {number: path for number, path, _ in contents}
        moot = no_longer_matter([line.call for line in lines])
        before = _Before()
        any_done = False
        for line, is_moot in zip(lines, moot):
            if line.start >= begins[line.number]:
                if until is not None and time.monotonic() > until:
                    done.why = Away("there was no time for more")
                    return False
                if line.is_unfinished and not _rests(paths[line.number], TORN_AFTER_S):
                    continue
                try:
                    self._settle(line, send, own, done, is_moot, before)
                except Away as away:
                    done.why = away
                    return False
                state.advance(line.number, line.content, line.end)
                state.save(self._state_path)
                any_done = True
            if line.call is not None and not is_moot:
                before.note(line.call)
        return any_done

    def _settle(
        self, line: _Line, send: Callable[[Call], Answer], own: Place | None, done: Replayed, is_moot: bool, before: _Before
    ) -> None:
        """Does with a line what is to be done. Raises Away."""
        call = line.call
        place = f"{line.number}:{line.start}"
        if call is None:
            text = line.text.decode("utf-8", "replace").strip()
            if text:
                detail = "This line is not a call that could be sent. If its process died while it wrote it, nothing was promised."
                self._reject(done, {"place": place, "line": text}, None, {"detail": detail})
        elif is_moot:
            done.dropped += 1
        else:
            answer = delivered(send, before.timed(completed(call, f"{self.path}:{place}:", line.text)))
            done.sent += 1
            if own == (line.number, line.start):
                done.answer = answer
            elif not answer.ok and not _is_done(call, answer):
                told = {"place": place, "ts": call.ts, "method": call.method, "path": call.path, "body": call.body}
                self._reject(done, told, answer.status, answer.json)

    def _reject(self, done: Replayed, told: dict[str, Any], status: int | None, answer: Any) -> None:
        """Sets a refused call aside. Not twice: a process may have died after it did and before it noted that."""
        with Locked(self._file_lock, FILE_LOCK_S):
            content = read(self.rejected_path)
            before = _json(content.rstrip(b"\n").rpartition(b"\n")[2])
            if isinstance(before, dict) and all(before.get(name) == value for name, value in told.items()):
                return
            told = {**told, "rejected_at": timestamp(time.time()), "status": status, "answer": answer}
            line = dumps(told).encode("utf-8", "replace") + b"\n"
            with open(self.rejected_path, "ab") as file:
                file.write(line if content.endswith(b"\n") or not content else b"\n" + line)
                file.flush()
                os.fsync(file.fileno())
            done.rejected.append(told)
            if _size(self.rejected_path) > MOST_REJECTED_BYTES:
                self._halve_rejected()

    def _halve_rejected(self) -> None:
        content = read(self.rejected_path)
        last = content[:-1].rfind(b"\n") + 1
        cut = min(content.index(b"\n", len(content) // 2) + 1, last)
        kept = content[cut:]
        reported = max(0, _furthest(self._reported(), content) - cut)
        write_whole(self._reported_path, dumps([*self._reported(), _mark(kept[:reported])]).encode())
        write_whole(self.rejected_path, kept)

    def _finish(self, state: _State) -> bool:
        """Everything is answered: the file goes, and is kept a while under its second name. Whether something came in that moment."""
        files = self._files()
        there = _stat(self.path)
        if there is None:
            self._remove_rested(files, state)
            return False
        path = next(path for _, path in files if _same(there, _stat(path)))
        free = max(number for number, _ in files) + (path != self.path)
        try:
            os.utime(path)
            replace(self.path, self._kept(free))  # whatever a shell has put under this name by now
        except OSError:
            return False  # it stays, and is answered all the same
        self._files_once()
        return any(_size(path) > state.done(number) for number, path in self._files())

    def _files_once(self) -> None:
        """Of two numbers for one file the later goes."""
        seen: list[os.stat_result] = []
        for number in self._numbers():
            there = _stat(self._kept(number))
            if any(_same(each, there) for each in seen):
                remove(self._kept(number))
            elif there is not None:
                seen.append(there)

    def _sweep(self) -> None:
        try:
            with Locked(self._file_lock, 0.0):
                self._remove_rested(self._files(), _State.load(self._state_path))
        except (OSError, Busy):
            pass  # somebody else, some other time

    def _remove_rested(self, files: list[tuple[int, str]], state: _State) -> None:
        """Removes the oldest files, up to the first that may still be written to."""
        if _stat(self.path) is not None:
            return  # its number, while it has no second name, is that after the last
        for number, path in files:
            content = read(path)
            if state.within(number, content) != len(content) or not _rests(path, KEPT_S):
                return
            remove(path)
        remove(self._state_path)


class _State:
    """How far each file is answered: so many bytes, whose checksum is this."""

    def __init__(self, marks: dict[int, tuple[int, int]]) -> None:
        self._marks = marks

    @classmethod
    def load(cls, path: str) -> _State:
        told = _json(read(path))
        marks = {}
        for number, mark in told.items() if isinstance(told, dict) else ():
            if number.isascii() and number.isdecimal() and _is_mark(mark):
                marks[int(number)] = (mark[0], mark[1])
        return cls(marks)

    def save(self, path: str) -> None:
        write_whole(path, dumps(self._marks).encode())

    def done(self, number: int) -> int:
        return self._marks.get(number, (0, 0))[0]

    def within(self, number: int, content: bytes) -> int:
        """How much of this content is answered: nothing when it is not the file that was, as when somebody began it anew."""
        return _furthest([self._marks.get(number)], content)

    def begin(self, number: int, content: bytes) -> int:
        """The same, noted."""
        done = self.within(number, content)
        if not done:
            self._marks[number] = (0, 0)
        return done

    def advance(self, number: int, content: bytes, end: int) -> None:
        done, crc = self._marks[number]
        self._marks[number] = (end, crc32(content[done:end], crc))


def _mark(content: bytes) -> tuple[int, int]:
    return len(content), crc32(content)


def _furthest(marks: Any, content: bytes) -> int:
    """The most of this content that one of the marks stands for."""
    found = 0
    for mark in marks:
        if _is_mark(mark) and found < mark[0] <= len(content) and crc32(content[: mark[0]]) == mark[1]:
            found = mark[0]
    return found


def _is_mark(told: Any) -> bool:
    return isinstance(told, (list, tuple)) and len(told) == 2 and all(type(each) is int for each in told)


class _Line:
    """A line of a queue, or a call of several that stand in one. `is_unfinished`: it may be written just now."""

    __slots__ = ("call", "content", "end", "number", "start")

    def __init__(self, number: int, content: bytes, start: int, end: int, call: Call | None) -> None:
        self.number = number
        self.content = content
        self.start = start
        self.end = end
        self.call = call

    @property
    def text(self) -> bytes:
        return self.content[self.start : self.end]

    @property
    def is_unfinished(self) -> bool:
        return self.call is None and self.end == len(self.content) and not self.content.endswith(b"\n")


def _lines(content: bytes, begin: int) -> Iterator[tuple[int, int, Call | None]]:
    """Each line's begin and end, and its call. A last line without its end counts when it is a whole call. A line in which a process died
    may have the next one's behind it: what can be told apart is."""
    while begin < len(content):
        end = content.find(b"\n", begin) + 1 or len(content)
        line = content[begin:end]
        call = _call(line)
        if call is None and line.strip():
            yield from _pieces(line, begin)
        else:
            yield begin, end, call
        begin = end


def _pieces(line: bytes, begin: int) -> Iterator[tuple[int, int, Call | None]]:
    """The calls in a line that is none, and what is between them. Where the line holds no call it is one piece."""
    at = rest = 0
    while True:
        at = line.find(b'{"', at)
        if at < 0:
            break
        if line[at : at + 9].startswith((b'{"ts"', b'{"method"', b'{"path"', b'{"body"')):
            end = _whole_object(line, at)
            call = _call(line[at:end]) if end else None
            if call is not None:
                if line[rest:at].strip():
                    yield begin + rest, begin + at, None
                    rest = at
                after = end if line[end:].strip() else len(line)
                yield begin + rest, begin + after, call
                at = rest = after
                continue
        at += 2
    if rest < len(line):
        yield begin + rest, begin + len(line), None


def _whole_object(line: bytes, begin: int) -> int:
    """Where the JSON object ends that begins here; 0 when it does not."""
    import json

    text = line[begin:].decode("utf-8", "surrogateescape")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return 0
    return begin + len(text[:end].encode("utf-8", "surrogateescape"))


def _call(line: bytes) -> Call | None:
    told = _json(line)
    if not isinstance(told, dict):
        return None
    method, path, body, ts = (told.get(name) for name in ("method", "path", "body", "ts"))
    if method not in METHODS or not isinstance(path, str) or not path.startswith(f"{BASE}/"):
        return None
    if not (body is None or isinstance(body, dict)):
        return None
    return Call(method, safe(path), body, ts if isinstance(ts, str) else "")


def _end(file: int) -> tuple[int, bool]:
    """Where the file ends, and whether in the middle of a line. A shell may be writing that: it gets the time for it."""
    waited = 0.0
    while True:
        end = os.fstat(file).st_size
        if not end or _read_at(file, end - 1, end) == b"\n":
            return end, False
        if waited >= TORN_AFTER_S or time.time() - os.fstat(file).st_mtime >= TORN_AFTER_S or _call(_last_line(file, end)) is not None:
            return end, True
        time.sleep(0.01)
        waited += 0.01


def _last_line(file: int, end: int) -> bytes:
    found = b""
    while end > 0:
        begin = max(0, end - 65536)
        found = _read_at(file, begin, end) + found
        last = found.rstrip(b"\n").rfind(b"\n")
        if last >= 0:
            return found[last + 1 :]
        end = begin
    return found


def _read_at(file: int, begin: int, end: int) -> bytes:
    os.lseek(file, begin, os.SEEK_SET)
    return os.read(file, end - begin)


def _not_before(call: Call, line: bytes) -> None:
    """Gives the call the time of the line before it when its own is before that."""
    last = _call(line)
    before, own = decided_at(last.ts) if last is not None else None, seconds_of(call.ts)
    if before is not None and own is not None and own < before < own + LARGEST_STEP_S:
        call.ts = timestamp(before)


def completed(call: Call, where: str, line: bytes) -> Call:
    """With what makes it safe to send twice and late, where a shell client left that out: an id that this very line will always get, and
    when it was decided."""
    body = call.body
    name = CREATES.get(call.route) if call.method == "POST" else None
    if name is not None and not (body or {}).get(name):
        import uuid

        body = {**(body or {}), name: str(uuid.uuid5(uuid.NAMESPACE_URL, f"coord-queue:{where}{line.strip().decode('utf-8', 'replace')}"))}
    return observed(Call(call.method, call.path, body, call.ts))


def observed(call: Call) -> Call:
    """With the time at which it was decided, where that keeps it from undoing something newer. A line without a time stays as it is.

    Only what was queued has it: a call that coord answers at once is judged by coord's clock, since those of workstations differ.
    """
    kind = call.route[len(BASE) :]
    by_time = {
        "POST": kind == "/locks",
        "PUT": kind.startswith("/components"),
        "PATCH": kind.startswith(("/locks/", "/work-items/", "/workflows/")),
        "DELETE": kind.startswith(("/locks", "/components/")),
    }
    return _timed(call) if by_time.get(call.method) else call


def _timed(call: Call) -> Call:
    at = decided_at(call.ts)
    if not at or call.values.get("observed_at"):
        return call
    if call.method == "DELETE" and not call.body:
        mark = "&" if "?" in call.path else "?"
        return Call(call.method, f"{call.path}{mark}observed_at={quote(timestamp(at))}", call.body, call.ts)
    return Call(call.method, call.path, {**(call.body or {}), "observed_at": timestamp(at)}, call.ts)


class _Before:
    """The sessions of which calls stand in the queue before a call.

    The end of a session has the time at which it was decided, so that a session that has come back stays. But coord sees a session when its
    calls come, also those that have waited: behind such a call the end goes without a time, else it would be older than that.
    """

    def __init__(self) -> None:
        self._seen: set[str | None] = set()

    def note(self, call: Call) -> None:
        self._seen.add(call.session)

    def timed(self, call: Call) -> Call:
        ends = call.method == "DELETE" and call.route == f"{BASE}/sessions"
        return _timed(call) if ends and call.session not in self._seen else call


def without_time(call: Call) -> Call | None:
    """The call without the time that `observed` gave it; None when it has none of that kind."""
    at = decided_at(call.ts)
    if not at:
        return None
    given = timestamp(at)
    if call.body and call.body.get("observed_at") == given:
        return Call(call.method, call.path, {name: value for name, value in call.body.items() if name != "observed_at"}, call.ts)
    route, _, asked = call.path.partition("?")
    pairs = asked.split("&")
    left = [pair for pair in pairs if pair != f"observed_at={quote(given)}"]
    return Call(call.method, f"{route}?{'&'.join(left)}" if left else route, call.body, call.ts) if left != pairs else None


def no_longer_matter(calls: list[Call | None]) -> list[bool]:
    """Which of the calls are claims that were released later in the queue, or have ended by themselves: nobody works under them any more."""
    released: set[tuple[str, ...]] = set()
    moot = [False] * len(calls)
    for nth in range(len(calls) - 1, -1, -1):
        call = calls[nth]
        if call is None:
            continue
        if call.method == "DELETE":
            released |= _releases(call)
        elif call.method == "POST" and call.route == f"{BASE}/locks":
            moot[nth] = _has_ended(call) or _is_released(call.values, released)
    return moot


def _has_ended(claim: Call) -> bool:
    at, hours = decided_at(claim.ts), claim.values.get("ttl_hours")
    if not isinstance(hours, (int, float)) or isinstance(hours, bool):
        hours = DEFAULT_TTL_HOURS
    return at is not None and hours > 0 and at + hours * 3600 < time.time()


def _releases(call: Call) -> set[tuple[str, ...]]:
    """What a DELETE releases, as `_is_released` looks for it."""
    values = call.values
    session, project = _name(values.get("session_id")), _name(values.get("project_key"))
    if call.route.startswith(f"{BASE}/locks/"):
        return {("id", unquote(call.route[len(f"{BASE}/locks/") :]).lower())}
    if call.route == f"{BASE}/sessions":
        return {("all", session, _name(None))}
    if call.route == f"{BASE}/locks" and str(values.get("release_all")).lower() in ("true", "1"):
        return {("all", session, project)}
    if call.route == f"{BASE}/locks":
        return {("name", session, project, _name(values.get("resource")))}
    return set()


def _is_released(claim: dict[str, Any], released: set[tuple[str, ...]]) -> bool:
    session, project = _name(claim.get("session_id")), _name(claim.get("project_key"))
    if {("id", str(claim.get("id")).lower()), ("all", session, _name(None)), ("all", session, project)} & released:
        return True
    resources = claim.get("resources")
    if not isinstance(resources, list) or not resources:
        resources = [claim.get("resource")]
    return all(("name", session, project, _name(resource)) in released for resource in resources)


def _name(value: object) -> str:
    """To compare what may be anything: a line of a shell client says what it likes."""
    return repr(value)


def delivered(send: Callable[[Call], Answer], call: Call) -> Answer:
    """The answer to a call that has waited. Raises Away, also when not coord answers, or when it lets none of our calls in.

    A coord that does not know, or does not believe, when it was decided gets it without that: it is delivered all the same.
    """
    answer = _sent(send, call)
    if answer.status == 422 and "observed_at" in (answer.json.get("errors") or ()):
        bare = without_time(call)
        if bare is not None:
            return _sent(send, bare)
    return answer


def _sent(send: Callable[[Call], Answer], call: Call) -> Answer:
    answer = send(call)
    if not answer.is_coords:
        raise Away(f"something that is not coord answers {answer.status} at its address")
    if answer.status == 403 and answer.error == "forbidden":
        raise Away(f"coord refuses all calls from here: {answer.json.get('detail')}")
    return answer


def _is_done(call: Call, answer: Answer) -> bool:
    """Whether a refusal says that there is nothing to do: what the call takes back is not there, or was taken up again since; what it sets was
    set by its first try."""
    if call.method == "DELETE" and answer.status == 404:
        return True
    if answer.status != 409 or answer.error != "superseded":
        return False
    if call.method == "DELETE":
        return call.route.startswith((f"{BASE}/locks", f"{BASE}/sessions"))
    now = next((value for value in answer.json.values() if isinstance(value, dict)), {})
    return all(now.get(name) == value for name, value in (call.body or {}).items() if name in now and name != "observed_at")


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _same(one: os.stat_result, other: os.stat_result | None) -> bool:
    return other is not None and (one.st_ino, one.st_dev) == (other.st_ino, other.st_dev)


def _size(path: str) -> int:
    there = _stat(path)
    return there.st_size if there is not None else 0


def _rests(path: str, seconds: float) -> bool:
    """Whether nothing was written to the file for so long."""
    there = _stat(path)
    return there is not None and time.time() - there.st_mtime >= seconds


def _json(text: bytes) -> Any:
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return None
