"""A lock that ends with its process, and files that are whole or not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coord.client import locked
from coord.client.locked import Busy, FileLock
from coord.client.safe_files import read, remove, replace, write_whole
from tests.service import ROOT

HOLDS = """
import sys
from coord.client.locked import FileLock
with FileLock(sys.argv[1], 0):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_one_process_has_it(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with holder(path) as process:
        with pytest.raises(Busy, match=r"x\.lock"), FileLock(str(path), 0):
            pass
        process.communicate()
    with FileLock(str(path), 0):
        pass


def test_it_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with holder(path) as process:
        process.kill()
        process.wait()
        with FileLock(str(path), 0):
            pass


def test_it_excludes_in_one_process_too_and_may_be_taken_again(tmp_path: Path) -> None:
    path = str(tmp_path / "x.lock")
    with FileLock(path, 0), pytest.raises(Busy), FileLock(path, 0):
        pass
    with FileLock(path, 0):
        pass


def test_who_waits_gets_it_when_it_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "x.lock")
    first = FileLock(path, 0)
    first.__enter__()
    monkeypatch.setattr(
        "coord.client.locked.time.sleep", lambda seconds: first.__exit__(None, None, None)
    )
    with FileLock(path, 5):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no file that somebody has open")
def test_a_lock_file_that_somebody_removed_excludes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "x.lock")
    attempt = locked._try
    removed: list[None] = []

    def removed_after(handle: int) -> bool:
        got = attempt(handle)
        if not removed:
            removed.append(None)
            os.remove(path)
        return got

    monkeypatch.setattr(locked, "_try", removed_after)
    with FileLock(path, 5), pytest.raises(Busy), FileLock(path, 0):
        pass
    assert os.path.exists(path)


@pytest.mark.skipif(os.name == "nt", reason="is about fcntl")
def test_a_disk_that_knows_no_locks_is_an_error_and_not_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(handle: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("coord.client.locked.fcntl.flock", unsupported)
    with pytest.raises(OSError, match="No locks available"), FileLock(str(tmp_path / "x.lock"), 5):
        pass


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts them in /proc")
def test_no_handle_is_left_behind(tmp_path: Path) -> None:
    path = str(tmp_path / "x.lock")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with FileLock(path, 0), pytest.raises(Busy), FileLock(path, 0):
            pass
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_is_written_whole_or_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "x")
    write_whole(path, b"before")

    def full(source: str, target: str, **folders: int | None) -> None:
        raise OSError(28, "no room")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no room"):
        write_whole(path, b"after")
    assert read(path) == b"before"
    assert os.listdir(tmp_path) == ["x"]


def test_what_is_not_there_reads_as_nothing_and_is_removed_already(tmp_path: Path) -> None:
    assert read(str(tmp_path / "x")) == b""
    remove(str(tmp_path / "x"))
    (tmp_path / "file").write_text("")
    assert read(str(tmp_path / "file" / "x")) == b""


def test_on_windows_a_file_that_somebody_has_open_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[None] = []
    real = os.replace

    def open_elsewhere(source: str, target: str, **folders: int | None) -> None:
        tries.append(None)
        if len(tries) < 3:
            raise PermissionError(13, "in use")
        real(source, target, **folders)

    (tmp_path / "a").write_text("a")
    monkeypatch.setattr("coord.client.locked.os.name", "nt")
    monkeypatch.setattr(os, "replace", open_elsewhere)
    replace(str(tmp_path / "a"), str(tmp_path / "b"))
    assert len(tries) == 3
