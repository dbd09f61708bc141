"""`coord send`, `inbox` and `read`."""

import subprocess
import uuid

import pytest

from tests.client.cli.conftest import Person, answering
from tests.service import until


def test_a_message_reaches_its_recipient_with_the_banner_of_the_protocol(
    me: Person, other: Person
) -> None:
    message = me(
        "send",
        "--to",
        other.session,
        "src/app.py",
        "When are you\ndone?",
        "--ack",
        "-i",
        "high",
        "--json",
    ).json
    assert other("inbox").lines == [
        "=== coord: 1 unread ===",
        f"[high] {me.session} -> {other.session}: src/app.py",
        f"  {message['created_at']}  {message['id']}  wants an ack",
        "| When are you",
        "| done?",
    ]
    assert me("inbox").out == "=== coord: 0 unread ===\n"


def test_without_a_recipient_it_goes_to_all(me: Person, other: Person) -> None:
    assert me("send", "api is down").out.startswith("sent to all  id ")
    assert "-> all: api is down" in other("inbox").out


def test_a_recipient_that_was_never_seen_is_warned_of(me: Person, other: Person) -> None:
    result = me("send", "--to", "web-3/agnet", "hello")
    assert result.code == 0
    assert "no session named web-3/agnet has been seen" in result.err
    other("checkin")
    result = me("send", "--to", other.session, "hello")
    assert result.err == ""
    assert "last seen" in result.out


def test_a_recipient_that_has_ended_is_warned_of(me: Person, other: Person) -> None:
    other("checkin")
    other("end")
    result = me("send", "--to", other.session, "hello")
    assert result.code == 0
    assert f"{other.session} has ended" in result.err
    other("checkin")
    assert me("send", "--to", other.session, "hello").err == ""


def test_a_body_may_come_from_standard_input(me: Person, other: Person) -> None:
    me("send", "--to", other.session, "log", "-", stdin="one\ntwo\n")
    assert other("inbox", "--json").json["items"][0]["body"] == "one\ntwo\n"


def test_a_body_in_another_code_page_is_refused_with_what_to_do(me: Person, other: Person) -> None:
    result = me("send", "--to", other.session, "log", "-", stdin="größe".encode("cp850"))
    assert result.code == 2
    assert "Save it as UTF-8" in result.err
    assert other("inbox", "--json").json["items"] == []
    me("send", "--to", other.session, "log", "-", stdin="größe\r\n".encode("utf-16"))
    assert other("inbox", "--json").json["items"][0]["body"] == "größe\r\n"


def test_an_answer_goes_to_the_sender_unless_told_otherwise(me: Person, other: Person) -> None:
    asked = me("-q", "send", "--to", other.session, "may I?").out.strip()
    answer = other("send", "--reply-to", asked, "yes", "--json").json
    assert (answer["to_session"], answer["reply_to"], answer["thread_id"]) == (
        me.session,
        asked,
        asked,
    )
    assert me("send", "--reply-to", asked, "and?", "--json").json["to_session"] == other.session
    assert (
        other("send", "--reply-to", asked, "yes", "--to", "third", "--json").json["to_session"]
        == "third"
    )


def test_an_answer_to_whom_is_not_known_goes_to_nobody(away: Person) -> None:
    result = away("send", "--reply-to", "01a20ae8-99e0-752e-9b0c-898291981899", "yes")
    assert result.code == 5
    assert "--to" in result.err
    assert away.queued == []


def test_a_message_while_coord_is_away_is_queued(me: Person, away: Person, other: Person) -> None:
    result = away("send", "--to", other.session, "hello", "--json")
    assert result.code == 0
    assert result.json["queued"] is True
    assert result.json["call"]["body"]["subject"] == "hello"
    me("sync")
    assert "hello" in other("inbox").out


def test_reading_all_marks_what_was_shown_and_shows_what_was_not(me: Person, other: Person) -> None:
    me("send", "--to", other.session, "first")
    other("inbox")
    me("send", "--to", other.session, "second")
    result = other("read", "--all")
    assert "first" not in result.out
    assert "second" in result.out
    assert result.lines[-1] == "marked 2 as read"
    assert other("read", "--all").err == "Nothing is unread.\n"


def test_as_json_reading_all_never_marks_what_was_not_shown(me: Person, other: Person) -> None:
    me("send", "--to", other.session, "first")
    other("inbox", "--json")
    me("send", "--to", other.session, "second")
    result = other("read", "--all", "--json")
    assert result.json["read"] == 1
    assert "1 messages were not shown to you" in result.err
    assert [message["subject"] for message in other("inbox", "--json").json["items"]] == ["second"]


def test_messages_are_read_by_their_ids_and_acknowledged(me: Person, other: Person) -> None:
    message = me("-q", "send", "--to", other.session, "hello", "--ack").out.strip()
    assert other("read", message, "--ack").out == "marked 1 as read\n"
    assert ", acknowledged " in me("inbox", "--sent").out
    assert other("read", message).code == 0


def test_reading_while_coord_is_away_is_queued(me: Person, other: Person) -> None:
    message = me("-q", "send", "--to", other.session, "hello").out.strip()
    away = other.cut_off()
    assert away("read", message).err.startswith("queued: ")
    assert away("read", "--all").code == 5
    other("sync")
    assert other("inbox").lines == ["=== coord: 0 unread ==="]


def test_a_message_is_shown_by_its_id_read_or_not(me: Person, other: Person) -> None:
    message = me("send", "--to", other.session, "x", "all of it", "--json").json["id"]
    for _ in range(2):
        assert other("inbox", message, "--mark-read").lines[0] == "=== coord: 1 message ==="
        assert other("inbox", message).lines[-1] == "| all of it"
    assert other("inbox", str(uuid.UUID(int=7))).code == 4
    assert other("inbox", message, "--sent").code == 2


def test_the_inbox_can_mark_what_it_shows(me: Person, other: Person) -> None:
    me("send", "--to", other.session, "hello")
    assert "hello" in other("inbox", "--mark-read").out
    assert other("inbox").lines == ["=== coord: 0 unread ==="]
    assert "hello" in other("inbox", "--all").out
    assert "read 20" in me("inbox", "--sent").out


def test_the_inbox_waits_for_what_is_to_come(me: Person, other: Person) -> None:
    with other.start("inbox", "--wait", "1m") as waiting:
        until(lambda: waiting.poll() is None, 1, "it to start")
        me("send", "--to", other.session, "hello")
        out, _ = waiting.communicate(timeout=30)
    assert waiting.returncode == 0
    assert "hello" in out


def test_a_wait_goes_on_when_coord_asks_to_come_back(me: Person) -> None:
    with answering(
        503,
        {"detail": "coord is restarting. Retry after 1 second.", "retry_after": 1},
        Retry_After="1",
    ) as url:
        result = me.at(url)("inbox", "--wait", "1.5")
    assert result.code == 5
    assert "Trying again in 1 s" in result.err


def test_a_wait_in_vain_shows_an_empty_inbox(me: Person) -> None:
    assert me("inbox", "--wait", "0.2").out == "=== coord: 0 unread ===\n"


def test_a_broadcast_of_another_project_is_not_shown_unless_asked_for(
    me: Person, other: Person
) -> None:
    me("send", "elsewhere", "--project", f"{me.project}-2")
    assert "elsewhere" not in other("inbox").out
    assert "elsewhere" in other("inbox", "-A", "-n", "0").out


def test_what_others_write_does_not_steer_the_terminal(me: Person, other: Person) -> None:
    me("send", "--to", other.session, "x", "\x1b]0;title\x07\x1b[2Jgone\x9b31m")
    out = other("inbox").out
    assert not {"\x1b", "\x07", "\x9b"} & set(out)
    assert "gone" in out


@pytest.mark.parametrize(
    "args",
    [
        ["read"],
        ["read", "--all", "x"],
        ["inbox", "--sent", "--all"],
        ["inbox", "--all", "--wait", "1"],
        ["inbox", "--ack"],
        ["send"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_a_usage_error(me: Person, args: list[str]) -> None:
    assert me(*args).code == 2


def test_standard_input_is_utf_8_whatever_the_locale(me: Person, other: Person) -> None:
    command = [*me.command, "send", "--to", other.session, "log", "-"]
    env = {**me.environment, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    subprocess.run(
        command, cwd=me.folder, env=env, input="grüße\n".encode(), capture_output=True, check=True
    )
    assert other("inbox", "--json").json["items"][0]["body"] == "grüße\n"


def test_the_inbox_says_how_many_there_are_in_all(me: Person, other: Person) -> None:
    for number in range(3):
        me("send", "--to", other.session, f"subject {number}")
    assert other("inbox", "-n", "2").lines[0] == "=== coord: 2 of 3 unread ==="
    assert other("inbox").lines[0] == "=== coord: 3 unread ==="


def test_a_message_is_named_by_the_beginning_of_its_id(me: Person, other: Person) -> None:
    sent = me("send", "--to", other.session, "hello", "--json").json["id"]
    assert other("inbox", sent[:-6], "-q").out == f"{sent}\n"
    assert other("send", "--reply-to", sent[:-6], "yes", "--json").json["reply_to"] == sent
    assert other("read", sent[:-6]).out == "marked 1 as read\n"
    assert other("inbox", "0000-none").code == 4
