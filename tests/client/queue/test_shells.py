"""Shell clients write to, and remove, their file at any moment; it is copied, replayed, and taken
out of the checkout.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from coord.client.answer import Answer
from coord.client.queue import Call, Queue, adoption
from tests.client.queue.test_model import Killed, killed_at, other_disk
from tests.client.recording import (
    Recorder,
    again,
    answer,
    away,
    make_old,
    message,
    moved,
    name,
    shell_adds,
    shell_file,
    shell_line,
)


def test_what_a_shell_queued_is_sent_in_its_place(queue: Queue) -> None:
    queue.append(message("a"))
    shell_adds(queue, shell_line())
    assert not again(queue).is_empty
    assert [name(call) for call in queue.waiting()] == ["a", "s"]
    queue.append(message("b"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["a", "s", "b"]
    assert queue.is_empty


def test_nothing_of_ours_is_ever_written_into_the_checkout(queue: Queue) -> None:
    shell_adds(queue, shell_line())
    before = shell_file(queue).read_bytes()
    queue.append(message("a"))
    queue.replay(Recorder(away))
    assert shell_file(queue).read_bytes() == before
    assert list(shell_file(queue).parent.iterdir()) == [shell_file(queue)]
    queue.replay(Recorder())
    assert list(shell_file(queue).parent.iterdir()) == []


def test_what_a_shell_removes_after_it_was_seen_is_sent_all_the_same(queue: Queue) -> None:
    shell_adds(queue, shell_line())
    queue.append(message("a"))
    shell_file(queue).unlink()
    server = Recorder()
    queue.replay(server)
    assert server.names == ["s", "a"]
    assert queue.is_empty


@pytest.mark.parametrize("step", range(14))
def test_what_is_queued_after_a_copy_that_died_is_kept(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Its lines are taken back once: they stood where the next call stands."""
    shell_adds(queue, shell_line(body={"subject": "of a shell"}))
    with killed_at(step, monkeypatch):
        queue.append(message("died"))
    shell_file(queue).unlink()  # the shell has replayed it
    queue.append(message("after"))
    sent = Recorder()
    queue.replay(sent)
    assert sent.names[-1:] == ["after"]


def test_what_a_shell_removes_in_the_middle_of_a_replay_is_sent_all_the_same(queue: Queue) -> None:
    shell_adds(queue, shell_line(body={"subject": "a"}), shell_line(body={"subject": "b"}))

    def reply(call: Call) -> Answer:
        shell_file(queue).unlink(missing_ok=True)
        return answer()

    server = Recorder(reply)
    queue.replay(server)
    assert server.names == ["a", "b"]
    assert queue.is_empty


@pytest.mark.skipif(os.name == "nt", reason="Windows moves no file that somebody has open")
def test_what_a_shell_adds_to_a_file_that_it_opened_before_it_went_is_sent(queue: Queue) -> None:
    shell_adds(queue, shell_line(body={"subject": "a"}))
    server = Recorder()
    with shell_file(queue).open("a") as opened:
        queue.replay(server)
        assert not shell_file(queue).exists()
        assert queue.is_empty
        opened.write(shell_line())
    assert not queue.is_empty
    queue.append(message("b"))
    queue.replay(server)
    assert server.names == ["a", "s", "b"]
    assert queue.is_empty


def in_the_window_before_it_goes(act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Does something once, when the file is about to be taken out of the checkout."""
    real = os.rename
    done: list[None] = []

    def hooked(source: str, target: str, **more: int) -> None:
        if not done:
            done.append(None)
            act()
        real(source, target, **more)

    monkeypatch.setattr(os, "rename", hooked)


def test_what_a_shell_adds_in_the_moment_in_which_the_file_goes_is_sent_too(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_window_before_it_goes(lambda: shell_adds(queue, shell_line()), monkeypatch)
    shell_adds(queue, shell_line(body={"subject": "a"}))
    server = Recorder()
    queue.replay(server)
    queue.replay(server)
    assert server.names == ["a", "s"]
    assert queue.is_empty


def test_a_file_that_a_shell_begins_anew_in_that_moment_is_sent_too(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begins_anew() -> None:
        shell_file(queue).unlink()
        shell_adds(queue, shell_line())

    in_the_window_before_it_goes(begins_anew, monkeypatch)
    shell_adds(queue, shell_line(body={"subject": "a"}))
    server = Recorder()
    queue.replay(server)
    queue.replay(server)
    assert server.names == ["a", "s"]
    assert queue.is_empty
    assert queue.rejected() == []


def test_a_file_that_a_shell_removes_in_that_moment_is_no_error(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_window_before_it_goes(lambda: shell_file(queue).unlink(), monkeypatch)
    shell_adds(queue, shell_line())
    assert queue.replay(Recorder()).sent == 1
    assert queue.is_empty


def test_a_file_that_is_emptied_and_filled_anew_is_sent_from_its_beginning(queue: Queue) -> None:
    shell_adds(queue, shell_line(body={"subject": "a"}), shell_line(body={"subject": "b"}))
    server = Recorder(lambda call: answer() if name(call) == "a" else away(call))
    queue.replay(server)
    shell_file(queue).write_text("")
    shell_adds(queue, shell_line(), shell_line(body={"subject": "t" * 300}), shell_line())
    server.reply = lambda call: answer()
    queue.replay(server)
    assert [subject[:3] for subject in server.names] == ["a", "b", "b", "s", "ttt", "s"]


def test_the_file_goes_when_all_of_it_is_answered_and_not_before(queue: Queue) -> None:
    shell_adds(queue, shell_line(body={"subject": "a"}), shell_line(body={"subject": "b"}))
    queue.replay(Recorder(lambda call: answer() if name(call) == "a" else away(call)))
    assert shell_file(queue).exists()
    queue.replay(Recorder())
    assert not shell_file(queue).exists()
    assert not Path(queue.path).exists()


def test_what_was_taken_out_of_the_checkout_goes_a_minute_later(queue: Queue) -> None:
    shell_adds(queue, shell_line())
    queue.replay(Recorder())
    assert queue.is_empty
    assert moved(queue) == ["shell.1.jsonl"]
    file = Path(queue.folder) / "shell.1.jsonl"
    make_old(file, adoption.KEPT_S - 5)
    assert queue.is_empty
    assert moved(queue)
    make_old(file, 10)
    assert queue.is_empty
    assert not moved(queue)


@pytest.mark.skipif(os.name == "nt", reason="Windows moves no file that somebody has open")
def test_a_checkout_on_another_disk_keeps_no_file_either(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell_adds(queue, shell_line(body={"subject": "a"}))
    late = shell_file(queue).open("a")

    def shell_goes_on(seconds: float) -> None:
        late.write(shell_line())
        late.close()

    monkeypatch.setattr(os, "rename", other_disk)
    monkeypatch.setattr("coord.client.queue.adoption.time.sleep", shell_goes_on)
    server = Recorder()
    queue.replay(server)
    assert not shell_file(queue).exists()
    queue.replay(server)
    assert server.names == ["a", "s"]
    assert queue.is_empty
    assert list(shell_file(queue).parent.iterdir()) == []


def test_what_was_set_aside_on_another_disk_outlives_the_process_that_did(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, and the shell goes on with a new file each time."""
    server = Recorder()
    monkeypatch.setattr(os, "rename", other_disk)
    for number in (1, 2):

        def adds_and_dies(seconds: float, number: int = number) -> None:
            with open(f"{shell_file(queue)}.taken", "a") as taken:
                taken.write(shell_line(body={"subject": f"late {number}"}))
            shell_adds(queue, shell_line(body={"subject": f"new {number}"}))
            raise Killed

        monkeypatch.setattr("coord.client.queue.adoption.time.sleep", adds_and_dies)
        shell_adds(queue, shell_line(body={"subject": f"old {number}"}))
        with contextlib.suppress(Killed):
            again(queue).replay(server)
    monkeypatch.setattr("coord.client.queue.adoption.time.sleep", lambda seconds: None)
    again(queue).replay(server)
    assert again(queue).is_empty
    assert server.names == ["old 1", "late 1", "new 1", "old 2", "late 2", "new 2"]
    assert list(shell_file(queue).parent.iterdir()) == []


def test_the_same_lines_in_a_new_file_are_new_calls(queue: Queue) -> None:
    line = shell_line()
    server = Recorder()
    for _ in range(2):
        shell_adds(queue, line)
        queue.replay(server)
    assert server.names == ["s", "s"]
