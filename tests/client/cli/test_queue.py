"""`coord queue` and `coord sync`."""

import itertools
import re
import time
from types import SimpleNamespace

import pytest

from coord.client.answer import SERVER_HEADER
from tests.client.cli.conftest import Person, answering


def test_the_queue_shows_what_waits(away: Person) -> None:
    away("set", "api", "built")
    away("send", "hello")
    result = away("queue")
    assert result.code == 0
    assert len(result.lines) == 2
    assert [line.partition("  ")[2] for line in result.lines] == [
        f"PUT /components/{away.project}/api built",
        "POST /messages hello",
    ]
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  ", result.lines[0])
    assert [call["method"] for call in away("queue", "--json").json["waiting"]] == ["PUT", "POST"]


def test_an_empty_queue_says_so(me: Person) -> None:
    assert me("queue").err == "No call waits.\n"
    assert me("sync").out == "No call waits.\n"
    assert me("queue", "--rejected").err == "No call was refused.\n"
    assert me("sync", "--json").json == {
        "sent": 0,
        "dropped": 0,
        "rejected": [],
        "remaining": 0,
        "detail": "No call waits.",
    }


def test_calls_that_wait_for_a_mistyped_address_are_told_of(me: Person) -> None:
    mistyped = "http://127.0.0.1:1"
    assert me("set", "api", "built", "--url", mistyped).code == 0
    for command in (["queue"], ["sync"], ["doctor"]):
        said = me(*command)
        assert (
            f"1 call waits for {mistyped}, which this checkout does not name" in said.out + said.err
        )
    assert "waits for" not in me("queue", "--url", mistyped).err


def test_sync_sends_all_in_order(me: Person, away: Person) -> None:
    for state in ("building", "built", "deployed"):
        away("set", "api", state)
    result = me("sync")
    assert (result.code, result.out) == (0, "3 sent.\n")
    assert [
        entry["state"] for entry in me("components", "api", "--history", "--json").json["items"]
    ] == ["deployed", "built", "building"]
    assert me("queue").out == ""


def test_sync_says_what_is_left_and_why(away: Person) -> None:
    away("set", "api", "built")
    result = away("sync", "--json")
    assert result.code == 5
    assert (result.json["sent"], result.json["remaining"]) == (0, 1)
    assert "connection refused" in result.json["detail"]


def test_sync_says_what_was_refused(me: Person, away: Person, other: Person) -> None:
    away("lock", "x")
    away("set", "api", "built")
    other("lock", "x")
    result = me("sync")
    assert result.code == 1
    assert result.out == "1 sent, 1 refused.\n"
    assert "POST /locks x: " in result.err
    assert other.session in result.err
    assert "refused" not in me("locks").err  # told once


def test_what_was_refused_stays_listed_until_it_is_seen_to(
    me: Person, away: Person, other: Person
) -> None:
    away("lock", "x")
    other("lock", "x")
    me("sync")
    assert "POST /locks x" in me("queue", "--rejected").out
    assert "1 calls were refused" in me("queue").err
    assert me("queue", "--json").json["rejected"][0]["answer"]["error"] == "lock_held"
    assert me("queue", "--forget-rejected").code == 0
    assert me("queue", "--rejected").out == ""


def test_a_claim_that_was_released_meanwhile_is_dropped(me: Person, away: Person) -> None:
    away("lock", "x")
    away("unlock", "x")
    me("sync")
    assert me("-q", "locks", "--history").out == ""


def test_something_else_at_its_address_is_no_coord(me: Person) -> None:
    with answering(404, {"message": "not here"}) as url:
        result = me.at(url)("locks", "--json")
    assert (result.code, result.json["error"]) == (5, "not_coord")


def test_a_write_that_something_else_answered_is_queued(me: Person) -> None:
    with answering(404, {"message": "not here"}) as url:
        there = me.at(url)
        result = there("set", "api", "built")
    assert result.code == 0
    assert "something that is not coord answers 404" in result.err
    assert len(there.queued) == 1


def test_a_claim_that_waits_does_not_overtake_what_waits(me: Person, away: Person) -> None:
    me("lock", "x")
    away("unlock", "x")
    assert me("lock", "x", "--wait", "10").out.startswith("claimed x")
    assert me.queued == []
    assert me("-q", "locks").out != ""


def test_an_error_of_the_service_is_told_in_its_words(me: Person) -> None:
    with answering(
        403,
        {"detail": "Your network may not.", "error": "forbidden"},
        **{SERVER_HEADER: "0.1.0; api=1"},
    ) as url:
        result = me.at(url)("locks")
    assert result.code == 1
    assert result.err == "coord: Your network may not.\n"


def test_a_long_sync_says_how_far_it_is(
    me: Person, away: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        away("send", f"subject {number}")
    seconds = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(seconds), sleep=time.sleep)
    for module in ("calls", "queue.replay"):  # each call takes one
        monkeypatch.setattr(f"coord.client.{module}.time", clock)
    result = me("sync")
    assert result.out == "6 sent.\n"
    assert "sent, " in result.err
    assert "still wait." in result.err
    assert me("sync", "-q").err == ""
