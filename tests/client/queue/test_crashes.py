"""The queue's process killed at every point: each call arrives all the same, in order, and never as
two.

A child process does some work with the queue and dies at its n-th step, for every n until it gets
through; a step is anything that changes a file, and the arrival of a call. Then another process
queues one call more and replays. What arrived twice in a row, byte for byte, is what coord knows by
its id or its time, and makes one.
"""

import errno
import json
import os
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from coord.client.answer import Answer
from coord.client.queue import Call, Queue, adoption, rejected
from tests.client.recording import (
    answer,
    claim,
    make_old,
    message,
    name,
    refusal,
    shell_adds,
    shell_file,
    shell_line,
)

Work = Callable[[Queue, "Server"], None]
DIED = 9

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


class Server:
    """Writes down what arrives, in a file that outlives who sent it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.promised = path.with_suffix(".promised")
        self.step: Callable[[], None] = lambda: None

    def __call__(self, call: Call) -> Answer:
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        _write(file, call.line())
        os.close(file)
        self.step()
        return (
            refusal(422, "invalid", errors={"subject": ["refused"]})
            if name(call) == "refused"
            else answer()
        )

    @property
    def arrived(self) -> list[Call]:
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        once = [line for line, _ in groupby(lines)]
        return [
            Call(told["method"], told["path"], told["body"], told["ts"])
            for told in map(json.loads, once)
        ]


_write = os.write


class Steps:
    """Counts what changes a file, and ends the process before the n-th of it; a line is also left
    half written.
    """

    CHANGES = ("open", "replace", "rename", "remove", "utime", "ftruncate")

    def __init__(self, deadly: int, patch: pytest.MonkeyPatch, other_disk: bool) -> None:
        self.left = deadly
        for change in self.CHANGES:
            patch.setattr(os, change, self._counted(getattr(os, change)))
        patch.setattr(os, "fsync", lambda file: self.step())
        patch.setattr(os, "write", self._halved)
        if other_disk:
            self._rename = os.rename
            patch.setattr(os, "rename", self._other_disk)

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            os._exit(DIED)

    def _counted(self, does: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.step()
            return does(*args, **kwargs)

        return counted

    def _halved(self, file: int, content: bytes) -> int:
        self.step()
        if self.left == 0:
            _write(file, content[: len(content) // 2])
            os._exit(DIED)
        return _write(file, content)

    def _other_disk(self, source: str, target: str, **more: Any) -> None:
        if os.path.dirname(source) != os.path.dirname(target):
            raise OSError(errno.EXDEV, "another disk")
        self._rename(source, target, **more)


def dies(work: Work, queue: Queue, server: Server, deadly: int, other_disk: bool) -> bool:
    """Whether the child died before it got through."""
    child = os.fork()
    if child == 0:
        try:
            steps = Steps(deadly, pytest.MonkeyPatch(), other_disk)
            server.step = steps.step
            work(queue, server)
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, DIED)
    return code == DIED


ONE, TWO, REFUSED = message("one"), message("two"), message("refused")
CLAIM, OTHER = claim("released"), claim("held")
RELEASE = Call("DELETE", f"/api/coord/locks/{(CLAIM.body or {})['id']}?session_id=host%2Fagent")
THREE, LAST = message("three"), message("last")
SHELLS = shell_line(body={"from_session": "host/shell", "subject": "shell"})


def append(queue: Queue, server: Server, *calls: Call) -> None:
    """Writes down what is promised to arrive."""
    for call in calls:
        queue.append(Call(call.method, call.path, call.body))
        with server.promised.open("a") as file:
            file.write(f"{name(call).partition(' ')[0]}\n")


def queues_and_replays(queue: Queue, server: Server) -> None:
    append(queue, server, ONE, CLAIM, REFUSED, OTHER, RELEASE)
    queue.replay(server)


def queues_behind_a_shell(queue: Queue, server: Server) -> None:
    shell_adds(queue, SHELLS)
    append(queue, server, ONE)
    queue.replay(server)
    append(queue, server, TWO)
    queue.replay(server)


def clears_away(queue: Queue, server: Server) -> None:
    append(queue, server, ONE)
    queue.replay(server)
    for path in Path(queue.folder).iterdir():
        make_old(path)
    assert queue.is_empty
    append(queue, server, TWO)
    queue.replay(server)


def sets_aside_too_much(queue: Queue, server: Server) -> None:
    rejected.MAX_REJECTED_BYTES = 600
    append(queue, server, REFUSED, ONE, REFUSED, TWO, REFUSED)
    queue.replay(server)


def loses_its_file_to_a_shell(queue: Queue, server: Server) -> None:
    append(queue, server, ONE)
    queue.replay(server)
    shell_adds(queue, SHELLS)
    append(queue, server, TWO)
    shell_file(queue).unlink()
    append(queue, server, THREE)
    queue.replay(server)


WORKS: list[tuple[Work, list[str]]] = [
    (queues_and_replays, ["one", "refused", "held", "DELETE"]),
    (queues_behind_a_shell, ["shell", "one", "two"]),
    (clears_away, ["one", "two"]),
    (sets_aside_too_much, ["refused", "one", "refused", "two", "refused"]),
]


def recovers(
    work: Work, expected: list[str], folder: Path, other_disk: bool, monkeypatch: pytest.MonkeyPatch
) -> bool:
    """Kills the work at each step, in a folder each time anew."""
    monkeypatch.setattr(adoption, "TORN_AFTER_S", 0.0)
    monkeypatch.setattr(os, "fsync", lambda file: None)
    deadly = 0
    while True:
        queue = Queue(
            str(folder / f"{deadly}.state"),
            [str(folder / str(deadly) / ".claude" / "coord-queue.jsonl")],
        )
        server = Server(folder / f"{deadly}.arrived")
        died = dies(work, queue, server, deadly, other_disk)
        append(queue, server, LAST)
        rest = queue.replay(server)
        assert (rest.waiting, rest.why, rest.busy, queue.is_empty, queue.waiting()) == (
            0,
            None,
            False,
            True,
            [],
        )
        arrived = [name(call).partition(" ")[0] for call in server.arrived]
        assert arrived[-1] == "last"
        for each in set(server.promised.read_text().split()) - {"released"}:
            assert arrived.count(each) >= server.promised.read_text().split().count(each), (
                deadly,
                each,
            )
        assert [each for each in arrived[:-1] if each != "released"] == expected[
            : len(arrived) - 1 - arrived.count("released")
        ], deadly
        assert arrived.count("released") <= ("DELETE" not in arrived)
        refused = [told["place"] for told in queue.rejected() if "line" not in told]
        assert len(refused) == len(set(refused)) <= arrived.count("refused")
        if not died:
            assert arrived[:-1] == expected
            return deadly > 20
        deadly += 1


@pytest.mark.parametrize("other_disk", [False, True], ids=["one-disk", "two-disks"])
@pytest.mark.parametrize(
    ("work", "expected"), WORKS, ids=lambda value: value.__name__ if callable(value) else ""
)
def test_a_process_killed_anywhere_loses_and_doubles_nothing(
    work: Work,
    expected: list[str],
    other_disk: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert recovers(work, expected, tmp_path, other_disk, monkeypatch)


def test_nor_does_one_whose_file_a_shell_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recovers(
        loses_its_file_to_a_shell, ["one", "shell", "two", "three"], tmp_path, False, monkeypatch
    )
