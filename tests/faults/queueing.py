"""Clients for test_queue.py, as processes of their own that may be killed at any time: `python -m
tests.faults.queueing <what> <folder> …`.

A writer makes its calls in a fixed order, and writes down before each what it is about to do and
after it what was promised. One that is started again goes on behind the last; what it was about to
create it creates again, with the same id, as somebody does who is not told.
"""

import contextlib
import os
import random
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coord.client.calls import Calls, Queued, Timeouts
from coord.client.locked import Busy
from coord.client.percent import quote
from coord.client.workspace import Workspace

STATES = ("building", "built", "deployed")


@dataclass(frozen=True)
class Planned:
    """A call of a writer. `kind`: what the journal is to say of it, `about`: of what."""

    number: int
    kind: str
    about: str
    method: str
    path: str
    body: dict[str, Any] | None = None

    @property
    def may_be_made_again(self) -> bool:
        return self.method == "POST"


def session(writer: int) -> str:
    return f"host/writer-{writer}"


def plan(writer: int, project: str) -> Iterator[Planned]:
    """Every kind of write, for ever."""
    me = session(writer)
    of = {"project_key": project}
    for turn in range(1_000_000):

        def named(what: str, turn: int = turn) -> str:
            return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{project} {writer} {turn} {what}"))

        letter, lock, brief, flow, item, note = map(
            named, ("letter", "lock", "brief", "flow", "item", "note")
        )
        component = f"component-{writer}-{turn}"
        steps: list[tuple[str, str, str, str, dict[str, Any] | None]] = [
            (
                "message.sent",
                letter,
                "POST",
                "/messages",
                {**of, "id": letter, "from_session": me, "to_session": me, "body": "b"},
            ),
            (
                "lock.brief",
                brief,
                "POST",
                "/locks",
                {**of, "id": brief, "session_id": me, "resource": f"brief {writer} {turn}"},
            ),
            (
                "workflow.created",
                flow,
                "POST",
                "/workflows",
                {**of, "id": flow, "name": f"flow {turn}", "created_by": me},
            ),
            (
                "state",
                component,
                "PUT",
                f"/components/{project}/{component}",
                {"state": STATES[0], "updated_by": me},
            ),
            (
                "work_item.created",
                item,
                "POST",
                "/work-items",
                {"id": item, "workflow_id": flow, "title": f"item {turn}"},
            ),
            (
                "lock.claimed",
                lock,
                "POST",
                "/locks",
                {**of, "id": lock, "session_id": me, "resource": f"lock {writer} {turn}"},
            ),
            (
                "work_item.claimed",
                item,
                "PATCH",
                f"/work-items/{item}",
                {"session_id": me, "status": "in_progress"},
            ),
            (
                "state",
                component,
                "PUT",
                f"/components/{project}/{component}",
                {"state": STATES[1], "updated_by": me},
            ),
            ("message.read", letter, "PUT", f"/messages/{letter}/read", {"session_id": me}),
            (
                "workflow.updated",
                flow,
                "PATCH",
                f"/workflows/{flow}",
                {"session_id": me, "description": f"turn {turn}"},
            ),
            ("lock.brief_end", brief, "DELETE", f"/locks/{brief}?session_id={quote(me)}", None),
            (
                "message.sent",
                note,
                "POST",
                "/messages",
                {**of, "id": note, "from_session": me, "body": "to all"},
            ),
            (
                "work_item.completed",
                item,
                "PATCH",
                f"/work-items/{item}",
                {"session_id": me, "status": "completed"},
            ),
            (
                "state",
                component,
                "PUT",
                f"/components/{project}/{component}",
                {"state": STATES[2], "updated_by": me},
            ),
        ]
        for nth, (kind, about, method, path, body) in enumerate(steps):
            number = turn * len(steps) + nth
            sent = {**(body or {}), "subject": str(number)} if kind == "message.sent" else body
            yield Planned(number, kind, about, method, path, sent)


class Diary:
    """What a writer has written down, in a file that outlives it."""

    def __init__(self, folder: Path, writer: int) -> None:
        self._path = folder / f"writer-{writer}.diary"

    def note(self, word: str, number: int) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{word} {number}\n".encode())
        os.close(file)

    def numbers(self, word: str) -> list[int]:
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return [int(number) for said, number in map(str.split, lines) if said == word]


def calls(folder: Path, name: str, timeouts: Timeouts) -> Calls:
    return Calls(Workspace(str(folder / "checkout")), name, timeouts)


def write(folder: Path, writer: int, count: int) -> None:
    """Makes calls until so many are promised; most are queued without a try, as hooks do it while
    coord is away.
    """
    diary = Diary(folder, writer)
    promised, begun = set(diary.numbers("promised")), diary.numbers("begin")
    left = count - len(promised)
    made = calls(folder, session(writer), Timeouts(call=10, replay=0.1))
    for planned in plan(writer, made.workspace.project):
        if left <= 0:
            return
        known = planned.number in promised or (begun and planned.number <= begun[-1])
        if known and not (
            planned.number == begun[-1]
            and planned.number not in promised
            and planned.may_be_made_again
        ):
            continue
        made.offline = random.random() < 0.8
        diary.note("begin", planned.number)
        try:
            answer = made.write(planned.method, planned.path, planned.body)
            assert answer.ok, (planned, answer.status, answer.body)
        except Queued:
            pass
        diary.note("promised", planned.number)
        left -= 1


def replay(folder: Path) -> None:
    """Sends what waits, again and again."""
    made = calls(folder, "host/replayer", Timeouts(call=10, replay=2))
    while True:
        with contextlib.suppress(Busy):
            made.replay()
        time.sleep(0.01)


if __name__ == "__main__":
    what, where, *numbers = sys.argv[1:]
    if what == "write":
        write(Path(where), *map(int, numbers))
    else:
        replay(Path(where))
