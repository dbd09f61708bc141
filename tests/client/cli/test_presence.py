"""`coord checkin`, `sessions`, `end` and `whoami`."""

import os
import socket
from pathlib import Path

from coord.client.workspace import Workspace
from tests.client.cli.conftest import NOWHERE, Person


def state(me: Person) -> Path:
    """What the client remembers of the checkout and the server."""
    return Path(Workspace(str(me.folder), me.url).state_folder)


def test_a_check_in_shows_what_one_should_know_as_the_service_tells_it(
    me: Person, other: Person
) -> None:
    other("send", "--to", me.session, "hello", "there")
    me("lock", "x")
    result = me("checkin", "--task", "orders")
    assert result.code == 0
    assert "=== coord: 1 unread ===" in result.out
    assert "hello" in result.out
    assert "x" in result.out
    assert me("checkin", "--json").json["session"]["task"] == "orders"


def test_a_check_in_tells_what_changed_since_the_last_one(me: Person, other: Person) -> None:
    me("checkin")
    other("set", "api", "deployed")
    assert "api" in me("checkin").out
    assert "api" not in me("checkin").out
    other("set", "api", "degraded")
    first = me("checkin", "--json").json
    assert [change["type"] for change in first["changes"]] == ["component.changed"]
    assert me("checkin", "--json").json["changes"] == []
    assert me("checkin", "--after", "0", "--json").json["changes"] != []


def test_a_check_in_shows_messages_but_marks_none_as_read(me: Person, other: Person) -> None:
    other("send", "--to", me.session, "hello")
    me("checkin")
    assert "hello" in me("inbox").out


def test_a_check_in_while_coord_is_away_says_so(away: Person) -> None:
    result = away("checkin")
    assert result.code == 5
    assert away.queued == []


def test_sessions_shows_who_is_there_and_what_they_do(me: Person, other: Person) -> None:
    assert me("sessions").err.startswith("No session has announced itself")
    other("checkin", "--task", "new\nmodel", "--agent", "claude", "--ttl-minutes", "60")
    line = me("sessions").lines[1]
    assert line.startswith(f"{other.session}  alive")
    assert line.endswith("claude  new model")
    assert me("-q", "sessions").lines == [other.session]
    assert me("sessions", "--state", "gone", "--state", "ended", "--json").json["items"] == []


def test_ending_releases_all_and_is_queued_when_coord_is_away(me: Person, away: Person) -> None:
    me("lock", "x")
    result = me("end")
    assert result.out.startswith(f"ended {me.session}: ")
    assert "1 lock released" in result.out
    assert away("end").err.startswith("queued: ")


def test_whoami_says_where_each_thing_comes_from(me: Person) -> None:
    report = me("whoami", "--json").json
    assert (report["session"], report["session_from"]) == (me.session, "COORD_SESSION")
    assert (report["project"], report["project_from"]) == (me.project, "COORD_PROJECT")
    assert (report["url"], report["url_from"]) == (me.url, "COORD_URL")
    assert report["queue"] == str(state(me) / "queue.jsonl")
    assert (report["waiting"], report["refused"], report["config"], report["token"]) == (
        0,
        0,
        None,
        False,
    )
    given = me("whoami", "-p", "other", "-s", "me", "--url", NOWHERE, "--json").json
    assert (given["project"], given["project_from"], given["session_from"], given["url_from"]) == (
        "other",
        "--project",
        "--session",
        "--url",
    )


def test_without_variables_the_file_the_repository_and_the_host_name_things(me: Person) -> None:
    nobody = Person(me.folder, "", "", "", {"COORD_HOST": "web-1.example", "USER": "ann"})
    report = nobody("whoami", "--json").json
    if os.name == "nt":  # where processes and terminals are not told apart
        assert report["session"] == "web-1/ann"
    else:
        assert report["session"].startswith("web-1/ann-")
    assert (report["project"], report["project_from"]) == ("shop", "the repository's name")
    assert (report["url"], report["url_from"]) == ("http://127.0.0.1:8001", "the default")
    (me.folder / ".coord.toml").write_text(f'project = "billing"\nurl = "{NOWHERE}/"\n')
    report = nobody.inside("src")("whoami", "--json").json
    assert (report["project"], report["project_from"], report["url"], report["url_from"]) == (
        "billing",
        ".coord.toml",
        NOWHERE,
        ".coord.toml",
    )
    assert report["config"] == str((me.folder / ".coord.toml").resolve())
    nobody.variables = {"CLAUDE_CODE_SESSION_ID": "0123456789abcdef"}
    assert (
        nobody("whoami", "-q").out == f"{socket.gethostname().partition('.')[0]}/claude-89abcdef\n"
    )


def test_whoami_asks_nobody(away: Person) -> None:
    assert away("whoami").code == 0


def test_what_is_remembered_of_sessions_that_are_long_over_goes(me: Person, other: Person) -> None:
    me("checkin")
    (old,) = state(me).glob("cli-*.json")
    os.utime(old, (0, 0))
    me.as_("another")("checkin")
    (left,) = state(me).glob("cli-*.json")
    assert left != old


def test_a_note_is_left_read_by_others_and_taken_back(me: Person, other: Person) -> None:
    me("checkin")
    assert me("handover").err == f"{me.session} left no note.\n"
    assert me("handover", "totals are done\nnext: refunds").out == (
        f"left a note for who comes after {me.session}\n"
    )
    shown = other("handover", "--of", me.session).lines
    assert shown[0].startswith(f"=== coord: note of {me.session}, ")
    assert shown[2:] == ["| totals are done", "| next: refunds"]
    assert me("handover", "-", stdin="from a file\n").code == 0
    assert me("handover", "--json").json["items"][0]["handover"] == "from a file"
    assert me("handover", "--clear").out == f"took back the note of {me.session}\n"
    assert me("handover", "").code == 2
    assert me("end", "--handover", "all is done").code == 0
    assert "| all is done" in other("handover", "--of", me.session).out
    assert other("handover", "--of", "nobody").err == (
        "No session of the name nobody has announced itself.\n"
    )


def test_who_leaves_a_note_is_listed_in_its_project(me: Person, other: Person) -> None:
    me("handover", "totals are done")
    assert me.session in other("sessions").out


def test_a_check_in_says_what_one_does(me: Person, other: Person) -> None:
    me("checkin", "--state", "rate_limited")
    assert other("sessions", "--state", "rate_limited").lines[1].split()[1] == "rate_limited"
    me("checkin")
    assert me("sessions", "--json").json["items"][0]["state"] == "working"
