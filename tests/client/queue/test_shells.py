"""Shell clients write to, and remove, the file at any moment."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from coord.client.queue import Call, Queue, files
from coord.client.wire import Answer
from tests.client.recording import (
    Recorder,
    answer,
    away,
    kept,
    make_old,
    message,
    name,
    shell_adds,
    shell_line,
)


def no_links(source: str, target: str) -> None:
    raise OSError(errno.EPERM, "this disk knows no links")


def test_what_a_shell_removes_while_it_waits_is_sent_all_the_same(queue: Queue) -> None:
    queue.append(message("a"))
    Path(queue.path).unlink()
    assert not queue.is_empty
    assert [name(call) for call in queue.waiting()] == ["a"]
    queue.append(message("b"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["a", "b"]
    assert queue.is_empty


def test_what_a_shell_removes_in_the_middle_of_a_replay_is_sent_all_the_same(queue: Queue) -> None:
    for each in ("a", "b"):
        queue.append(message(each))

    def reply(call: Call) -> Answer:
        Path(queue.path).unlink(missing_ok=True)
        return answer()

    server = Recorder(reply)
    queue.replay(server)
    assert server.names == ["a", "b"]
    assert queue.is_empty


def test_a_file_that_a_shell_removed_before_its_first_line_is_begun_anew(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link
    removed: list[None] = []

    def removes_first(source: str, target: str) -> None:
        if not removed:
            removed.append(None)
            Path(queue.path).unlink()
        link(source, target)

    monkeypatch.setattr(os, "link", removes_first)
    queue.append(message("a"))
    assert removed
    assert [name(call) for call in queue.waiting()] == ["a"]
    assert Path(queue.path).exists()


def test_what_a_shell_puts_in_the_place_of_the_file_is_not_taken_for_it(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def swaps_first(source: str, target: str) -> None:
        if not kept(queue):
            Path(queue.path).unlink()
            shell_adds(queue, shell_line())
        link(source, target)

    monkeypatch.setattr(os, "link", swaps_first)
    queue.append(message("a"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["s", "a"]


def test_what_a_shell_adds_to_a_file_that_it_opened_before_it_went_is_sent(queue: Queue) -> None:
    queue.append(message("a"))
    server = Recorder()
    with Path(queue.path).open("a") as opened:
        queue.replay(server)
        assert not Path(queue.path).exists()
        assert queue.is_empty
        opened.write(shell_line())
    assert not queue.is_empty
    queue.append(message("b"))
    queue.replay(server)
    assert server.names == ["a", "s", "b"]
    assert queue.is_empty


def in_the_window_before(replace: str, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Does something once, when the queue is about to take its file away."""
    real = os.replace
    done: list[None] = []

    def hooked(source: str, target: str) -> None:
        if str(source).endswith(replace) and not done:
            done.append(None)
            act()
        real(source, target)

    monkeypatch.setattr(os, "replace", hooked)


def test_what_a_shell_adds_in_the_moment_in_which_the_file_goes_is_sent_too(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_window_before("coord-queue.jsonl", lambda: shell_adds(queue, shell_line()), monkeypatch)
    queue.append(message("a"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["a", "s"]
    assert queue.is_empty


def test_a_file_that_a_shell_begins_anew_in_that_moment_is_sent_too(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    def begins_anew() -> None:
        Path(queue.path).unlink()
        shell_adds(queue, shell_line())

    in_the_window_before("coord-queue.jsonl", begins_anew, monkeypatch)
    queue.append(message("a"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["a", "s"]
    assert queue.is_empty
    assert queue.rejected() == []


def test_a_file_that_a_shell_removes_in_that_moment_is_no_error(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_window_before("coord-queue.jsonl", lambda: Path(queue.path).unlink(), monkeypatch)
    queue.append(message("a"))
    assert queue.replay(Recorder()).sent == 1
    assert queue.is_empty


def test_a_file_that_is_emptied_and_filled_anew_is_sent_from_its_begin(queue: Queue) -> None:
    for each in ("a", "b"):
        queue.append(message(each))
    server = Recorder(lambda call: answer() if name(call) == "a" else away(call))
    queue.replay(server)
    Path(queue.path).write_text("")
    assert queue.is_empty
    shell_adds(queue, shell_line(), shell_line(body={"subject": "t" * 300}), shell_line())
    server.reply = lambda call: answer()
    queue.replay(server)
    assert [each[:3] for each in server.names] == ["a", "b", "s", "ttt", "s"]


def test_the_file_goes_when_all_of_it_is_answered_and_not_before(queue: Queue) -> None:
    queue.append(message("a"))
    queue.append(message("b"))
    queue.replay(Recorder(lambda call: answer() if name(call) == "a" else away(call)))
    assert Path(queue.path).exists()
    queue.replay(Recorder())
    assert not Path(queue.path).exists()


def test_its_second_name_goes_a_minute_later(queue: Queue) -> None:
    queue.append(message("a"))
    queue.replay(Recorder())
    folder = Path(queue.path).parent
    assert queue.is_empty
    assert kept(queue) == ["coord-queue.kept.1.jsonl"]
    make_old(folder / "coord-queue.kept.1.jsonl", files.KEPT_S - 5)
    assert queue.is_empty
    assert kept(queue)
    make_old(folder / "coord-queue.kept.1.jsonl", 10)
    assert queue.is_empty
    assert not kept(queue)
    assert sorted(path.name for path in folder.iterdir()) == ["coord-queue.lock", "coord-queue.replay.lock"]


def test_a_disk_without_hard_links_has_one_name_only(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links)
    server = Recorder(lambda call: answer() if name(call) == "a" else away(call))
    for each in ("a", "b"):
        queue.append(message(each))
    queue.replay(server)
    server.reply = lambda call: answer()
    assert [name(call) for call in queue.waiting()] == ["b"]
    assert not kept(queue)
    queue.replay(server)
    assert queue.is_empty
    assert not Path(queue.path).exists()
    assert kept(queue) == ["coord-queue.kept.1.jsonl"]
    queue.append(message("c"))
    queue.replay(server)
    assert server.names == ["a", "b", "b", "c"]
    assert queue.is_empty
