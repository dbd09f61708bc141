"""Ids and times that make a queued call safe to send twice and late."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from coord.client.percent import quote
from coord.client.queue import BASE, Call, Queue, new_id, seconds_of, timestamp
from tests.client.recording import (
    ME,
    Recorder,
    again,
    answer,
    away,
    message,
    name,
    refusal,
    shell_adds,
    shell_line,
    shell_time,
)


def content(queue: Queue) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(queue.path).read_bytes().splitlines()]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("locks", "id"),
        ("workflows", "id"),
        ("work-items", "id"),
        ("messages", "id"),
        ("work-items/claim", "claim_id"),
    ],
)
def test_a_create_of_a_shell_without_an_id_gets_one_that_is_the_same_each_time(
    queue: Queue, path: str, field: str
) -> None:
    line = shell_line(ts=timestamp(time.time()), path=f"{BASE}/{path}", body={"session_id": ME})
    shell_adds(queue, line.rstrip("\n"))
    server = Recorder(away)
    queue.replay(server)
    shell_adds(queue, "\n")
    again(queue).replay(server)
    ids = {(call.body or {})[field] for call in server.calls}
    assert len(server.calls) == 2
    assert len(ids) == 1
    assert uuid.UUID(ids.pop())


def test_an_id_that_the_client_chose_stays(queue: Queue) -> None:
    shell_adds(queue, shell_line(body={"id": "chosen", "subject": "s"}))
    server = Recorder()
    queue.replay(server)
    assert server.calls[0].body == {"id": "chosen", "subject": "s"}


def test_the_same_line_twice_is_two_messages(queue: Queue) -> None:
    shell_adds(queue, shell_line(), shell_line())
    server = Recorder()
    queue.replay(server)
    assert len({(call.body or {})["id"] for call in server.calls}) == 2


def test_the_same_line_in_the_queues_of_two_checkouts_is_two_messages(tmp_path: Path) -> None:
    server = Recorder()
    for folder in ("one", "two"):
        queue = Queue(
            str(tmp_path / folder),
            [str(tmp_path / "checkouts" / folder / ".claude" / "coord-queue.jsonl")],
        )
        shell_adds(queue, shell_line())
        queue.replay(server)
    assert len({(call.body or {})["id"] for call in server.calls}) == 2


def test_ids_of_our_own_are_uuids_that_sort_by_time() -> None:
    made = []
    for _ in range(3):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)
    assert all(uuid.UUID(each).version == 7 for each in made)


TIMED = {
    "component": ("PUT", "/components/p/api", {"state": "built"}),
    "component-in-body": (
        "PUT",
        "/components",
        {"project_key": "p", "component": "api", "state": "built"},
    ),
    "work-item": ("PATCH", f"/work-items/{uuid.uuid4()}", {"status": "completed"}),
    "workflow": ("PATCH", f"/workflows/{uuid.uuid4()}", {"status": "completed"}),
    "claim": ("POST", "/locks", {"id": "x", "session_id": ME, "project_key": "p", "resource": "a"}),
    "renewal": ("PATCH", f"/locks/{uuid.uuid4()}", {"session_id": ME}),
    "release-in-body": ("DELETE", "/locks", {"session_id": ME, "release_all": True}),
}


@pytest.mark.parametrize(("method", "path", "body"), TIMED.values(), ids=TIMED.keys())
def test_what_could_overwrite_newer_truth_says_in_its_line_when_it_was_decided(
    queue: Queue, method: str, path: str, body: dict[str, Any]
) -> None:
    call = Call(method, BASE + path, body)
    queue.append(call)
    (told,) = content(queue)
    assert told["body"] == {**body, "observed_at": told["ts"]} == call.body


@pytest.mark.parametrize(
    "path",
    [
        "components/p/api?session_id=a",
        "locks/x?session_id=a",
        "locks?session_id=a&release_all=true",
    ],
)
def test_what_takes_back_says_so_in_its_query(queue: Queue, path: str) -> None:
    call = Call("DELETE", f"{BASE}/{path}")
    queue.append(call)
    (told,) = content(queue)
    assert told["path"] == f"{BASE}/{path}&observed_at={quote(told['ts'])}" == call.path
    assert told["body"] is None


@pytest.mark.parametrize(
    "call", [message("a"), Call("PUT", f"{BASE}/messages/read", {"ids": []})], ids=name
)
def test_what_cannot_says_nothing_of_it(queue: Queue, call: Call) -> None:
    queue.append(call)
    assert "observed_at" not in json.dumps(content(queue))


def test_the_time_that_a_caller_gave_stays(queue: Queue) -> None:
    queue.append(
        Call(
            "PUT",
            f"{BASE}/components/p/api",
            {"state": "built", "observed_at": "2026-01-01T00:00:00Z"},
        )
    )
    assert content(queue)[0]["body"]["observed_at"] == "2026-01-01T00:00:00Z"


def test_a_shells_whole_second_means_its_end_so_that_nothing_earlier_in_it_is_spared(
    queue: Queue,
) -> None:
    second = shell_time()
    shell_adds(
        queue,
        shell_line(
            ts=second, method="PUT", path=f"{BASE}/components/p/api", body={"state": "built"}
        ),
    )
    server = Recorder()
    queue.replay(server)
    assert (server.calls[0].body or {})["observed_at"] == f"{second[:19]}.999999Z"


def test_a_line_without_a_time_gets_none(queue: Queue) -> None:
    shell_adds(
        queue,
        shell_line(method="PUT", path=f"{BASE}/components/p/api", body={"state": "built"}, ts=None),
    )
    server = Recorder()
    queue.replay(server)
    assert server.calls[0].body == {"state": "built"}


def test_a_line_is_never_older_than_the_one_before_it_also_when_the_clock_was_put_back(
    queue: Queue,
) -> None:
    now = time.time()
    times = [timestamp(now), timestamp(now - 90), timestamp(now + 1)]
    for ts in times:
        queue.append(Call("PATCH", f"{BASE}/work-items/x", {"status": "blocked"}, ts))
    assert [told["ts"] for told in content(queue)] == [times[0], times[0], times[2]]
    assert all(told["body"]["observed_at"] == told["ts"] for told in content(queue))


def test_nor_than_a_shells_whole_second(queue: Queue) -> None:
    second = shell_time()
    shell_adds(queue, shell_line(ts=second))
    queue.append(Call("PATCH", f"{BASE}/work-items/x", {}, f"{second[:19]}.300000Z"))
    assert content(queue)[1]["ts"] == f"{second[:19]}.999999Z"


def test_a_line_from_the_far_future_does_not_spoil_those_behind_it(queue: Queue) -> None:
    shell_adds(queue, shell_line(ts=shell_time(ago_s=-365 * 86400)))
    queue.append(message("a"))
    assert seconds_of(content(queue)[1]["ts"]) == pytest.approx(time.time(), abs=60)


def test_what_was_queued_later_about_a_thing_is_newer_however_far_the_clock_was_put_back(
    queue: Queue,
) -> None:
    now = time.time()
    ahead = timestamp(now + 3600)
    item = f"{BASE}/work-items/x"
    queue.append(Call("PATCH", item, {"status": "blocked"}, ahead))
    queue.append(Call("PUT", f"{BASE}/components/p/api", {"state": "building"}, ahead))
    for call in (
        Call("PATCH", item, {"status": "completed"}),
        Call("PUT", f"{BASE}/components", {"project_key": "p", "component": "api", "state": "up"}),
        Call("PUT", f"{BASE}/components/p/web", {"state": "up"}),
    ):
        call.ts = timestamp(now)
        queue.append(call)
    server = Recorder()
    queue.replay(server)
    times = [(call.body or {})["observed_at"] for call in server.calls]
    assert times == [ahead, ahead, ahead, ahead, timestamp(now)]


@pytest.mark.parametrize(
    ("ts", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("2025-11-25T10:00:00Z", 1764064800.0),
        ("2025-11-25T10:00:00.250000Z", 1764064800.25),
        ("2025-11-25T10:00:00.123456789Z", 1764064800.123456789),
        ("2025-11-25T10:00:00,5+00:00", 1764064800.5),
        ("2025-11-25T12:00:00+02:00", 1764064800.0),
        ("2025-11-25T04:30:00-05:30", 1764064800.0),
        ("2024-02-29T23:59:59Z", 1709251199.0),
        ("2025-11-25 10:00:00Z", None),
        ("2025-13-25T10:00:00Z", None),
        ("2025-11-25T10:00:0xZ", None),
        ("+025-11-25T10:00:00Z", None),
        ("2025-11-25T10:00:00+ab:cd", None),
        ("²025-11-25T10:00:00Z", None),
        ("2025-11-25", None),
        ("", None),
    ],
)
def test_times_that_are_understood(ts: str, seconds: float | None) -> None:
    assert seconds_of(ts) == seconds


def test_a_timestamp_is_read_back_to_the_microsecond() -> None:
    for at in (1764064800.000001, 1764064800.999999, 1764064800.9999999, time.time()):
        assert abs((seconds_of(timestamp(at)) or 0) - at) < 1e-6


def test_the_end_of_a_session_says_when_it_was_decided(queue: Queue) -> None:
    queue.append(Call("DELETE", f"{BASE}/sessions?session_id=a"))
    (told,) = content(queue)
    assert "observed_at" not in told["path"]
    server = Recorder()
    queue.replay(server)
    assert server.calls[0].path == f"{told['path']}&observed_at={quote(told['ts'])}"


def test_but_not_behind_a_call_of_that_session_which_coord_sees_only_when_it_is_sent(
    queue: Queue,
) -> None:
    for call in (
        message("a"),
        Call("DELETE", f"{BASE}/sessions?session_id={quote(ME)}"),
        Call("DELETE", f"{BASE}/sessions?session_id=other"),
    ):
        queue.append(call)
    server = Recorder()
    queue.replay(server)
    assert ["observed_at" in call.path for call in server.calls] == [False, False, True]


def test_what_stands_before_counts_also_when_it_was_answered_by_an_earlier_replay(
    queue: Queue,
) -> None:
    queue.append(message("a"))
    queue.append(Call("DELETE", f"{BASE}/sessions?session_id={quote(ME)}"))
    server = Recorder(lambda call: answer() if call.method == "POST" else away(call))
    queue.replay(server)
    server.reply = lambda call: answer()
    queue.replay(server)
    assert [call.method for call in server.calls] == ["POST", "DELETE", "DELETE"]
    assert server.calls[1].path == server.calls[2].path
    assert "observed_at" not in server.calls[2].path


UNKNOWN = {"observed_at": ["Unknown field."]}


@pytest.mark.parametrize(
    "line",
    [
        shell_line(method="PATCH", path=f"{BASE}/work-items/x", body={"status": "blocked"}),
        shell_line(method="DELETE", path=f"{BASE}/sessions?session_id=a", body=None),
        shell_line(
            method="DELETE", path=f"{BASE}/locks", body={"session_id": "a", "release_all": True}
        ),
    ],
    ids=["body", "query", "delete-with-body"],
)
def test_a_coord_that_does_not_know_observed_at_gets_the_call_without_it(
    queue: Queue, line: str
) -> None:
    shell_adds(queue, line)
    server = Recorder(
        lambda call: (
            refusal(422, "invalid", errors=UNKNOWN)
            if "observed_at" in call.line().decode()
            else answer()
        )
    )
    done = queue.replay(server)
    told = json.loads(line)
    assert (done.sent, done.rejected, len(server.calls)) == (1, [], 2)
    assert (server.calls[1].path, server.calls[1].body) == (told["path"], told["body"])


def test_the_time_that_the_caller_gave_is_not_taken_away(queue: Queue) -> None:
    shell_adds(
        queue,
        shell_line(
            method="PUT",
            path=f"{BASE}/components/p/a",
            body={"observed_at": "9999-01-01T00:00:00Z"},
        ),
    )
    server = Recorder(lambda call: refusal(422, "invalid", errors=UNKNOWN))
    assert len(queue.replay(server).rejected) == 1
    assert len(server.calls) == 1
