"""Of the processes of a node one commits at a time, where that is slow; none can hold up the others
for long."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from coord.store import bell
from coord.store.node_turn import NodeTurn

LONG_S = 20.0
HOLD = """
import sys
from pathlib import Path
from coord.store import bell, node_turn
bell.folder = Path(sys.argv[1])
with node_turn.NodeTurn().taken(20):
    print("taken", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bell, "folder", tmp_path)
    monkeypatch.setattr("coord.store.node_turn.MAX_S", LONG_S)
    return tmp_path


@pytest.fixture
def other(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that has its turn until its input ends."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process
        process.kill()


class Taker:
    """Takes its turn in a thread, until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.has_begun = threading.Event()
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        with NodeTurn().taken(LONG_S):
            self.has_begun.set()
            self.go_on.wait(LONG_S)

    def end(self) -> None:
        self.go_on.set()
        self._thread.join(LONG_S)


def test_the_next_begins_when_the_one_before_has_ended(folder: Path) -> None:
    one = Taker()
    assert one.has_begun.wait(LONG_S)
    other = Taker()
    assert not other.has_begun.wait(0.1)
    one.end()
    assert other.has_begun.wait(LONG_S)
    other.end()


def test_none_has_two_turns_while_another_waits(folder: Path) -> None:
    mine = NodeTurn()
    with mine.taken(LONG_S):
        other = Taker()
        assert not other.has_begun.wait(0.1), "it is the next now"
    with mine.taken(0.001):
        pass
    assert other.has_begun.wait(LONG_S)
    other.end()


def test_a_process_that_is_killed_gives_its_turn_back(
    other: "subprocess.Popen[str]",
) -> None:
    mine = Taker()
    assert not mine.has_begun.wait(0.1)
    other.kill()
    assert mine.has_begun.wait(LONG_S)
    mine.end()


def test_one_that_is_stopped_is_not_waited_for(other: "subprocess.Popen[str]") -> None:
    os.kill(other.pid, signal.SIGSTOP)
    try:
        with NodeTurn().taken(0.01):
            pass
    finally:
        os.kill(other.pid, signal.SIGCONT)


def test_where_processes_cannot_find_each_other_none_waits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in (None, tmp_path / "tidied away"):
        monkeypatch.setattr(bell, "folder", folder)
        with NodeTurn().taken(LONG_S):
            pass


def test_what_is_locked_there_is_not_taken_for_a_bell(folder: Path) -> None:
    with NodeTurn().taken(LONG_S):
        pass
    bell.ring()
    assert (folder / bell.NEXT).exists()


def test_a_folder_in_which_nothing_can_be_made_costs_no_descriptor(folder: Path) -> None:
    (folder / bell.NEXT).mkdir()
    turn = NodeTurn()
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        with turn.taken(LONG_S):
            pass
    assert len(os.listdir("/dev/fd")) == before
