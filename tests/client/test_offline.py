"""What the queue's file says, what a replay sends, in which order, what it sets aside, and what it leaves as it is."""

import errno
import json
import os
import stat
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coord.client import offline
from coord.client.locked import Busy, Locked
from coord.client.offline import BASE, Call, Queue, QueueFull, new_id, seconds_of, timestamp
from coord.client.wire import SERVER_HEADER, Answer, Away, quote
from tests.client.recording import (
    ME,
    Recorder,
    answer,
    away,
    claim,
    kept,
    make_old,
    message,
    name,
    refusal,
    shell_adds,
    shell_line,
    shell_time,
)


def content(queue: Queue) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(queue.path).read_bytes().splitlines()]


rename = os.replace


def no_links(source: str, target: str) -> None:
    raise OSError(errno.EPERM, "this disk knows no links")


def refused(call: Call) -> Answer:
    return refusal(422, "invalid", errors={"subject": ["Too long."]})


# --- the file -------------------------------------------------------------------------------------------------------------------------


def test_a_line_has_the_four_keys_of_the_contract_and_nothing_else(queue: Queue) -> None:
    call = message("naïve 漢字 🔒\nand a second line")
    queue.append(call)
    (told,) = content(queue)
    assert list(told) == ["ts", "method", "path", "body"]
    assert (told["method"], told["path"], told["body"]) == ("POST", "/api/coord/messages", call.body)
    assert seconds_of(told["ts"]) == pytest.approx(time.time(), abs=60)
    assert Path(queue.path).read_bytes().count(b"\n") == 1 and "漢字".encode() in Path(queue.path).read_bytes()


def test_a_call_without_a_body_says_null(queue: Queue) -> None:
    queue.append(Call("DELETE", f"{BASE}/locks?session_id=a&release_all=true"))
    assert content(queue)[0]["body"] is None


def test_the_folder_is_made_when_it_is_not_there(queue: Queue) -> None:
    assert not Path(queue.path).parent.exists() and queue.is_empty
    queue.append(message("a"))
    assert Path(queue.path).exists() and not queue.is_empty


def test_a_queue_may_be_named_relative_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    queue = Queue("waiting.jsonl")
    queue.append(message("a"))
    monkeypatch.chdir("/")
    assert [name(call) for call in queue.waiting()] == ["a"] and (tmp_path / "waiting.jsonl").exists()


def test_a_link_leads_to_the_queue(queue: Queue, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(queue.path)
    linked = Queue(str(tmp_path / "link.jsonl"))
    linked.append(message("a"))
    shell_adds(linked, shell_line())
    assert [name(call) for call in queue.waiting()] == ["a", "s"]
    server = Recorder()
    linked.replay(server)
    assert server.names == ["a", "s"] and queue.is_empty and not Path(queue.path).exists() and (tmp_path / "link.jsonl").is_symlink()


def test_a_claude_folder_that_is_a_file_is_an_empty_queue_that_keeps_nothing(queue: Queue) -> None:
    Path(queue.path).parent.write_text("")
    assert queue.is_empty and not queue.waiting() and not queue.rejected() and not queue.unreported()
    with pytest.raises(OSError):
        queue.append(message("a"))


def test_lone_surrogates_do_not_stand_in_the_way(queue: Queue) -> None:
    queue.append(message("half \ud83d"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["half ?"]


def test_a_line_that_lost_its_end_does_not_swallow_the_next(queue: Queue) -> None:
    torn = shell_line()[:70]
    shell_adds(queue, torn)
    make_old(queue.path)
    queue.append(message("a"))
    server = Recorder()
    done = queue.replay(server)
    assert server.names == ["a"]
    assert [told["line"] for told in done.rejected] == [torn]


def test_a_whole_call_that_lost_only_its_newline_is_sent(queue: Queue) -> None:
    shell_adds(queue, shell_line().rstrip("\n"))
    queue.append(message("a"))
    server = Recorder()
    assert queue.replay(server).rejected == []
    assert server.names == ["s", "a"]


def test_what_a_shell_wrote_behind_a_torn_line_is_sent(queue: Queue) -> None:
    torn = shell_line(body={"subject": "torn"}).partition("rn")[0]
    shell_adds(queue, torn, shell_line(), shell_line())
    server = Recorder()
    done = queue.replay(server)
    assert server.names == ["s", "s"]
    assert len(done.rejected) == 1 and done.rejected[0]["line"] == torn


def test_two_calls_in_one_line_are_two(queue: Queue) -> None:
    shell_adds(queue, shell_line(body={"subject": "one"}).rstrip("\n"), shell_line(body={"subject": "two"}))
    server = Recorder()
    assert queue.replay(server).rejected == []
    assert server.names == ["one", "two"]
    ids = [(call.body or {})["id"] for call in server.calls]
    assert ids[0] != ids[1]


def test_a_line_that_a_shell_is_writing_gets_the_time_for_it(queue: Queue) -> None:
    line = shell_line(body={"subject": "long"})
    shell_adds(queue, shell_line(body={"subject": "first"}), line[:50])
    server = Recorder()
    done = queue.replay(server)
    assert (server.names, done.rejected, queue.is_empty) == (["first"], [], False)
    shell_adds(queue, line[50:])
    queue.replay(server)
    assert server.names == ["first", "long"] and queue.rejected() == [] and queue.is_empty


def test_one_that_is_never_finished_is_set_aside(queue: Queue) -> None:
    torn = shell_line()[:50]
    shell_adds(queue, torn)
    server = Recorder()
    queue.replay(server)
    make_old(queue.path)
    (told,) = queue.replay(server).rejected
    assert told["line"] == torn and "not a call" in told["answer"]["detail"] and queue.is_empty


@pytest.mark.parametrize(("behind", "sent"), [(shell_line(), 1), (shell_line()[:50], 0), ("hello\n", 0)], ids=["call", "torn", "foreign"])
def test_what_stands_behind_one_that_was_set_aside_is_seen_too(
    queue: Queue, behind: str, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline, "TORN_AFTER_S", 0.0)
    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(os, "replace", lambda source, target: no_links(source, target) if source == queue.path else rename(source, target))
    shell_adds(queue, shell_line()[:50])
    server = Recorder()
    assert len(queue.replay(server).rejected) == 1
    shell_adds(queue, behind)
    assert len(queue.replay(server).rejected) == 1 - sent
    assert server.names == ["s"] * sent and queue.is_empty


def test_queueing_behind_a_line_that_is_being_written_waits_for_its_end(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    line = shell_line()
    shell_adds(queue, line[:50])
    monkeypatch.setattr("coord.client.offline.time.sleep", lambda seconds: shell_adds(queue, line[50:]))
    queue.append(message("a"))
    server = Recorder()
    assert queue.replay(server).rejected == []
    assert server.names == ["s", "a"]


@pytest.mark.parametrize("blank", ["\n", "\n\n\n", "   \n", "\r\n", "\t\n"], ids=repr)
def test_blank_lines_are_nothing(queue: Queue, blank: str) -> None:
    shell_adds(queue, blank, shell_line(), blank)
    server = Recorder()
    done = queue.replay(server)
    assert (server.names, done.sent, done.rejected, queue.is_empty) == (["s"], 1, [], True)


def test_lines_with_the_line_ends_of_windows_are_calls(queue: Queue) -> None:
    shell_adds(queue, shell_line().replace("\n", "\r\n"), shell_line(body={"subject": "t"}).replace("\n", "\r\n"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["s", "t"]


FOREIGN = {
    "no-json": "hello\n",
    "a-number": "17\n",
    "null": "null\n",
    "a-list": '["POST"]\n',
    "an-object": '{"a": 1}\n',
    "a-read": shell_line(method="GET"),
    "another-path": shell_line(path="/etc/passwd"),
    "an-url": shell_line(path="http://elsewhere/api/coord/messages"),
    "path-is-no-text": shell_line(path=["/api/coord/messages"]),
    "body-is-text": shell_line(body='{"a": 1}'),
    "deep": "[" * 100_000 + "\n",
    "bytes": "\udcff\udcfe\x00\n",
    "merge-conflict": "<<<<<<< HEAD\n",
}


@pytest.mark.parametrize("line", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_line_that_is_no_call_is_set_aside_and_the_rest_goes_on(queue: Queue, line: str) -> None:
    shell_adds(queue, shell_line(body={"subject": "before"}), line, shell_line(body={"subject": "after"}))
    server = Recorder()
    done = queue.replay(server)
    assert server.names == ["before", "after"]
    assert len(done.rejected) == len(queue.rejected()) == 1 and queue.is_empty


ODD = {
    "unhashable": shell_line(
        path=f"{BASE}/locks", body={"session_id": ["x"], "resource": {"a": 1}, "resources": [{"b": []}], "ttl_hours": "x"}
    ),
    "unhashable-release": shell_line(method="DELETE", path=f"{BASE}/locks", body={"session_id": {"a": []}, "resource": [1]}),
    "no-body": shell_line(body=None),
    "no-time": shell_line(ts=None),
    "time-is-a-number": shell_line(ts=1764064800),
    "nonsense-time": shell_line(ts="yesterday"),
    "much-too-late": shell_line(ts="9999-99-99T99:99:99Z"),
    "space-in-path": shell_line(method="DELETE", path=f"{BASE}/locks?session_id=host/my agent"),
    "unicode-in-path": shell_line(method="DELETE", path=f"{BASE}/locks?session_id=host/naïve"),
    "newline-in-path": shell_line(method="DELETE", path=f"{BASE}/locks?session_id=a HTTP/1.1\r\nX-Evil: 1\r\n\r\n"),
    "bad-percent": shell_line(method="DELETE", path=f"{BASE}/locks?session_id=%zz%4&resource=%"),
    "surrogate": shell_line(body={"subject": "\ud800"}),
    "more-keys": shell_line(retries=3),
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD.keys())
def test_odd_calls_are_sent_for_coord_to_judge_and_never_block_the_queue(queue: Queue, line: str) -> None:
    shell_adds(queue, line, shell_line(body={"subject": "after"}))
    server = Recorder()
    assert queue.replay(server).sent == 2
    assert server.names[-1] == "after" and queue.is_empty
    assert all(call.path.isascii() and call.path.isprintable() and " " not in call.path for call in server.calls)


# --- ids and times that make a call safe to send twice and late -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "field"),
    [("locks", "id"), ("workflows", "id"), ("work-items", "id"), ("messages", "id"), ("work-items/claim", "claim_id")],
)
def test_a_create_of_a_shell_without_an_id_gets_one_that_is_the_same_each_time(queue: Queue, path: str, field: str) -> None:
    line = shell_line(ts=timestamp(time.time()), path=f"{BASE}/{path}", body={"session_id": ME})
    shell_adds(queue, line.rstrip("\n"))
    server = Recorder(away)
    queue.replay(server)
    shell_adds(queue, "\n")
    Queue(queue.path).replay(server)
    ids = {(call.body or {})[field] for call in server.calls}
    assert len(server.calls) == 2 and len(ids) == 1 and uuid.UUID(ids.pop())


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
        queue = Queue(str(tmp_path / folder / "coord-queue.jsonl"))
        shell_adds(queue, shell_line())
        queue.replay(server)
    assert len({(call.body or {})["id"] for call in server.calls}) == 2


def test_ids_of_our_own_are_uuids_that_sort_by_time() -> None:
    made = []
    for _ in range(3):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made) and all(uuid.UUID(each).version == 7 for each in made)


TIMED = {
    "component": ("PUT", "/components/p/api", {"state": "built"}),
    "component-in-body": ("PUT", "/components", {"project_key": "p", "component": "api", "state": "built"}),
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


@pytest.mark.parametrize("path", ["components/p/api?session_id=a", "locks/x?session_id=a", "locks?session_id=a&release_all=true"])
def test_what_takes_back_says_so_in_its_query(queue: Queue, path: str) -> None:
    call = Call("DELETE", f"{BASE}/{path}")
    queue.append(call)
    (told,) = content(queue)
    assert told["path"] == f"{BASE}/{path}&observed_at={quote(told['ts'])}" == call.path and told["body"] is None


@pytest.mark.parametrize("call", [message("a"), Call("PUT", f"{BASE}/messages/read", {"ids": []})], ids=name)
def test_what_cannot_says_nothing_of_it(queue: Queue, call: Call) -> None:
    queue.append(call)
    assert "observed_at" not in json.dumps(content(queue))


def test_the_time_that_a_caller_gave_stays(queue: Queue) -> None:
    queue.append(Call("PUT", f"{BASE}/components/p/api", {"state": "built", "observed_at": "2026-01-01T00:00:00Z"}))
    assert content(queue)[0]["body"]["observed_at"] == "2026-01-01T00:00:00Z"


def test_a_shells_whole_second_means_its_end_so_that_nothing_earlier_in_it_is_spared(queue: Queue) -> None:
    second = shell_time()
    shell_adds(queue, shell_line(ts=second, method="PUT", path=f"{BASE}/components/p/api", body={"state": "built"}))
    server = Recorder()
    queue.replay(server)
    assert (server.calls[0].body or {})["observed_at"] == f"{second[:19]}.999999Z"


def test_a_line_without_a_time_gets_none(queue: Queue) -> None:
    shell_adds(queue, shell_line(method="PUT", path=f"{BASE}/components/p/api", body={"state": "built"}, ts=None))
    server = Recorder()
    queue.replay(server)
    assert server.calls[0].body == {"state": "built"}


def test_a_line_is_never_older_than_the_one_before_it_also_when_the_clock_was_put_back(queue: Queue) -> None:
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


def test_but_not_behind_a_call_of_that_session_which_coord_sees_only_when_it_is_sent(queue: Queue) -> None:
    for call in (
        message("a"),
        Call("DELETE", f"{BASE}/sessions?session_id={quote(ME)}"),
        Call("DELETE", f"{BASE}/sessions?session_id=other"),
    ):
        queue.append(call)
    server = Recorder()
    queue.replay(server)
    assert ["observed_at" in call.path for call in server.calls] == [False, False, True]


def test_what_stands_before_counts_also_when_it_was_answered_by_an_earlier_replay(queue: Queue) -> None:
    queue.append(message("a"))
    queue.append(Call("DELETE", f"{BASE}/sessions?session_id={quote(ME)}"))
    server = Recorder(lambda call: answer() if call.method == "POST" else away(call))
    queue.replay(server)
    server.reply = lambda call: answer()
    queue.replay(server)
    assert [call.method for call in server.calls] == ["POST", "DELETE", "DELETE"]
    assert server.calls[1].path == server.calls[2].path and "observed_at" not in server.calls[2].path


UNKNOWN = {"observed_at": ["Unknown field."]}


@pytest.mark.parametrize(
    "line",
    [
        shell_line(method="PATCH", path=f"{BASE}/work-items/x", body={"status": "blocked"}),
        shell_line(method="DELETE", path=f"{BASE}/sessions?session_id=a", body=None),
        shell_line(method="DELETE", path=f"{BASE}/locks", body={"session_id": "a", "release_all": True}),
    ],
    ids=["body", "query", "delete-with-body"],
)
def test_a_coord_that_does_not_know_observed_at_gets_the_call_without_it(queue: Queue, line: str) -> None:
    shell_adds(queue, line)
    server = Recorder(lambda call: refusal(422, "invalid", errors=UNKNOWN) if "observed_at" in call.line().decode() else answer())
    done = queue.replay(server)
    told = json.loads(line)
    assert (done.sent, done.rejected, len(server.calls)) == (1, [], 2)
    assert (server.calls[1].path, server.calls[1].body) == (told["path"], told["body"])


def test_the_time_that_the_caller_gave_is_not_taken_away(queue: Queue) -> None:
    shell_adds(queue, shell_line(method="PUT", path=f"{BASE}/components/p/a", body={"observed_at": "9999-01-01T00:00:00Z"}))
    server = Recorder(lambda call: refusal(422, "invalid", errors=UNKNOWN))
    assert len(queue.replay(server).rejected) == 1 and len(server.calls) == 1


# --- the order, and where it stops ----------------------------------------------------------------------------------------------------


def test_calls_are_sent_in_the_order_in_which_they_were_queued(queue: Queue) -> None:
    for nth in range(20):
        queue.append(message(str(nth)))
    server = Recorder()
    assert queue.replay(server).sent == 20
    assert server.names == [str(nth) for nth in range(20)] and queue.is_empty


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
def test_at_the_first_call_that_coord_does_not_answer_it_stops_and_keeps_the_rest(queue: Queue, reply: Callable[[Call], Answer]) -> None:
    for each in ("a", "b", "c"):
        queue.append(message(each))
    server = Recorder(lambda call: answer() if name(call) == "a" else reply(call))
    done = queue.replay(server)
    assert server.names == ["a", "b"]
    assert (done.sent, done.left, done.rejected) == (1, 2, []) and isinstance(done.why, Away)
    assert [name(call) for call in queue.waiting()] == ["b", "c"] and queue.rejected() == []
    server.reply = lambda call: answer()
    assert queue.replay(server).sent == 2
    assert server.names == ["a", "b", "b", "c"] and queue.is_empty


def test_no_call_is_begun_after_the_time_is_over(queue: Queue) -> None:
    queue.append(message("a"))
    server = Recorder()
    done = queue.replay(server, until=time.monotonic() - 1)
    assert (server.calls, done.left, str(done.why)) == ([], 1, "there was no time for more")


def test_the_answer_to_ones_own_call_is_given_to_the_caller_and_not_set_aside(queue: Queue) -> None:
    queue.append(message("a"))
    place = queue.append(message("b"))
    queue.append(message("c"))
    done = queue.replay(Recorder(refused), own=place)
    assert done.answer is not None and done.answer.status == 422
    assert [name(Call("POST", "", told["body"])) for told in done.rejected] == ["a", "c"]


def test_a_place_is_ones_own_also_behind_a_torn_line_and_what_a_shell_adds(queue: Queue) -> None:
    shell_adds(queue, "torn")
    make_old(queue.path)
    place = queue.append(message("b"))
    shell_adds(queue, shell_line())
    assert not queue.is_answered(place)
    done = queue.replay(Recorder(lambda call: answer(name=name(call))), own=place)
    assert done.answer is not None and done.answer.json == {"name": "b"} and queue.is_answered(place)


def test_what_is_queued_during_a_replay_is_sent_by_it(queue: Queue) -> None:
    queue.append(message("a"))

    def reply(call: Call) -> Answer:
        if name(call) == "a":
            queue.append(message("b"))
            shell_adds(queue, shell_line(body={"subject": "c"}))
        return answer()

    server = Recorder(reply)
    assert queue.replay(server).sent == 3
    assert server.names == ["a", "b", "c"] and queue.is_empty


def test_while_one_process_replays_another_sends_nothing(queue: Queue) -> None:
    queue.append(message("a"))
    second: list[Any] = []

    def reply(call: Call) -> Answer:
        second.append(Queue(queue.path).replay(Recorder(lambda call: pytest.fail("sent twice"))))
        return answer()

    queue.replay(Recorder(reply))
    assert (second[0].busy, second[0].sent, second[0].left) == (True, 0, 1)


def test_queueing_goes_on_while_another_process_replays(queue: Queue) -> None:
    with Locked(f"{queue.path[:-6]}.replay.lock", 0):
        queue.append(message("a"))
    assert [name(call) for call in queue.waiting()] == ["a"]


def test_a_process_that_is_stopped_in_the_middle_of_its_line_makes_the_others_busy_not_hang(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline, "FILE_LOCK_S", 0.0)
    with Locked(f"{queue.path[:-6]}.lock", 0), pytest.raises(Busy):
        queue.append(message("a"))


# --- what is refused ------------------------------------------------------------------------------------------------------------------


def test_a_refused_call_is_set_aside_with_the_answer_and_the_rest_goes_on(queue: Queue) -> None:
    calls = [message("a"), message("b")]
    for call in calls:
        queue.append(call)
    server = Recorder(lambda call: refused(call) if name(call) == "a" else answer())
    done = queue.replay(server)
    (told,) = queue.rejected()
    assert done.rejected == [told] and done.left == 0 and queue.is_empty and server.names == ["a", "b"]
    assert list(told) == ["place", "ts", "method", "path", "body", "rejected_at", "status", "answer"]
    assert (told["method"], told["path"], told["body"], told["ts"]) == ("POST", f"{BASE}/messages", calls[0].body, calls[0].ts)
    assert told["status"] == 422 and told["answer"]["errors"] == {"subject": ["Too long."]}
    assert seconds_of(told["rejected_at"]) == pytest.approx(time.time(), abs=60)


def test_a_refused_call_is_reported_once(queue: Queue) -> None:
    queue.append(message("a"))
    queue.replay(Recorder(refused))
    assert len(queue.unreported()) == 1 and Queue(queue.path).unreported() == []
    queue.append(message("b"))
    queue.replay(Recorder(refused))
    assert [told["body"]["subject"] for told in queue.unreported()] == ["b"]
    assert len(queue.rejected()) == 2


def test_two_calls_that_say_the_same_are_two_when_they_are_refused(queue: Queue) -> None:
    shell_adds(queue, shell_line(body={"id": "x"}), shell_line(body={"id": "x"}))
    queue.replay(Recorder(refused))
    assert len(queue.unreported()) == 2


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

        patch.setattr(offline._State, "save", save)
        with pytest.raises(Killed):
            queue.replay(Recorder(refused))
    assert len(queue.unreported()) == 1
    done = queue.replay(Recorder(refused))
    assert (done.sent, done.rejected, len(queue.rejected()), queue.unreported()) == (1, [], 1, [])


def test_forgotten_refusals_are_gone_and_later_ones_reported(queue: Queue) -> None:
    for subject in ("a", "b"):
        queue.append(message(subject))
        queue.replay(Recorder(refused))
        assert [told["body"]["subject"] for told in queue.unreported()] == [subject]
        queue.forget_rejected()
        assert queue.rejected() == queue.unreported() == []


def test_too_many_refusals_lose_the_older_half_and_what_was_not_reported_still_is(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "MOST_REJECTED_BYTES", 4000)
    reported: list[str] = []
    for nth in range(40):
        queue.append(message(str(nth)))
        queue.replay(Recorder(refused))
        if nth % 3 == 0:
            reported += [told["body"]["subject"] for told in queue.unreported()]
    reported += [told["body"]["subject"] for told in queue.unreported()]
    assert reported == [str(nth) for nth in range(40)]
    assert Path(queue.rejected_path).stat().st_size <= 4000
    left = [told["body"]["subject"] for told in queue.rejected()]
    assert left == [str(nth) for nth in range(40 - len(left), 40)] and len(left) > 3


def test_a_refusal_that_is_larger_than_the_list_may_be_is_still_reported(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "MOST_REJECTED_BYTES", 1000)
    for subject in ("small", "x" * 5000):
        queue.append(message(subject))
    queue.replay(Recorder(refused))
    assert [len(told["body"]["subject"]) for told in queue.unreported()] == [5000]


def test_a_torn_line_in_the_list_of_refusals_does_not_swallow_the_next(queue: Queue) -> None:
    queue.append(message("a"))
    Path(queue.rejected_path).write_text('{"place": "1:0", "ts')
    queue.replay(Recorder(refused))
    assert len(queue.rejected()) == 1


DONE = {
    "lock-gone": (Call("DELETE", f"{BASE}/locks/x?session_id=a"), refusal(404, "not_found")),
    "component-gone": (Call("DELETE", f"{BASE}/components/p/a?session_id=a"), refusal(404, "not_found")),
    "lock-taken-up-again": (Call("DELETE", f"{BASE}/locks/x?session_id=a"), refusal(409, "superseded", lock={})),
    "session-back": (Call("DELETE", f"{BASE}/sessions?session_id=a"), refusal(409, "superseded", session={})),
    "own-first-try": (
        Call("PATCH", f"{BASE}/work-items/x", {"status": "completed", "session_id": ME}),
        refusal(409, "superseded", work_item={"id": "x", "status": "completed", "observed_at": "2026-01-01T00:00:00Z"}),
    ),
    "components-first-try": (
        Call("PUT", f"{BASE}/components/p/a", {"state": "built", "updated_by": ME}),
        refusal(409, "superseded", component={"state": "built", "updated_by": ME, "version": "1"}),
    ),
}


@pytest.mark.parametrize(("call", "reply"), DONE.values(), ids=DONE.keys())
def test_a_refusal_that_says_it_is_so_already_is_no_refusal(queue: Queue, call: Call, reply: Answer) -> None:
    queue.append(call)
    done = queue.replay(Recorder(lambda call: reply))
    assert (done.sent, done.rejected, queue.rejected(), queue.is_empty) == (1, [], [], True)


NOT_DONE = {
    "newer-is-different": (
        Call("PATCH", f"{BASE}/work-items/x", {"status": "completed"}),
        refusal(409, "superseded", work_item={"id": "x", "status": "blocked"}),
    ),
    "component-seen-since": (Call("DELETE", f"{BASE}/components/p/a?session_id=a"), refusal(409, "superseded", component={})),
    "post-404": (message("a"), refusal(404, "not_found")),
    "not-holder": (Call("DELETE", f"{BASE}/locks/x?session_id=a"), refusal(403, "not_holder")),
    "lock-held": (claim("x"), refusal(409, "lock_held", lock={})),
}


@pytest.mark.parametrize(("call", "reply"), NOT_DONE.values(), ids=NOT_DONE.keys())
def test_any_other_is(queue: Queue, call: Call, reply: Answer) -> None:
    queue.append(call)
    assert len(queue.replay(Recorder(lambda call: reply)).rejected) == 1


# --- claims that nobody works under any more ------------------------------------------------------------------------------------------


def release(path: str, **named: Any) -> Call:
    return Call("DELETE", f"{BASE}/{path}?{'&'.join(f'{key}={quote(str(value))}' for key, value in named.items())}")


CLAIM = claim("a.py")
LOCK = str((CLAIM.body or {})["id"])
MOOT = {
    "by-id": release(f"locks/{LOCK}", session_id=ME),
    "by-id-in-capitals": release(f"locks/{LOCK.upper()}", session_id=ME),
    "by-name": release("locks", session_id=ME, project_key="p", resource="a.py"),
    "all": release("locks", session_id=ME, release_all="true"),
    "all-1": release("locks", session_id=ME, release_all="1"),
    "all-of-the-project": release("locks", session_id=ME, project_key="p", release_all="true"),
    "all-in-the-body": Call("DELETE", f"{BASE}/locks", {"session_id": ME, "release_all": True}),
    "the-end-of-the-session": release("sessions", session_id=ME),
}
NOT_MOOT = {
    "another-id": release(f"locks/{uuid.uuid4()}", session_id=ME),
    "another-session": release("locks", session_id="other", release_all="true"),
    "another-project": release("locks", session_id=ME, project_key="q", release_all="true"),
    "another-name": release("locks", session_id=ME, project_key="p", resource="b.py"),
    "by-name-of-another": release("locks", session_id="other", project_key="p", resource="a.py"),
    "the-end-of-another": release("sessions", session_id="other"),
    "a-component": Call("DELETE", f"{BASE}/components/p/a.py?session_id=a"),
}


@pytest.mark.parametrize("later", MOOT.values(), ids=MOOT.keys())
def test_a_claim_that_was_released_since_is_not_sent_but_the_release_is(queue: Queue, later: Call) -> None:
    queue.append(CLAIM)
    queue.append(message("between"))
    queue.append(later)
    server = Recorder()
    done = queue.replay(server)
    assert [call.method for call in server.calls] == ["POST", "DELETE"] and server.names[0] == "between"
    assert (done.sent, done.dropped, queue.is_empty) == (2, 1, True)


@pytest.mark.parametrize("later", NOT_MOOT.values(), ids=NOT_MOOT.keys())
def test_one_that_was_not_is_sent(queue: Queue, later: Call) -> None:
    queue.append(CLAIM)
    queue.append(later)
    done = queue.replay(Recorder())
    assert (done.sent, done.dropped) == (2, 0)


@pytest.mark.parametrize("earlier", MOOT.values(), ids=MOOT.keys())
def test_a_release_before_a_claim_does_not_concern_it(queue: Queue, earlier: Call) -> None:
    queue.append(earlier)
    queue.append(CLAIM)
    assert queue.replay(Recorder()).dropped == 0


def test_a_release_in_the_next_file_counts_too(queue: Queue) -> None:
    queue.append(CLAIM)
    Path(queue.path).unlink()
    queue.append(MOOT["by-id"])
    done = queue.replay(Recorder())
    assert (done.sent, done.dropped) == (1, 1)


@pytest.mark.parametrize(("names", "moot"), [(["a", "b"], True), (["a"], False), ([], False)], ids=str)
def test_a_claim_of_several_resources_matters_while_one_of_them_is_not_released(queue: Queue, names: list[str], moot: bool) -> None:
    queue.append(Call("POST", f"{BASE}/locks", {"project_key": "p", "session_id": ME, "resources": ["a", "b"]}))
    for each in names:
        queue.append(release("locks", session_id=ME, project_key="p", resource=each))
    assert queue.replay(Recorder()).dropped == moot


@pytest.mark.parametrize(
    ("age_h", "body", "ended"),
    [
        (2.1, {}, True),
        (1.9, {}, False),
        (0.6, {"ttl_hours": 0.5}, True),
        (0.4, {"ttl_hours": 0.5}, False),
        (9000.0, {"ttl_hours": 0}, False),
        (2.1, {"ttl_hours": None}, True),
        (1.9, {"ttl_hours": True}, False),
        (1.9, {"ttl_hours": "1"}, False),
    ],
)
def test_a_claim_whose_time_is_over_is_not_sent(queue: Queue, age_h: float, body: dict[str, Any], ended: bool) -> None:
    call = claim("x", **body)
    call.ts = timestamp(time.time() - age_h * 3600)
    queue.append(call)
    done = queue.replay(Recorder())
    assert (done.dropped, done.sent) == (int(ended), int(not ended))


# --- shell clients in every window ----------------------------------------------------------------------------------------------------


def test_what_a_shell_removes_while_it_waits_is_sent_all_the_same(queue: Queue) -> None:
    queue.append(message("a"))
    Path(queue.path).unlink()
    assert not queue.is_empty and [name(call) for call in queue.waiting()] == ["a"]
    queue.append(message("b"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["a", "b"] and queue.is_empty


def test_what_a_shell_removes_in_the_middle_of_a_replay_is_sent_all_the_same(queue: Queue) -> None:
    for each in ("a", "b"):
        queue.append(message(each))

    def reply(call: Call) -> Answer:
        Path(queue.path).unlink(missing_ok=True)
        return answer()

    server = Recorder(reply)
    queue.replay(server)
    assert server.names == ["a", "b"] and queue.is_empty


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
    assert removed and [name(call) for call in queue.waiting()] == ["a"] and Path(queue.path).exists()


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
        assert not Path(queue.path).exists() and queue.is_empty
        opened.write(shell_line())
    assert not queue.is_empty
    queue.append(message("b"))
    queue.replay(server)
    assert server.names == ["a", "s", "b"] and queue.is_empty


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
    assert server.names == ["a", "s"] and queue.is_empty


def test_a_file_that_a_shell_begins_anew_in_that_moment_is_sent_too(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    def begins_anew() -> None:
        Path(queue.path).unlink()
        shell_adds(queue, shell_line())

    in_the_window_before("coord-queue.jsonl", begins_anew, monkeypatch)
    queue.append(message("a"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["a", "s"] and queue.is_empty and queue.rejected() == []


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
    assert queue.is_empty and kept(queue) == ["coord-queue.kept.1.jsonl"]
    make_old(folder / "coord-queue.kept.1.jsonl", offline.KEPT_S - 5)
    assert queue.is_empty and kept(queue)
    make_old(folder / "coord-queue.kept.1.jsonl", 10)
    assert queue.is_empty and not kept(queue)
    assert sorted(path.name for path in folder.iterdir()) == ["coord-queue.lock", "coord-queue.replay.lock"]


def test_a_disk_without_hard_links_has_one_name_only(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links)
    server = Recorder(lambda call: answer() if name(call) == "a" else away(call))
    for each in ("a", "b"):
        queue.append(message(each))
    queue.replay(server)
    server.reply = lambda call: answer()
    assert [name(call) for call in queue.waiting()] == ["b"] and not kept(queue)
    queue.replay(server)
    assert queue.is_empty and not Path(queue.path).exists() and kept(queue) == ["coord-queue.kept.1.jsonl"]
    queue.append(message("c"))
    queue.replay(server)
    assert server.names == ["a", "b", "b", "c"] and queue.is_empty


# --- what cannot be kept --------------------------------------------------------------------------------------------------------------


def test_a_full_queue_keeps_what_it_has_and_says_that_this_call_is_not_kept(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "MOST_BYTES", 1000)
    for _ in range(6):
        queue.append(message("a"))
    with pytest.raises(QueueFull, match="NOT kept"):
        queue.append(message("b"))
    server = Recorder()
    assert queue.replay(server).sent == 6 and set(server.names) == {"a"}
    queue.append(message("again"))


def test_what_is_answered_does_not_count(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "MOST_BYTES", 1000)
    for nth in range(5):
        queue.append(message(str(nth)))
    queue.replay(Recorder(lambda call: answer() if name(call) != "4" else away(call)))
    for nth in range(3):
        queue.append(message(str(nth)))


def test_a_line_for_which_the_disk_has_no_room_leaves_no_trace(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_line_that_did_not_reach_the_disk_leaves_no_trace_either(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(file: int) -> None:
        raise OSError(errno.EIO, "broken disk")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="broken disk"):
            queue.append(message("a"))
    assert queue.waiting() == []


def test_the_name_of_a_new_file_is_put_on_the_disk_too(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync

    def noted(file: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(file).st_mode))
        real(file)

    monkeypatch.setattr(os, "fsync", noted)
    queue.append(message("a"))
    assert synced.count(True) >= 1 and synced.count(False) == 1
    synced.clear()
    queue.append(message("b"))
    assert synced == [False]


def test_nothing_is_sent_where_what_becomes_of_it_cannot_be_noted(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.append(message("a"))

    def full(path: str, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(offline, "write_whole", full)
    server = Recorder()
    with pytest.raises(OSError, match="no room"):
        queue.replay(server)
    assert server.calls == []


def test_a_folder_that_is_read_only_keeps_nothing_and_says_so(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: str, flags: int, mode: int = 0) -> int:
        raise OSError(errno.EROFS, "read-only", path)

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(OSError, match="read-only"):
        queue.append(message("a"))
    assert queue.is_empty and not queue.waiting()


@pytest.mark.parametrize(
    "state", [b"", b"{", b"[]", b'{"1": 5}', b'{"1": [1e9, 3]}', b'{"1": [true, 0]}', b'{"x": [1, 2]}', b'{"1": [1, 2]}', b"\xff"]
)
def test_a_state_that_is_damaged_counts_for_nothing_and_loses_nothing(queue: Queue, state: bytes) -> None:
    queue.append(message("a"))
    Path(f"{queue.path[:-6]}.state.json").write_bytes(state)
    server = Recorder()
    queue.replay(server)
    assert server.names == ["a"]
