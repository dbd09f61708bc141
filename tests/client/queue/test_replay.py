"""The order in which a replay sends what waits, and where it stops."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coord.client.answer import SERVER_HEADER, Answer
from coord.client.locked import Busy, FileLock
from coord.client.queue import Call, Queue
from coord.client.queue import queue as queue_module
from coord.client.wire import Away
from tests.client.recording import (
    Recorder,
    again,
    answer,
    away,
    make_old,
    message,
    name,
    refusal,
    shell_adds,
    shell_file,
    shell_line,
)


def refused(call: Call) -> Answer:
    return refusal(422, "invalid", errors={"subject": ["Too long."]})


def test_calls_are_sent_in_the_order_in_which_they_were_queued(queue: Queue) -> None:
    for nth in range(20):
        queue.append(message(str(nth)))
    server = Recorder()
    assert queue.replay(server).sent == 20
    assert server.names == [str(nth) for nth in range(20)]
    assert queue.is_empty


def not_coords(status: int, body: bytes, **headers: str) -> Callable[[Call], Answer]:
    return lambda call: Answer(status, headers, body)


STOPS: dict[str, Callable[[Call], Answer]] = {
    "no-connection": away,
    "forbidden": lambda call: refusal(403, "forbidden"),
    "captive-portal": not_coords(200, b"<html>Please accept our terms</html>"),
    "captive-portal-204": not_coords(204, b""),
    "not-modified": not_coords(304, b""),
    "redirect": not_coords(302, b"", location="https://login.example"),
    "redirect-with-json": not_coords(307, b'{"error": "moved"}'),
    "another-service": not_coords(200, b'{"ok": true}'),
    "another-services-404": not_coords(404, b'{"error": "Not Found"}'),
    "proxy-407": not_coords(407, b"Proxy Authentication Required"),
    "coords-header-and-html": not_coords(404, b"<html>", **{SERVER_HEADER: "0.1.0"}),
    "coords-header-and-a-list": not_coords(200, b"[]", **{SERVER_HEADER: "0.1.0"}),
    "coords-redirect": not_coords(308, b'{"detail": "?"}', **{SERVER_HEADER: "0.1.0"}),
}


@pytest.mark.parametrize("reply", STOPS.values(), ids=STOPS.keys())
def test_at_the_first_call_that_coord_does_not_answer_it_stops_and_keeps_the_rest(
    queue: Queue, reply: Callable[[Call], Answer]
) -> None:
    for each in ("a", "b", "c"):
        queue.append(message(each))
    server = Recorder(lambda call: answer() if name(call) == "a" else reply(call))
    done = queue.replay(server)
    assert server.names == ["a", "b"]
    assert (done.sent, done.waiting, done.rejected) == (1, 2, [])
    assert isinstance(done.why, Away)
    assert [name(call) for call in queue.waiting()] == ["b", "c"]
    assert queue.rejected() == []
    server.reply = lambda call: answer()
    assert queue.replay(server).sent == 2
    assert server.names == ["a", "b", "b", "c"]
    assert queue.is_empty


def test_no_call_is_begun_after_the_time_is_over(queue: Queue) -> None:
    queue.append(message("a"))
    server = Recorder()
    done = queue.replay(server, until=time.monotonic() - 1)
    assert (server.calls, done.waiting, str(done.why)) == ([], 1, "there was no time for more")


def test_the_answer_to_ones_own_call_is_given_to_the_caller_and_not_set_aside(queue: Queue) -> None:
    queue.append(message("a"))
    workspace = queue.append(message("b"))
    queue.append(message("c"))
    done = queue.replay(Recorder(refused), own=workspace)
    assert done.answer is not None
    assert done.answer.status == 422
    assert [name(Call("POST", "", told["body"])) for told in done.rejected] == ["a", "c"]


def test_a_place_is_ones_own_also_behind_a_torn_line_and_what_a_shell_adds(queue: Queue) -> None:
    shell_adds(queue, "torn")
    make_old(shell_file(queue))
    workspace = queue.append(message("b"))
    shell_adds(queue, shell_line())
    assert not queue.is_answered(workspace)
    done = queue.replay(Recorder(lambda call: answer(name=name(call))), own=workspace)
    assert done.answer is not None
    assert done.answer.json == {"name": "b"}
    assert queue.is_answered(workspace)


def test_what_is_queued_during_a_replay_is_sent_by_it(queue: Queue) -> None:
    queue.append(message("a"))

    def reply(call: Call) -> Answer:
        if name(call) == "a":
            queue.append(message("b"))
            shell_adds(queue, shell_line(body={"subject": "c"}))
        return answer()

    server = Recorder(reply)
    assert queue.replay(server).sent == 3
    assert server.names == ["a", "b", "c"]
    assert queue.is_empty


def test_while_one_process_replays_another_sends_nothing(queue: Queue) -> None:
    queue.append(message("a"))
    second: list[Any] = []

    def reply(call: Call) -> Answer:
        second.append(again(queue).replay(Recorder(lambda call: pytest.fail("sent twice"))))
        return answer()

    queue.replay(Recorder(reply))
    assert (second[0].busy, second[0].sent, second[0].waiting) == (True, 0, 1)


def test_queueing_goes_on_while_another_process_replays(queue: Queue) -> None:
    Path(queue.folder).mkdir()
    with FileLock(f"{queue.folder}/replay.lock", 0):
        queue.append(message("a"))
    assert [name(call) for call in queue.waiting()] == ["a"]


def test_a_process_that_is_stopped_in_the_middle_of_its_line_makes_the_others_busy_not_hang(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "FILE_LOCK_S", 0.0)
    Path(queue.folder).mkdir()
    with FileLock(f"{queue.folder}/queue.lock", 0), pytest.raises(Busy):
        queue.append(message("a"))
