"""A write that cannot be sent is kept, nothing overtakes what waits, and whoever made a call learns
what became of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coord.client import calls as module
from coord.client.answer import Answer
from coord.client.calls import Calls, NotQueued, Queued, Timeouts
from coord.client.locked import FileLock
from coord.client.queue import BASE, Call, Queue, progress
from coord.client.queue import queue as queue_module
from coord.client.wire import Away, BadUrl
from coord.client.workspace import Workspace
from tests.client.recording import again, answer, message, name, refusal, shell_adds, shell_line

ME = "host/me"


class Coord:
    """What stands in for the wire: answers as it is told, and remembers."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.headers: list[dict[str, str]] = []
        self.timeouts: list[float] = []
        self.reply: Callable[[Call], Answer] = lambda call: answer(name=name(call))

    def __call__(
        self, url: str, method: str, path: str, body: Any, headers: dict[str, str], timeout: float
    ) -> Answer:
        call = Call(method, path, body)
        self.calls.append(call)
        self.headers.append(headers)
        self.timeouts.append(timeout)
        return self.reply(call)

    @property
    def names(self) -> list[str]:
        return [name(call) for call in self.calls]


def gone(call: Call) -> Answer:
    raise Away("it is away")


def soon(seconds: float | None) -> Callable[[Call], Answer]:
    def reply(call: Call) -> Answer:
        raise Away("Database unavailable.", seconds)

    return reply


@pytest.fixture
def coord(monkeypatch: pytest.MonkeyPatch) -> Coord:
    stand_in = Coord()
    monkeypatch.setattr(module, "send_call", stand_in)
    return stand_in


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr("coord.client.calls.time.sleep", seconds.append)
    return seconds


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / ".git").mkdir(parents=True)
    return folder


@pytest.fixture
def calls(checkout: Path) -> Calls:
    return Calls(Workspace(str(checkout)), ME, Timeouts(replay=5))


def say(calls: Calls, subject: str) -> Answer:
    return calls.write("POST", "/messages", {"from_session": ME, "subject": subject, "body": ""})


def test_a_write_is_sent_at_once_with_an_id_and_nothing_is_kept(calls: Calls, coord: Coord) -> None:
    assert say(calls, "a").json == {"name": "a"}
    (sent,) = coord.calls
    assert sent.path == f"{BASE}/messages"
    assert len((sent.body or {})["id"]) == 36
    assert calls.queue.is_empty
    assert not Path(calls.queue.path).exists()


def test_what_is_sent_at_once_is_judged_by_coords_clock(calls: Calls, coord: Coord) -> None:
    calls.write("PUT", "/components/p/api", {"state": "built"})
    calls.write("DELETE", "/sessions?session_id=a")
    assert "observed_at" not in str([(call.path, call.body) for call in coord.calls])


def test_one_that_cannot_be_sent_is_kept_as_it_was_tried(calls: Calls, coord: Coord) -> None:
    coord.reply = gone
    with pytest.raises(Queued, match="it is away") as raised:
        say(calls, "a")
    (kept,) = calls.queue.waiting()
    assert kept.body == coord.calls[0].body == raised.value.call.body
    assert kept.ts == raised.value.call.ts


def test_one_that_is_kept_says_when_it_was_decided(calls: Calls, coord: Coord) -> None:
    coord.reply = gone
    with pytest.raises(Queued) as raised:
        calls.write("PUT", "/components/p/api", {"state": "built"})
    assert coord.calls[0].body == {"state": "built"}
    assert (
        raised.value.call.body
        == {"state": "built", "observed_at": raised.value.call.ts}
        == calls.queue.waiting()[0].body
    )


def test_nobody_stands_in_line_for_a_claim_that_was_kept(calls: Calls, coord: Coord) -> None:
    coord.reply = gone
    with pytest.raises(Queued):
        calls.write("POST", "/locks", {"resource": "x", "wait": 30})
    assert (coord.calls[0].body or {})["wait"] == 30
    assert "wait" not in (calls.queue.waiting()[0].body or {})


def test_an_address_that_is_none_loses_nothing_either(calls: Calls) -> None:
    calls.workspace.url = "nonsense"
    with pytest.raises(Queued, match="COORD_URL"):
        say(calls, "a")
    assert len(calls.queue.waiting()) == 1
    with pytest.raises(BadUrl):
        calls.read("/status")


def test_what_waits_is_sent_before_a_newer_call_and_the_caller_gets_its_own_answer(
    calls: Calls, coord: Coord
) -> None:
    coord.reply = gone
    for subject in ("a", "b"):
        with pytest.raises(Queued):
            say(calls, subject)
    coord.calls.clear()
    coord.reply = lambda call: answer(name=name(call))
    assert say(calls, "c").json == {"name": "c"}
    assert coord.names == ["a", "b", "c"]
    assert calls.queue.is_empty


def test_a_newer_call_waits_behind_one_that_cannot_be_sent(calls: Calls, coord: Coord) -> None:
    coord.reply = gone
    for subject in ("a", "b"):
        with pytest.raises(Queued):
            say(calls, subject)
    assert coord.names == ["a", "a"]
    assert [name(call) for call in calls.queue.waiting()] == ["a", "b"]


def test_a_refusal_of_ones_own_call_behind_others_is_the_answer(calls: Calls, coord: Coord) -> None:
    calls.queue.append(message("a"))
    coord.reply = lambda call: (
        refusal(409, "lock_held") if call.path.endswith("/locks") else answer()
    )
    assert calls.write("POST", "/locks", {"resource": "x"}).status == 409
    assert calls.queue.rejected() == []


def test_what_a_shell_left_in_a_worktree_is_not_overtaken_either(
    checkout: Path, coord: Coord
) -> None:
    worktree = checkout / ".claude" / "worktrees" / "x"
    worktree.mkdir(parents=True)
    git = checkout / ".git" / "worktrees" / "x"
    git.mkdir(parents=True)
    (git / "commondir").write_text("../..\n")
    (worktree / ".git").write_text(f"gitdir: {git}\n")
    calls = Calls(Workspace(str(worktree)), ME, Timeouts(replay=5))
    shell_adds(Queue("", [str(worktree / ".claude" / "coord-queue.jsonl")]), shell_line())
    calls.queue.append(message("main"))
    assert say(calls, "new").json == {"name": "new"}
    assert coord.names == ["s", "main", "new"]
    assert not list(worktree.glob(".claude/coord-queue.jsonl"))


def test_while_another_process_replays_a_call_is_kept_behind_the_others(
    calls: Calls, coord: Coord
) -> None:
    calls.queue.append(message("a"))
    calls.timeouts.replay = 0.0
    with (
        FileLock(f"{calls.queue.folder}/replay.lock", 0),
        pytest.raises(Queued, match="another process"),
    ):
        say(calls, "b")
    assert coord.calls == []
    assert len(calls.queue.waiting()) == 2


def test_one_that_another_process_sent_meanwhile_is_asked_for_again_with_its_id(
    calls: Calls, coord: Coord, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls.queue.append(message("a"))
    append = Queue.append

    def sent_by_another(queue: Queue, call: Call) -> Any:
        workspace = append(queue, call)
        again(queue).replay(lambda call: coord("", call.method, call.path, call.body, {}, 1))
        return workspace

    monkeypatch.setattr(Queue, "append", sent_by_another)
    assert say(calls, "b").json == {"name": "b"}
    assert coord.names == ["a", "b", "b"]
    assert coord.calls[1].body == coord.calls[2].body


def test_also_when_newer_ones_cannot_be_sent_any_more(
    calls: Calls, coord: Coord, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls.queue.append(message("a"))
    append = Queue.append

    def sent_by_another(queue: Queue, call: Call) -> Any:
        workspace = append(queue, call)
        again(queue).replay(lambda call: coord("", call.method, call.path, call.body, {}, 1))
        append(queue, message("newer"))
        return workspace

    coord.reply = lambda call: gone(call) if name(call) == "newer" else answer(name=name(call))
    monkeypatch.setattr(Queue, "append", sent_by_another)
    assert say(calls, "b").json == {"name": "b"}


def test_a_caller_that_knows_that_coord_is_away_tries_nothing(calls: Calls, coord: Coord) -> None:
    calls.offline = True
    for subject in ("a", "b"):
        with pytest.raises(Queued):
            say(calls, subject)
    with pytest.raises(Away):
        calls.read("/status")
    assert coord.calls == []
    assert len(calls.queue.waiting()) == 2


@pytest.mark.parametrize(
    ("asked", "retry_after", "waits"),
    [
        (30, 60, [30]),
        (60, 60, [60]),
        (61, 60, []),
        (30, 0, []),
        (0, 60, [0]),
        (0, 0, []),
        (None, 60, []),
    ],
)
def test_a_retry_after_is_waited_for_once_by_who_can(
    asked: float | None,
    retry_after: float,
    waits: list[float],
    calls: Calls,
    coord: Coord,
    slept: list[float],
) -> None:
    received: list[str] = []
    calls.timeouts.retry_after, calls.timeouts.notice = retry_after, received.append
    coord.reply = soon(asked)
    with pytest.raises(Queued, match="Database unavailable"):
        say(calls, "a")
    assert slept == waits
    assert len(coord.calls) == 1 + len(waits)
    assert len(received) == len(waits)
    assert len({(call.body or {})["id"] for call in coord.calls}) == 1
    assert len(calls.queue.waiting()) == 1


def test_a_replay_waits_for_no_retry_after(calls: Calls, coord: Coord, slept: list[float]) -> None:
    calls.timeouts.retry_after = 60
    calls.queue.append(message("a"))
    coord.reply = soon(30)
    with pytest.raises(Queued):
        say(calls, "b")
    assert slept == []
    assert len(coord.calls) == 1


def test_what_is_asked_is_never_kept(calls: Calls, coord: Coord) -> None:
    coord.reply = gone
    with pytest.raises(Away):
        calls.ask("POST", "/sessions/heartbeat", {"session_id": ME})
    assert calls.queue.is_empty


def test_a_read_names_the_session_and_a_call_carries_the_token(calls: Calls, coord: Coord) -> None:
    calls.workspace.token = "secret"
    calls.read("/status", headers={"Accept": "text/plain"})
    calls.read("/health")
    say(calls, "a")
    assert coord.headers[0] == {
        "X-Coord-Session": ME,
        "Accept": "text/plain",
        "Authorization": "Bearer secret",
    }
    assert coord.headers[2] == {"Authorization": "Bearer secret"}
    assert [call.path for call in coord.calls[:2]] == [f"{BASE}/status", "/health"]


def test_a_call_may_have_more_time_than_others(calls: Calls, coord: Coord) -> None:
    calls.write("POST", "/locks", {"resource": "x", "wait": 30}, timeout=40)
    say(calls, "a")
    assert coord.timeouts == [40, 10]


# --- what cannot be kept --------------------------------------------------------------------------


def test_a_call_that_can_neither_be_sent_nor_kept_says_so(calls: Calls, coord: Coord) -> None:
    Path(calls.queue.folder).parent.mkdir(parents=True, exist_ok=True)
    Path(calls.queue.folder).write_text("a file where the folder should be")
    coord.reply = gone
    with pytest.raises(
        NotQueued, match=r"it is away\. And the call could not be queued in .*queue\.jsonl"
    ):
        say(calls, "a")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            PermissionError(13, "denied"),
            id="denied",
            marks=pytest.mark.skipif(
                os.name == "nt", reason="calls may wait in what others have open"
            ),
        ),
        pytest.param(OSError(30, "read-only"), id="read-only"),
    ],
)
def test_where_the_queue_cannot_even_be_looked_at_calls_are_sent(
    calls: Calls, coord: Coord, error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **kwargs: Any) -> Iterator[str]:
        raise error

    monkeypatch.setattr(os, "lstat", fails)
    assert say(calls, "a").ok
    coord.reply = gone
    with pytest.raises(NotQueued):
        say(calls, "b")


def test_a_full_queue_says_that_this_call_is_lost(
    calls: Calls, coord: Coord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "MAX_BYTES", 10)
    coord.reply = gone
    with pytest.raises(Queued):
        say(calls, "a")
    with pytest.raises(NotQueued, match="NOT queued"):
        say(calls, "b")
    assert len(calls.queue.waiting()) == 1


def test_a_stopped_process_that_holds_the_file_makes_a_call_that_is_not_kept_not_one_that_hangs(
    calls: Calls, coord: Coord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "FILE_LOCK_S", 0.0)
    coord.reply = gone
    calls.workspace.make_state_folder()
    with (
        FileLock(f"{calls.queue.folder}/queue.lock", 0),
        pytest.raises(NotQueued, match="another process holds"),
    ):
        say(calls, "a")


def test_a_place_where_the_state_cannot_be_noted_sends_nothing_of_what_waits(
    calls: Calls, coord: Coord, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls.queue.append(message("a"))

    def full(path: str, content: bytes) -> None:
        raise OSError(28, "no room")

    monkeypatch.setattr(progress, "write_whole", full)
    with pytest.raises(Queued, match="no room"):
        say(calls, "b")
    assert coord.calls == []
    assert len(calls.queue.waiting()) == 2


def test_what_is_kept_is_what_the_contract_says(calls: Calls, coord: Coord) -> None:
    coord.reply = gone
    with pytest.raises(Queued):
        calls.write("DELETE", "/locks?session_id=host/a b&release_all=true")
    told = json.loads(Path(calls.queue.path).read_text())
    assert list(told) == ["ts", "method", "path", "body"]
    assert told["path"].startswith(
        "/api/coord/locks?session_id=host/a%20b&release_all=true&observed_at=20"
    )
