"""coord as the queue sees it: it answers what a test says, and remembers what arrived."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coord.client.answer import SERVER_HEADER, Answer
from coord.client.queue import BASE, Call, Queue, timestamp
from coord.client.wire import Away

ME = "host/agent"
Reply = Callable[[Call], Answer]


def answer(status: int = 200, **told: Any) -> Answer:
    """An answer of coord's own."""
    return Answer(status, {SERVER_HEADER: "0.1.0; api=1"}, json.dumps(told).encode())


def refusal(status: int, error: str, **told: Any) -> Answer:
    return answer(status, error=error, detail=f"because of {error}", **told)


class Recorder:
    """`send` of a replay."""

    def __init__(self, reply: Reply = lambda call: answer()) -> None:
        self.reply = reply
        self.calls: list[Call] = []

    def __call__(self, call: Call) -> Answer:
        self.calls.append(call)
        return self.reply(call)

    @property
    def names(self) -> list[str]:
        return [name(call) for call in self.calls]


def away(call: Call) -> Answer:
    raise Away("it is away", waited=0.0)


def message(subject: str, session: str = ME, **body: Any) -> Call:
    told = {
        "id": str(uuid.uuid4()),
        "from_session": session,
        "subject": subject,
        "body": "",
        **body,
    }
    return Call(
        "POST", f"{BASE}/messages", {key: value for key, value in told.items() if value is not None}
    )


def claim(resource: str, session: str = ME, **body: Any) -> Call:
    return Call(
        "POST",
        f"{BASE}/locks",
        {
            "id": str(uuid.uuid4()),
            "project_key": "p",
            "session_id": session,
            "resource": resource,
            **body,
        },
    )


def name(call: Call) -> str:
    """A call in a word."""
    body = call.body or {}
    return str(
        body.get("subject")
        or body.get("resource")
        or body.get("state")
        or f"{call.method} {call.path[len(BASE) :]}"
    )


def shell_time(ago_s: float = 60) -> str:
    """What `date -u +%FT%TZ` wrote that many seconds ago, by the clock that the queue asks."""
    return f"{timestamp(time.time() - ago_s)[:19]}Z"


def shell_line(**told: Any) -> str:
    """A line as `jq -c` writes it."""
    call = {
        "ts": shell_time(),
        "method": "POST",
        "path": f"{BASE}/messages",
        "body": {"from_session": ME, "subject": "s"},
        **told,
    }
    return json.dumps(call, separators=(",", ":")) + "\n"


def shell_file(queue: Queue) -> Path:
    return Path(queue.shell_paths[0])


def shell_adds(queue: Queue, *lines: str) -> None:
    """As `>> .claude/coord-queue.jsonl` does."""
    path = shell_file(queue)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write("".join(lines))


def make_old(path: str | Path, seconds: float = 3600) -> None:
    there = os.stat(path)
    os.utime(path, (there.st_atime - seconds, there.st_mtime - seconds))


def moved(queue: Queue) -> list[str]:
    """The files of shells that were taken out of the checkout."""
    return sorted(path.name for path in Path(queue.folder).glob("shell.*.jsonl"))


def again(queue: Queue) -> Queue:
    """The same queue in another process."""
    return Queue(queue.folder, queue.shell_paths)
