"""What the queue's file holds, and which of its lines are calls."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from coord.client.queue import BASE, Call, Queue, adoption, seconds_of
from tests.client.recording import (
    Recorder,
    make_old,
    message,
    shell_adds,
    shell_file,
    shell_line,
)


def content(queue: Queue) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(queue.path).read_bytes().splitlines()]


def test_a_line_has_the_four_keys_of_the_contract_and_nothing_else(queue: Queue) -> None:
    call = message("naïve 漢字 🔒\nand a second line")
    queue.append(call)
    (told,) = content(queue)
    assert list(told) == ["ts", "method", "path", "body"]
    assert (told["method"], told["path"], told["body"]) == (
        "POST",
        "/api/coord/messages",
        call.body,
    )
    assert seconds_of(told["ts"]) == pytest.approx(time.time(), abs=60)
    assert Path(queue.path).read_bytes().count(b"\n") == 1
    assert "漢字".encode() in Path(queue.path).read_bytes()


def test_a_call_without_a_body_says_null(queue: Queue) -> None:
    queue.append(Call("DELETE", f"{BASE}/locks?session_id=a&release_all=true"))
    assert content(queue)[0]["body"] is None


def test_the_folder_is_made_when_it_is_not_there(queue: Queue) -> None:
    assert not Path(queue.path).parent.exists()
    assert queue.is_empty
    queue.append(message("a"))
    assert Path(queue.path).exists()
    assert not queue.is_empty


def test_a_folder_that_is_a_file_is_an_empty_queue_that_keeps_nothing(queue: Queue) -> None:
    Path(queue.folder).write_text("")
    assert queue.is_empty
    assert not queue.waiting()
    assert not queue.rejected()
    assert not queue.take_unreported()
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
    make_old(shell_file(queue))
    queue.append(message("a"))
    server = Recorder()
    done = queue.replay(server)
    assert server.names == ["a"]
    assert [refusal["line"] for refusal in done.rejected] == [torn]


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
    assert len(done.rejected) == 1
    assert done.rejected[0]["line"] == torn


def test_two_calls_in_one_line_are_two(queue: Queue) -> None:
    shell_adds(
        queue, shell_line(body={"subject": "one"}).rstrip("\n"), shell_line(body={"subject": "two"})
    )
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
    assert server.names == ["first", "long"]
    assert queue.rejected() == []
    assert queue.is_empty


def test_one_that_is_never_finished_is_set_aside(queue: Queue) -> None:
    torn = shell_line()[:50]
    shell_adds(queue, torn)
    server = Recorder()
    queue.replay(server)
    make_old(shell_file(queue))
    (told,) = queue.replay(server).rejected
    assert told["line"] == torn
    assert "not a call" in told["answer"]["detail"]
    assert queue.is_empty


@pytest.mark.parametrize(
    ("behind", "is_call"),
    [(shell_line(), True), (shell_line()[:50], False), ("hello\n", False)],
    ids=["call", "torn", "foreign"],
)
def test_what_stands_behind_one_that_was_set_aside_is_seen_too(
    queue: Queue, behind: str, is_call: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "TORN_AFTER_S", 0.0)
    shell_adds(queue, shell_line()[:50])
    server = Recorder()
    assert len(queue.replay(server).rejected) == 1
    shell_adds(queue, behind)
    assert len(queue.replay(server).rejected) == (not is_call)
    assert server.names == ["s"] * is_call
    assert queue.is_empty


def test_queueing_does_not_wait_for_a_line_that_a_shell_is_writing(queue: Queue) -> None:
    line = shell_line()
    shell_adds(queue, line[:50])
    queue.append(message("a"))
    shell_adds(queue, line[50:])
    server = Recorder()
    assert queue.replay(server).rejected == []
    assert server.names == ["a", "s"]


@pytest.mark.parametrize("blank", ["\n", "\n\n\n", "   \n", "\r\n", "\t\n"], ids=repr)
def test_blank_lines_are_nothing(queue: Queue, blank: str) -> None:
    shell_adds(queue, blank, shell_line(), blank)
    server = Recorder()
    done = queue.replay(server)
    assert (server.names, done.sent, done.rejected, queue.is_empty) == (["s"], 1, [], True)


def test_lines_with_the_line_ends_of_windows_are_calls(queue: Queue) -> None:
    shell_adds(
        queue,
        shell_line().replace("\n", "\r\n"),
        shell_line(body={"subject": "t"}).replace("\n", "\r\n"),
    )
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
    shell_adds(
        queue, shell_line(body={"subject": "before"}), line, shell_line(body={"subject": "after"})
    )
    server = Recorder()
    done = queue.replay(server)
    assert server.names == ["before", "after"]
    assert len(done.rejected) == len(queue.rejected()) == 1
    assert queue.is_empty


ODD = {
    "unhashable": shell_line(
        path=f"{BASE}/locks",
        body={
            "session_id": ["x"],
            "resource": {"a": 1},
            "resources": [{"b": []}],
            "ttl_hours": "x",
        },
    ),
    "unhashable-release": shell_line(
        method="DELETE", path=f"{BASE}/locks", body={"session_id": {"a": []}, "resource": [1]}
    ),
    "no-body": shell_line(body=None),
    "no-time": shell_line(ts=None),
    "time-is-a-number": shell_line(ts=1764064800),
    "nonsense-time": shell_line(ts="yesterday"),
    "much-too-late": shell_line(ts="9999-99-99T99:99:99Z"),
    "space-in-path": shell_line(
        method="DELETE", body=None, path=f"{BASE}/locks?session_id=host/my agent"
    ),
    "unicode-in-path": shell_line(
        method="DELETE", body=None, path=f"{BASE}/locks?session_id=host/naïve"
    ),
    "newline-in-path": shell_line(
        method="DELETE", body=None, path=f"{BASE}/locks?session_id=a HTTP/1.1\r\nX-Evil: 1\r\n\r\n"
    ),
    "bad-percent": shell_line(
        method="DELETE", body=None, path=f"{BASE}/locks?session_id=%zz%4&resource=%"
    ),
    "surrogate": shell_line(body={"subject": "\ud800"}),
    "more-keys": shell_line(retries=3),
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD.keys())
def test_odd_calls_are_sent_for_coord_to_judge_and_never_block_the_queue(
    queue: Queue, line: str
) -> None:
    shell_adds(queue, line, shell_line(body={"subject": "after"}))
    server = Recorder()
    assert queue.replay(server).sent == 2
    assert server.names[-1] == "after"
    assert queue.is_empty
    assert all(
        call.path.isascii() and call.path.isprintable() and " " not in call.path
        for call in server.calls
    )


def powershell_line(subject: str) -> str:
    body = {"from_session": "here/me", "subject": subject}
    return json.dumps(json.loads(shell_line(body=body)), ensure_ascii=False) + "\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        [("utf-16", "größe"), ("utf-16-le", "zwei"), ("utf-16-le", "drei")],
        [("utf-8", "größe"), ("utf-16-le", "zwei"), ("utf-8", "drei")],
        [("utf-8-sig", "größe"), ("utf-8", "zwei"), ("utf-8", "drei")],
    ],
    ids=["PowerShell 5.1", "PowerShell and sh", "a mark"],
)
def test_the_encodings_in_which_powershell_adds_lines_are_read(
    queue: Queue, parts: list[tuple[str, str]]
) -> None:
    content = b"".join(powershell_line(subject).encode(encoding) for encoding, subject in parts)
    shell_file(queue).parent.mkdir(parents=True)
    shell_file(queue).write_bytes(content)
    server = Recorder()
    queue.replay(server)
    assert server.names == ["größe", "zwei", "drei"]
    assert queue.rejected() == []
    assert queue.is_empty


def test_a_line_in_another_code_page_is_set_aside_and_told(queue: Queue) -> None:
    shell_file(queue).parent.mkdir(parents=True)
    shell_file(queue).write_bytes(powershell_line("größe").encode("cp850"))
    queue.replay(Recorder())
    (rejected,) = queue.take_unreported()
    assert "größe".encode("cp850").decode("utf-8", "replace") in rejected["line"]
