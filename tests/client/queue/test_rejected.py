"""Calls that coord refused: set aside, and reported once."""

import time
from pathlib import Path
from typing import Any

import pytest

from coord.client.answer import Answer
from coord.client.queue import BASE, Call, Queue, rejected, seconds_of
from coord.client.queue.progress import Progress
from tests.client.recording import (
    ME,
    Recorder,
    again,
    answer,
    claim,
    message,
    name,
    refusal,
    shell_adds,
    shell_line,
)


def refused(call: Call) -> Answer:
    return refusal(422, "invalid", errors={"subject": ["Too long."]})


def test_a_refused_call_is_set_aside_with_the_answer_and_the_rest_goes_on(queue: Queue) -> None:
    calls = [message("a"), message("b")]
    for call in calls:
        queue.append(call)
    server = Recorder(lambda call: refused(call) if name(call) == "a" else answer())
    done = queue.replay(server)
    (told,) = queue.rejected()
    assert done.rejected == [told]
    assert done.waiting == 0
    assert queue.is_empty
    assert server.names == ["a", "b"]
    assert list(told) == [
        "place",
        "ts",
        "method",
        "path",
        "body",
        "rejected_at",
        "status",
        "answer",
    ]
    assert (told["method"], told["path"], told["body"], told["ts"]) == (
        "POST",
        f"{BASE}/messages",
        calls[0].body,
        calls[0].ts,
    )
    assert told["status"] == 422
    assert told["answer"]["errors"] == {"subject": ["Too long."]}
    assert seconds_of(told["rejected_at"]) == pytest.approx(time.time(), abs=60)


def test_a_refused_call_is_reported_once(queue: Queue) -> None:
    queue.append(message("a"))
    queue.replay(Recorder(refused))
    assert len(queue.take_unreported()) == 1
    assert again(queue).take_unreported() == []
    queue.append(message("b"))
    queue.replay(Recorder(refused))
    assert [told["body"]["subject"] for told in queue.take_unreported()] == ["b"]
    assert len(queue.rejected()) == 2


def test_two_calls_that_say_the_same_are_two_when_they_are_refused(queue: Queue) -> None:
    shell_adds(queue, shell_line(body={"id": "x"}), shell_line(body={"id": "x"}))
    queue.replay(Recorder(refused))
    assert len(queue.take_unreported()) == 2


def test_a_process_that_dies_between_setting_aside_and_noting_that_does_not_set_aside_twice(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    queue.append(message("a"))
    with monkeypatch.context() as patch:
        saves: list[None] = []

        def save(*args: Any) -> None:
            saves.append(None)
            if len(saves) == 2:
                raise Killed

        patch.setattr(Progress, "save", save)
        with pytest.raises(Killed):
            queue.replay(Recorder(refused))
    assert len(queue.take_unreported()) == 1
    done = queue.replay(Recorder(refused))
    assert (done.sent, done.rejected, len(queue.rejected()), queue.take_unreported()) == (
        1,
        [],
        1,
        [],
    )


def test_forgotten_refusals_are_gone_and_later_ones_reported(queue: Queue) -> None:
    for subject in ("a", "b"):
        queue.append(message(subject))
        queue.replay(Recorder(refused))
        assert [told["body"]["subject"] for told in queue.take_unreported()] == [subject]
        queue.forget_rejected()
        assert queue.rejected() == queue.take_unreported() == []


def test_too_many_refusals_lose_the_older_half_and_what_was_not_reported_still_is(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejected, "MAX_REJECTED_BYTES", 4000)
    reported: list[str] = []
    for nth in range(40):
        queue.append(message(str(nth)))
        queue.replay(Recorder(refused))
        if nth % 3 == 0:
            reported += [told["body"]["subject"] for told in queue.take_unreported()]
    reported += [told["body"]["subject"] for told in queue.take_unreported()]
    assert reported == [str(nth) for nth in range(40)]
    assert Path(queue.rejected_path).stat().st_size <= 4000
    left = [told["body"]["subject"] for told in queue.rejected()]
    assert left == [str(nth) for nth in range(40 - len(left), 40)]
    assert len(left) > 3


def test_a_refusal_that_is_larger_than_the_list_may_be_is_still_reported(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejected, "MAX_REJECTED_BYTES", 1000)
    for subject in ("small", "x" * 5000):
        queue.append(message(subject))
    queue.replay(Recorder(refused))
    assert [len(told["body"]["subject"]) for told in queue.take_unreported()] == [5000]


def test_a_torn_line_in_the_list_of_refusals_does_not_swallow_the_next(queue: Queue) -> None:
    queue.append(message("a"))
    Path(queue.rejected_path).write_text('{"place": "1:0", "ts')
    queue.replay(Recorder(refused))
    assert len(queue.rejected()) == 1


DONE = {
    "lock-gone": (Call("DELETE", f"{BASE}/locks/x?session_id=a"), refusal(404, "not_found")),
    "component-gone": (
        Call("DELETE", f"{BASE}/components/p/a?session_id=a"),
        refusal(404, "not_found"),
    ),
    "lock-taken-up-again": (
        Call("DELETE", f"{BASE}/locks/x?session_id=a"),
        refusal(409, "superseded", lock={}),
    ),
    "session-back": (
        Call("DELETE", f"{BASE}/sessions?session_id=a"),
        refusal(409, "superseded", session={}),
    ),
    "own-first-try": (
        Call("PATCH", f"{BASE}/work-items/x", {"status": "completed", "session_id": ME}),
        refusal(
            409,
            "superseded",
            work_item={"id": "x", "status": "completed", "observed_at": "2026-01-01T00:00:00Z"},
        ),
    ),
    "components-first-try": (
        Call("PUT", f"{BASE}/components/p/a", {"state": "built", "updated_by": ME}),
        refusal(409, "superseded", component={"state": "built", "updated_by": ME, "version": "1"}),
    ),
}


@pytest.mark.parametrize(("call", "reply"), DONE.values(), ids=DONE.keys())
def test_a_refusal_that_says_it_is_so_already_is_no_refusal(
    queue: Queue, call: Call, reply: Answer
) -> None:
    queue.append(call)
    done = queue.replay(Recorder(lambda call: reply))
    assert (done.sent, done.rejected, queue.rejected(), queue.is_empty) == (1, [], [], True)


NOT_DONE = {
    "newer-is-different": (
        Call("PATCH", f"{BASE}/work-items/x", {"status": "completed"}),
        refusal(409, "superseded", work_item={"id": "x", "status": "blocked"}),
    ),
    "component-seen-since": (
        Call("DELETE", f"{BASE}/components/p/a?session_id=a"),
        refusal(409, "superseded", component={}),
    ),
    "post-404": (message("a"), refusal(404, "not_found")),
    "not-holder": (Call("DELETE", f"{BASE}/locks/x?session_id=a"), refusal(403, "not_holder")),
    "lock-held": (claim("x"), refusal(409, "lock_held", lock={})),
}


@pytest.mark.parametrize(("call", "reply"), NOT_DONE.values(), ids=NOT_DONE.keys())
def test_any_other_is(queue: Queue, call: Call, reply: Answer) -> None:
    queue.append(call)
    assert len(queue.replay(Recorder(lambda call: reply)).rejected) == 1
