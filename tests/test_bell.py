"""The bell between the processes of a node."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coord.store import bell
from tests.service import ROOT

FORKS = """
import os, sys
from coord.store import bell
bell.share_folder()
made = bell.folder
bell.share_folder()
if os.fork() == 0:
    sys.exit(0)
os.wait()
print(made, bell.folder == made, made.stat().st_mode & 0o777 == 0o700)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, value in {"folder": tmp_path, "_listing": None, "_sender": None}.items():
        monkeypatch.setattr(bell, name, value)
    yield tmp_path
    sender: socket.socket | None = bell._sender
    if sender is not None:
        sender.close()


@pytest.fixture
def other(folder: Path) -> Iterator[socket.socket]:
    """Another process, which begins to listen when it is bound."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        yield listening


def hears(other: socket.socket) -> bool:
    try:
        return bool(other.recv(16))
    except BlockingIOError:
        return False


@pytest.mark.parametrize("changed_before_s", [0, 3600], ids=["just now", "an hour ago"])
def test_who_comes_after_the_folder_was_read_is_heard_of(
    folder: Path, other: socket.socket, changed_before_s: int
) -> None:
    long_ago = folder.stat().st_mtime - changed_before_s
    os.utime(folder, (long_ago, long_ago))
    bell.ring()
    other.bind(str(folder / "other"))
    bell.ring()
    assert hears(other)
    bell.ring()
    assert hears(other)


def test_who_comes_within_one_tick_of_the_folder_s_clock_is_heard_of(
    folder: Path, other: socket.socket
) -> None:
    before = folder.stat()
    bell.ring()
    other.bind(str(folder / "other"))
    os.utime(folder, ns=(before.st_mtime_ns, before.st_mtime_ns))
    bell.ring()
    assert hears(other)


def test_an_unchanged_folder_is_not_read_again(
    folder: Path, other: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.bind(str(folder / "other"))
    os.utime(folder, (1, 1))
    bell.ring()
    monkeypatch.setattr(os, "listdir", lambda path: pytest.fail("read again"))
    bell.ring()
    assert hears(other)
    assert hears(other)


def test_the_bell_of_a_process_that_was_killed_is_taken_away(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as killed:
        killed.bind(str(folder / "killed"))
    bell.ring()
    assert list(folder.iterdir()) == []
    bell.ring()


def test_the_folder_is_made_once_and_goes_with_the_process_that_made_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    made, *held = done.stdout.split()
    assert held == ["True", "True"]
    assert not Path(made).exists()


@pytest.fixture
def listener(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bell.Listener]:
    """Looks each time that it waits whether its bell is still there."""
    monkeypatch.setattr(bell, "LOOK_EVERY_S", -1)
    made = bell.Listener()
    yield made
    made.close()


def rings_for(listener: bell.Listener, folder: Path) -> bool:
    """Whether another process that rings is heard before the time is up."""
    (name,) = os.listdir(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.sendto(b"!", str(folder / name))
    began = time.monotonic()
    listener.wait(10)
    return time.monotonic() - began < 5


def test_the_bell_says_of_what_there_is_news_and_of_too_much_that_it_may_be_anything(
    listener: bell.Listener,
) -> None:
    bell.ring(frozenset({"lock/lock.claimed", "message/message.sent"}))
    bell.ring(frozenset({"lock/lock.released"}))
    assert listener.wait(10)[1] == {
        "lock/lock.claimed",
        "lock/lock.released",
        "message/message.sent",
    }
    bell.ring(frozenset({f"lock/lock.{number}" for number in range(bell.MAX_BYTES)}))
    assert listener.wait(10)[1] == bell.ANYTHING
    for _ in range(bell.MANY):
        bell.ring(frozenset({"lock/lock.claimed"}))
    assert listener.wait(10)[1] == bell.ANYTHING


@pytest.mark.parametrize(
    "tidy",
    [shutil.rmtree, lambda folder: [each.unlink() for each in folder.iterdir()]],
    ids=["folder", "bells"],
)
def test_a_bell_that_was_tidied_away_is_put_up_again(
    folder: Path, listener: bell.Listener, tidy: Callable[[Path], object]
) -> None:
    assert rings_for(listener, folder)
    tidy(folder)
    bell.ring()
    listener.wait(0)
    assert rings_for(listener, folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_where_no_bell_can_be_put_up_who_waits_polls(
    folder: Path, listener: bell.Listener, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file in its place")
    caplog.set_level("WARNING", logger="coord.store.bell")
    for _ in range(3):
        assert listener.wait(0.001) == (set(), set())
    assert [record.message.partition(":")[0] for record in caplog.records] == ["no bell"]
    bell.ring()
    folder.unlink()
    listener.wait(0)
    assert rings_for(listener, folder)


def test_without_room_for_a_folder_the_service_starts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell, "folder", None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    bell.share_folder()
    assert bell.folder is None


def test_a_folder_whose_path_is_too_long_for_a_socket_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * bell.MAX_FOLDER_PATH)
    long.mkdir()
    monkeypatch.setattr(bell, "folder", None)
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    bell.share_folder()
    assert bell.folder is None
    assert list(long.iterdir()) == []
