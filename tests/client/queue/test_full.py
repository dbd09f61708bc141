"""A call that cannot be kept is refused, and nothing that waits is given up."""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from coord.client.queue import Queue, QueueFull, progress
from coord.client.queue import queue as queue_module
from tests.client.recording import (
    Recorder,
    answer,
    away,
    message,
    name,
)


def content(queue: Queue) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(queue.path).read_bytes().splitlines()]


def test_a_full_queue_keeps_what_it_has_and_says_that_this_call_is_not_kept(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "MAX_BYTES", 1000)
    for _ in range(6):
        queue.append(message("a"))
    with pytest.raises(QueueFull, match="NOT queued"):
        queue.append(message("b"))
    server = Recorder()
    assert queue.replay(server).sent == 6
    assert set(server.names) == {"a"}
    queue.append(message("again"))


def test_what_is_answered_does_not_count(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "MAX_BYTES", 1000)
    for nth in range(5):
        queue.append(message(str(nth)))
    queue.replay(Recorder(lambda call: answer() if name(call) != "4" else away(call)))
    for nth in range(3):
        queue.append(message(str(nth)))


def test_a_line_for_which_the_disk_has_no_room_leaves_no_trace(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.append(message("a"))
    before = Path(queue.path).read_bytes()
    real = os.write

    def full(file: int, content: bytes) -> int:
        if len(content) > 20:
            return real(file, content[: len(content) - 20])
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="no room"):
            queue.append(message("b"))
    assert Path(queue.path).read_bytes() == before
    queue.append(message("c"))
    assert [name(call) for call in queue.waiting()] == ["a", "c"]


def test_a_line_that_did_not_reach_the_disk_leaves_no_trace_either(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(file: int) -> None:
        raise OSError(errno.EIO, "broken disk")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="broken disk"):
            queue.append(message("a"))
    assert queue.waiting() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows does so by itself")
def test_the_name_of_a_new_file_is_put_on_the_disk_too(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    real = os.fsync

    def noted(file: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(file).st_mode))
        real(file)

    monkeypatch.setattr(os, "fsync", noted)
    queue.append(message("a"))
    assert synced.count(True) >= 1
    assert synced.count(False) == 1
    synced.clear()
    queue.append(message("b"))
    assert synced == [False]


def test_nothing_is_sent_where_what_becomes_of_it_cannot_be_noted(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.append(message("a"))

    def full(path: str, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(progress, "write_whole", full)
    server = Recorder()
    with pytest.raises(OSError, match="no room"):
        queue.replay(server)
    assert server.calls == []


def test_a_folder_that_is_read_only_keeps_nothing_and_says_so(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def read_only(path: str, flags: int, mode: int = 0, **more: Any) -> int:
        if not flags & (os.O_WRONLY | os.O_RDWR):
            return real(path, flags, mode, **more)
        raise OSError(errno.EROFS, "read-only", path)

    queue.append(message("a"))
    queue.replay(Recorder())
    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(OSError, match="read-only"):
        queue.append(message("a"))
    assert queue.is_empty
    assert not queue.waiting()


DAMAGED = [
    b"",
    b"{",
    b"[]",
    b'{"answered": 5}',
    b'{"answered": [1e9, 3]}',
    b'{"answered": [true, 0]}',
    b'{"generation": "x"}',
    b"\xff",
]


@pytest.mark.parametrize("state", DAMAGED)
def test_a_state_that_is_damaged_counts_for_nothing_and_loses_nothing(
    queue: Queue, state: bytes
) -> None:
    queue.append(message("a"))
    Path(queue.progress_path).write_bytes(state)
    server = Recorder()
    queue.replay(server)
    assert server.names == ["a"]
