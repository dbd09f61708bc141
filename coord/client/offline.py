"""The offline queue: writes that could not be sent, kept in a file until coord has answered each of them exactly once.

The file is `.claude/coord-queue.jsonl`, a line a call: `{"ts", "method", "path", "body"}`, also written by shell clients. It only grows until
all of it is answered, and then goes; how far it is answered stands beside it, in `coord-queue.state.json`. So there is no moment at which a
killed process loses a call, and a call that was sent by a process that died before it could note that is sent again: with the same `id`,
which makes the two one. Calls that coord refused (4xx) go to `coord-queue.rejected.jsonl` with the answer; how many of them were reported
stands in `coord-queue.reported.json`.

Two locks: one for the file, held for moments, and one for who replays, held while calls are on their way. Who only queues never waits for
the network.
"""

from __future__ import annotations

import json
import os
import time
from binascii import crc32

from coord.client.locked import Busy, Locked, read, remove, replace, write_whole
from coord.client.wire import Answer, Away

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

BASE = "/api/coord"
MOST_BYTES = 16 * 1024 * 1024  # waiting calls: some 50,000, weeks of work
MOST_REJECTED_BYTES = 4 * 1024 * 1024  # the older half goes when there are more: they were answered, and reported once
FILE_LOCK_S = 5.0  # it is held for milliseconds, so this is a stopped process or a dead file server
DEFAULT_TTL_HOURS = 2.0  # what the server gives a claim that names none
CREATES = {f"{BASE}/locks": "id", f"{BASE}/workflows": "id", f"{BASE}/work-items": "id", f"{BASE}/messages": "id"}
CREATES[f"{BASE}/work-items/claim"] = "claim_id"


class QueueFull(Exception):
    """More calls wait than are kept: this one is not kept. Nothing that was kept is given up for it."""


class Call:
    """A write. `ts`: when it was decided, UTC. `body`: None where it has none."""

    __slots__ = ("body", "method", "path", "ts")

    def __init__(self, method: str, path: str, body: dict[str, Any] | None = None, ts: str | None = None) -> None:
        self.method = method
        self.path = path
        self.body = body
        self.ts = ts or timestamp(time.time())

    def line(self) -> bytes:
        told = {"ts": self.ts, "method": self.method, "path": self.path, "body": self.body}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"

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
    whole = int(seconds)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((seconds - whole) * 1_000_000):06d}Z"


def seconds_of(ts: str) -> float | None:
    """What `timestamp` made, or a shell's `date -u +%FT%TZ`; None when it is neither. `time.strptime` would cost a hook 4 ms."""
    try:
        year, month, day = int(ts[:4]), int(ts[5:7]), int(ts[8:10])
        of_day = int(ts[11:13]) * 3600 + int(ts[14:16]) * 60 + int(ts[17:19]) + float(f"0{ts[19:].rstrip('Z') or '.0'}")
    except ValueError:
        return None
    if ts[4] + ts[7] + ts[10] + ts[13] + ts[16] != "--T::" or not (1 <= month <= 12 and 1 <= day <= 31 and of_day < 86401):
        return None
    year -= month <= 2  # of a calendar whose year begins in March, so that the odd day is its last
    days = year * 365 + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (days - 719468) * 86400 + of_day


def unquote(text: str) -> str:
    parts = text.replace("+", " ").split("%")
    found = parts[0].encode()
    for part in parts[1:]:
        try:
            found += bytes([int(part[:2], 16)]) + part[2:].encode()
        except ValueError:
            found += b"%" + part.encode()
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
        stem = path[: -len(".jsonl")] if path.endswith(".jsonl") else path
        self.path = path
        self.rejected_path = f"{stem}.rejected.jsonl"
        self._state_path = f"{stem}.state.json"
        self._reported_path = f"{stem}.reported.json"
        self._sent_path = f"{stem}.sent.jsonl"
        self._file_lock = f"{stem}.lock"
        self._replay_lock = f"{stem}.replay.lock"

    # --- queueing ----------------------------------------------------------------------------------------------------------------

    def append(self, call: Call) -> int:
        """Keeps the call, on the disk when this returns; its place in the file. Raises QueueFull and Busy."""
        with Locked(self._file_lock, FILE_LOCK_S):
            if self._waiting_bytes() > MOST_BYTES:
                raise QueueFull(
                    f"{MOST_BYTES >> 20} MiB of calls wait in {self.path}, and none is given up for another: this one was NOT kept. "
                    f"Run `coord sync` when coord is back, or see `coord queue`."
                )
            while True:
                place = self._write(call.line())
                if place is not None:
                    return place

    def _write(self, line: bytes) -> int | None:
        """At the end of the file; None when a shell client removed the file in that moment: its loop had read it before."""
        with open(self.path, "ab+") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":  # a process died in the middle of its line; it must not swallow this one
                    line = b"\n" + line
                    end += 1
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            try:
                there = os.stat(self.path)
            except FileNotFoundError:
                return None
            return end if _same(there, os.fstat(file.fileno())) else None

    def _waiting_bytes(self) -> int:
        try:
            size = os.stat(self.path).st_size
        except FileNotFoundError:
            return 0
        return size - _State.load(self._state_path).done if size > MOST_BYTES else size

    # --- looking -----------------------------------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, as a look at the disk tells; a queue that was answered but not yet removed counts as not empty."""
        return not (_size(self.path) or _size(self._sent_path))

    def waiting(self) -> list[Call]:
        """The calls that wait, oldest first; lines that are none are left out."""
        found = []
        for path in (self._sent_path, self.path):
            content = read(path)
            done = _State.load(self._state_path).within(content)
            found += [call for _, _, call in _lines(content, done) if call is not None]
        return found

    def rejected(self) -> list[dict[str, Any]]:
        """The calls that were refused, oldest first: `{"ts", "method", "path", "body", "rejected_at", "status", "answer"}`."""
        return [told for told in map(_json, read(self.rejected_path).splitlines()) if isinstance(told, dict)]

    def unreported(self) -> list[dict[str, Any]]:
        """Refused calls that nobody was told of yet; each is given to one caller, once."""
        if not _size(self.rejected_path):
            return []
        with Locked(self._file_lock, FILE_LOCK_S):
            content = read(self.rejected_path)
            begin = self._reported()
            write_whole(self._reported_path, b"%d" % len(content))
        return [told for told in map(_json, content[begin if begin <= len(content) else 0 :].splitlines()) if isinstance(told, dict)]

    def _reported(self) -> int:
        told = _json(read(self._reported_path))
        return told if isinstance(told, int) else 0

    def forget_rejected(self) -> None:
        """Removes the list of refused calls, as somebody does who has seen to them."""
        with Locked(self._file_lock, FILE_LOCK_S):
            remove(self._reported_path)
            remove(self.rejected_path)

    # --- replaying ---------------------------------------------------------------------------------------------------------------

    def replay(
        self,
        send: Callable[[Call], Answer],
        *,
        own: int | None = None,
        seconds: float = 0.0,
        until: float | None = None,
        done: Replayed | None = None,
    ) -> Replayed:
        """Sends what waits, in order, until the first that coord does not answer. `send` raises Away. What is done is added to `done`.

        `own`: the place of a call of the caller's, whose answer it wants itself. `seconds`: how long to wait for another process that
        replays. `until`: a `time.monotonic()` after which no further call is begun.
        """
        done = done or Replayed()
        try:
            with Locked(self._replay_lock, seconds):
                while any(self._replay_file(path, send, own, until, done) for path in (self._sent_path, self.path)):
                    pass
        except Busy:
            done.busy = True
        if done.why is not None or done.busy:
            done.left += len(self.waiting())
        return done

    def _replay_file(self, path: str, send: Callable[[Call], Answer], own: int | None, until: float | None, done: Replayed) -> bool:
        """Sends the lines that are there now. Whether there may be more: others queue at the same time."""
        if done.why is not None:
            return False
        with Locked(self._file_lock, FILE_LOCK_S):
            content = read(path)
            state = _State.load(self._state_path)
            state.done = state.within(content)
            if state.done == len(content):
                return bool(content) and not self._finish(path, state)
        lines = list(_lines(content, state.done))
        moot = no_longer_matter([call for _, _, call in lines])
        for nth, (start, end, call) in enumerate(lines):
            if until is not None and time.monotonic() > until:
                done.why = Away("there was no time for more")
                return False
            if call is None:
                self._reject_line(done, content[start:end].decode("utf-8", "replace").strip())
            elif moot[nth]:
                done.dropped += 1
            else:
                try:
                    answer = _sent(send, completed(call, content[start:end], start))
                except Away as away:
                    done.why = away
                    return False
                done.sent += 1
                if start == own and path == self.path:
                    done.answer = answer
                elif not answer.ok and not _is_done(call, answer):
                    told = {"ts": call.ts, "method": call.method, "path": call.path, "body": call.body}
                    self._reject(done, told, answer.status, answer.json)
            state.advance(content, end)
            state.save(self._state_path)
        return True

    def _reject_line(self, done: Replayed, line: str) -> None:
        if line:
            self._reject(
                done,
                {"line": line},
                None,
                {"detail": "This line is not a call. If its process died while it wrote it, nothing was promised."},
            )

    def _reject(self, done: Replayed, told: dict[str, Any], status: int | None, answer: Any) -> None:
        """Sets a refused call aside. Not twice: a process may have died after it did and before it noted that."""
        with Locked(self._file_lock, FILE_LOCK_S):
            last = read(self.rejected_path).rstrip(b"\n").rpartition(b"\n")[2]
            before = _json(last)
            if isinstance(before, dict) and all(before.get(name) == value for name, value in told.items()):
                return
            told = {**told, "rejected_at": timestamp(time.time()), "status": status, "answer": answer}
            with open(self.rejected_path, "ab") as file:
                file.write(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n")
                file.flush()
                os.fsync(file.fileno())
            done.rejected.append(told)
            if _size(self.rejected_path) > MOST_REJECTED_BYTES:
                self._halve_rejected()

    def _halve_rejected(self) -> None:
        content = read(self.rejected_path)
        cut = content.index(b"\n", len(content) // 2) + 1
        write_whole(self.rejected_path, content[cut:])
        write_whole(self._reported_path, b"%d" % max(0, self._reported() - cut))

    def _finish(self, path: str, state: _State) -> bool:
        """Everything is answered: the file goes. It is moved first, so that what a shell client adds in that moment is seen: then not yet."""
        if path != self._sent_path:
            replace(path, self._sent_path)
        content = read(self._sent_path)
        if state.within(content) != len(content):
            return False
        remove(self._sent_path)
        remove(self._state_path)
        return True


class _State:
    """How far the queue is answered: `done` bytes, whose checksum is `crc`."""

    def __init__(self, done: int = 0, crc: int = 0) -> None:
        self.done = done
        self.crc = crc

    @classmethod
    def load(cls, path: str) -> _State:
        told = _json(read(path))
        if not isinstance(told, dict):
            return cls()
        done, crc = told.get("done"), told.get("crc")
        return cls(done, crc) if isinstance(done, int) and isinstance(crc, int) else cls()

    def save(self, path: str) -> None:
        write_whole(path, json.dumps({"done": self.done, "crc": self.crc}).encode())

    def within(self, content: bytes) -> int:
        """How much of this content is answered: nothing when it is not the file that was, as when a shell client began a new one."""
        if 0 < self.done <= len(content) and crc32(content[: self.done]) == self.crc:
            return self.done
        return 0

    def advance(self, content: bytes, end: int) -> None:
        self.crc = crc32(content[self.done : end], self.crc if self.done else 0)
        self.done = end


def _lines(content: bytes, begin: int) -> Iterator[tuple[int, int, Call | None]]:
    """Each line's begin and end, and its call. A last line without its end counts when it is a whole call."""
    while begin < len(content):
        end = content.find(b"\n", begin) + 1 or len(content)
        yield begin, end, _call(content[begin:end])
        begin = end


def _call(line: bytes) -> Call | None:
    told = _json(line)
    if not isinstance(told, dict):
        return None
    method, path, body, ts = (told.get(name) for name in ("method", "path", "body", "ts"))
    if method not in ("POST", "PUT", "PATCH", "DELETE") or not isinstance(path, str) or not path.startswith(f"{BASE}/"):
        return None
    if not path.isascii() or not path.isprintable() or " " in path or not (body is None or isinstance(body, dict)):
        return None
    return Call(method, path, body, ts if isinstance(ts, str) and ts else "")


def completed(call: Call, line: bytes, start: int) -> Call:
    """With what makes it safe to send twice and late, where a shell client left that out: an id that this very line will always get, and
    for the state of a component when it was seen."""
    body = call.body
    name = CREATES.get(call.route) if call.method == "POST" else None
    if name is not None and not (body or {}).get(name):
        import uuid

        body = {**(body or {}), name: str(uuid.uuid5(uuid.NAMESPACE_URL, f"coord-queue:{start}:{line.strip().decode('utf-8', 'replace')}"))}
    return observed(Call(call.method, call.path, body, call.ts))


def observed(call: Call) -> Call:
    """With the time at which it was decided, where that keeps it from undoing something newer. A line without a time stays as it is."""
    if not seconds_of(call.ts):
        return call
    if call.method == "PUT" and call.route.startswith(f"{BASE}/components") and not (call.body or {}).get("observed_at"):
        return Call(call.method, call.path, {**(call.body or {}), "observed_at": call.ts}, call.ts)
    return call


def no_longer_matter(calls: list[Call | None]) -> list[bool]:
    """Which of the calls are claims that were released later in the queue, or have ended by themselves: nobody works under them any more."""
    released: set[tuple[object, ...]] = set()
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
    at, hours = seconds_of(claim.ts), claim.values.get("ttl_hours")
    if not isinstance(hours, (int, float)):
        hours = DEFAULT_TTL_HOURS
    return at is not None and hours > 0 and at + hours * 3600 < time.time()


def _releases(call: Call) -> set[tuple[object, ...]]:
    """What a DELETE releases, as `_is_released` looks for it."""
    values = call.values
    session, project = values.get("session_id"), values.get("project_key")
    if call.route.startswith(f"{BASE}/locks/"):
        return {("id", unquote(call.route[len(f"{BASE}/locks/") :]).lower())}
    if call.route == f"{BASE}/sessions" or (call.route == f"{BASE}/locks" and str(values.get("release_all")).lower() == "true"):
        return {("all", session, project)}
    if call.route == f"{BASE}/locks":
        return {("name", session, project, values.get("resource"))}
    return set()


def _is_released(claim: dict[str, Any], released: set[tuple[object, ...]]) -> bool:
    session, project = claim.get("session_id"), claim.get("project_key")
    if {("id", str(claim.get("id")).lower()), ("all", session, None), ("all", session, project)} & released:
        return True
    resources = claim.get("resources")
    if not isinstance(resources, list):
        resources = [claim.get("resource")]
    return all(("name", session, project, resource) in released for resource in resources)


def _sent(send: Callable[[Call], Answer], call: Call) -> Answer:
    """The answer to it. Raises Away also when not coord answers, or when it lets none of our calls in."""
    answer = send(call)
    if not answer.is_coords:
        raise Away(f"something that is not coord answers {answer.status} at its address")
    if answer.status == 403 and answer.json["error"] == "forbidden":
        raise Away(f"coord refuses all calls from here: {answer.json.get('detail')}")
    return answer


def _is_done(call: Call, answer: Answer) -> bool:
    """Whether a refusal says that what the call was for is so already: what it deletes is not there, what it sets was set by its first try."""
    if call.method == "DELETE":
        return answer.status == 404
    told = answer.json
    if answer.status != 409 or told.get("error") != "superseded":
        return False
    now = next((value for value in told.values() if isinstance(value, dict)), {})
    return all(now.get(name) == value for name, value in (call.body or {}).items() if name in now and name != "observed_at")


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_ino, one.st_dev) == (other.st_ino, other.st_dev)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
