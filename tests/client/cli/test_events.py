"""`coord events` and `coord status`."""

import json
import signal
from typing import Any

import pytest

from tests.client.cli.conftest import Person, needs_ctrl_c
from tests.faults.proxy import Proxy
from tests.service import Service


def types(me: Person, *args: str) -> list[str]:
    return [json.loads(line)["type"] for line in me("events", "--json", *args).lines]


def test_the_last_events_oldest_first(me: Person) -> None:
    me("lock", "x", "-m", "why")
    me("set", "api", "deployed", "--version", "1")
    me("unlock", "x")
    assert types(me) == ["lock.claimed", "component.changed", "lock.released"]
    assert types(me, "-n", "1") == ["lock.released"]
    assert types(me, "--type", "lock.*") == ["lock.claimed", "lock.released"]
    assert types(me, "-T", "component.changed", "-T", "lock.released") == [
        "component.changed",
        "lock.released",
    ]
    lines = me("events").lines
    assert lines[0].split()[2:] == ["lock.claimed", me.session, "x", "(why)"]
    assert lines[1].endswith("api (deployed, 1)")


def test_events_since_a_revision_or_for_some_time(me: Person) -> None:
    me("lock", "x")
    first = json.loads(me("events", "--json").out)["revision"]
    me("unlock", "x")
    assert types(me, "--since", str(first)) == ["lock.released"]
    assert types(me, "--since", "1h") == ["lock.claimed", "lock.released"]
    assert types(me, "--since", "1h", "-n", "1") == ["lock.released"]
    assert me("events", "--since", "soon").code == 2


def test_events_of_all_projects_say_which(me: Person) -> None:
    me("lock", "x")
    assert f"{me.project}: x" in me("events", "-A").out


def test_only_so_much_of_a_long_journal_is_read(
    me: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.client.cli.journal.FIRST_LOOK_BACK", 1)
    for name in "abc":
        me("lock", name)
    assert types(me, "-n", "2") == ["lock.claimed"] * 2
    assert len(types(me, "--since", "1h")) == 3
    assert len(types(me, "-n", "0")) == 3


def follow(me: Person, *args: str) -> Any:
    return me.start("events", "--follow", *args)


@needs_ctrl_c
def test_following_shows_what_happens_from_now_on_as_a_line_each(me: Person) -> None:
    me("lock", "before")
    with follow(me, "--json", "--since", str(newest(me))) as following:
        me("lock", "x")
        me("unlock", "x")
        assert following.stdout is not None
        seen = [json.loads(following.stdout.readline()) for _ in range(2)]
        following.send_signal(signal.SIGINT)
        following.communicate(timeout=20)
    assert [(event["type"], event["data"]["resource"]) for event in seen] == [
        ("lock.claimed", "x"),
        ("lock.released", "x"),
    ]
    assert following.returncode == 130


def newest(me: Person) -> int:
    revision: int = json.loads(me("events", "--json", "-n", "1").out)["revision"]
    return revision


def test_a_pipe_that_closes_ends_it_quietly(me: Person) -> None:
    me("lock", "x")
    with follow(me, "--since", "1h") as following:
        assert following.stdout is not None
        assert following.stderr is not None
        following.stdout.readline()
        following.stdout.close()
        me("unlock", "x")
        following.wait(30)
        assert following.stderr.read() == ""


@needs_ctrl_c
def test_following_goes_on_across_an_outage_and_misses_nothing(
    me: Person, service: Service
) -> None:
    me("lock", "first")
    with (
        Proxy(service.port) as line,
        follow(me.at(f"http://127.0.0.1:{line.port}"), "--json", "--since", "1h") as following,
    ):
        assert following.stdout is not None
        assert following.stderr is not None
        assert json.loads(following.stdout.readline())["data"]["resource"] == "first"
        line.refuse()
        assert "coord is away" in following.stderr.readline()
        me("lock", "second")
        line.forward()
        assert json.loads(following.stdout.readline())["data"]["resource"] == "second"
        assert following.stderr.readline() == "coord answers again.\n"
        following.send_signal(signal.SIGINT)
        following.communicate(timeout=20)


def test_the_overview_shows_all_at_a_glance(me: Person, other: Person) -> None:
    other("lock", "git push", "-m", "release")
    me("set", "api", "deployed", "--version", "1.4")
    me("workflow", "add", "Flow", "--status", "active")
    me("item", "add", "One", "-w", "Flow")
    other("send", "--to", me.session, "hello")
    out = me("status").out
    for fact in (
        f"=== coord: {me.project} ===",
        "1 held, 0 stale",
        f"git push  {other.session}",
        "release",
        "components  1: 1 deployed",
        "api  deployed 1.4",
        "1 of them ready",
        "Flow  active  0/1 done",
        "messages    1 unread for you",
    ):
        assert fact in out
    assert me("status", "--json").json["counts"]["active_locks"] == 1
    assert f"{me.project}: git push" in me("status", "-A").out


def test_the_overview_says_that_calls_wait(me: Person, away: Person) -> None:
    away("set", "api", "built")
    assert "1 calls wait to be sent" in me("status").out


@needs_ctrl_c
def test_watching_in_a_pipe_shows_the_overview_and_then_each_event(me: Person) -> None:
    with me.start("status", "--watch") as watching:
        assert watching.stdout is not None
        for line in watching.stdout:
            if line.startswith("sessions"):
                break
        me("lock", "x")
        line = watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=20)
    assert "lock.claimed" in line
    assert "\x1b" not in line


@needs_ctrl_c
def test_watching_as_json_gives_the_overview_anew_at_each_change(me: Person) -> None:
    with me.start("status", "--watch", "--json") as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["counts"]["active_locks"] == 0
        me("lock", "x")
        assert json.loads(watching.stdout.readline())["counts"]["active_locks"] == 1
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=20)
