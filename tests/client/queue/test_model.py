"""Random lives of a queue against a model of it: calls of ours and of shell clients, replays that
fail or die at some step, shells that are killed in the middle of a line, replay by themselves, and
remove the file whatever has come in since."""

import errno
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from coord.client.answer import Answer
from coord.client.queue import BASE, Call, Queue, adoption
from tests.client.recording import answer, away, make_old, shell_adds, shell_file, shell_line

STEPS = ("open", "write", "fsync", "replace", "rename", "remove", "utime", "ftruncate")


class Killed(BaseException):
    """No `except` of the queue's catches it; what the system does for a process that is killed
    (locks, open files) is done for it too.
    """


@contextmanager
def killed_at(step: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    left = [step]

    def counted(real: Any) -> Any:
        def does(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real(*args, **kwargs)

        return does

    with patch.context() as patched:
        for each in STEPS:
            patched.setattr(os, each, counted(getattr(os, each)))
        with suppress(Killed):
            yield


_rename = os.rename


def other_disk(source: str, target: str, **more: Any) -> None:
    if os.path.dirname(source) != os.path.dirname(target):  # within a folder it is one
        raise OSError(errno.EXDEV, "another disk")
    _rename(source, target, **more)


class Lives(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="coord-queue-")
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(os, "fsync", lambda file: None)
        self.patch.setattr(adoption, "TORN_AFTER_S", 0.0)
        self.queue = Queue(
            os.path.join(self.folder, "state"),
            [os.path.join(self.folder, "checkout", ".claude", "coord-queue.jsonl")],
        )
        self.written: list[str] = []  # in order: what arrives once, if it was promised
        self.promised: set[str] = set()
        self.arrived: list[str] = []
        self.shells_replay = False

    def teardown(self) -> None:
        try:
            self.ends_well()
        finally:
            self.patch.undo()
            shutil.rmtree(self.folder)

    def ends_well(self) -> None:
        self.replay()
        assert self.queue.is_empty
        assert not self.queue.waiting()
        once = [each for each, _ in groupby(self.arrived)]
        assert self.promised <= set(once) <= set(self.written)
        if not self.shells_replay:
            assert once == [each for each in self.written if each in set(once)]

    def call(self) -> Call:
        subject = uuid.uuid4().hex
        self.written.append(subject)
        return Call("POST", f"{BASE}/messages", {"id": subject, "subject": subject})

    def server(self, call: Call) -> Answer:
        self.arrived.append((call.body or {})["subject"])
        return answer()

    @initialize(one_disk=st.booleans())
    def disk(self, one_disk: bool) -> None:
        if not one_disk:
            self.patch.setattr(os, "rename", other_disk)

    @rule()
    def queues(self) -> None:
        call = self.call()
        self.queue.append(call)
        self.promised.add((call.body or {})["subject"])

    @rule(step=st.integers(0, 12))
    def dies_queueing(self, step: int) -> None:
        call = self.call()
        with killed_at(step, self.patch):
            self.queue.append(call)
            self.promised.add((call.body or {})["subject"])

    @rule()
    def shell_queues(self) -> None:
        call = self.call()
        shell_adds(self.queue, shell_line(body=call.body))
        self.promised.add((call.body or {})["subject"])

    @rule(part=st.floats(0.01, 0.99))
    def shell_dies_queueing(self, part: float) -> None:
        line = shell_line(body=self.call().body)
        shell_adds(self.queue, line[: int(len(line) * part)])

    @rule()
    def replay(self) -> None:
        done = self.queue.replay(self.server)
        assert (done.waiting, done.why, done.busy) == (0, None, False)

    @rule(answered=st.integers(0, 3))
    def replay_while_coord_goes_away(self, answered: int) -> None:
        left = [answered]

        def send(call: Call) -> Answer:
            left[0] -= 1
            return self.server(call) if left[0] >= 0 else away(call)

        self.queue.replay(send)

    @rule(step=st.integers(0, 40))
    def dies_replaying(self, step: int) -> None:
        with killed_at(step, self.patch):
            self.queue.replay(self.server)

    @rule()
    def a_minute_passes(self) -> None:
        for path in Path(self.folder).rglob("*.jsonl"):
            make_old(path)
        assert isinstance(self.queue.is_empty, bool)

    @rule(meanwhile=st.booleans())
    def shell_replays_and_removes(self, meanwhile: bool) -> None:
        path = shell_file(self.queue)
        if not path.exists():
            return
        self.shells_replay = True
        for line in path.read_text().splitlines():
            try:
                body = json.loads(line)["body"]
            except ValueError:
                # A shell's line behind that of one that died: lost where we had not seen the file.
                self.promised -= {each for each in self.promised if each in line}
                continue
            self.server(Call("POST", f"{BASE}/messages", body))
        if meanwhile:
            self.queues()
        path.unlink(missing_ok=True)


Lives.TestCase.settings = settings(
    max_examples=int(os.environ.get("COORD_TEST_LIVES", "150")),
    stateful_step_count=30,
)
TestLives = Lives.TestCase
