"""`coord lock`, `renew`, `unlock` and `locks`."""

import re
import signal

import pytest

from tests.client.cli.conftest import Person, answering, needs_ctrl_c
from tests.faults.proxy import Proxy
from tests.service import Service, until


def test_a_granted_lock_says_until_when_its_token_and_its_id(me: Person) -> None:
    result = me("lock", "git push", "-m", "release 1.4")
    assert result.code == 0
    assert result.err == ""
    assert re.fullmatch(
        r"claimed git push until \S+Z \(2 h left\)  token \d+  id [0-9a-f-]{36}\n", result.out
    )


def test_json_is_the_lock_as_the_service_answers_it(me: Person, service: Service) -> None:
    lock = me("lock", "git push", "-m", "why", "--json").json
    assert lock == service.call("GET", f"/locks/{lock['id']}").json
    assert (lock["description"], lock["session_id"], lock["project_key"]) == (
        "why",
        me.session,
        me.project,
    )


def test_what_one_holds_already_is_renewed(me: Person) -> None:
    first = me("lock", "x", "--json").json
    assert me("lock", "x").out.startswith("renewed x until")
    assert me("lock", "x", "--json").json["fencing_token"] == first["fencing_token"]


def test_a_conflict_says_who_why_since_until_and_what_to_do(me: Person, other: Person) -> None:
    other("lock", "x", "-m", "new order model")
    result = me("lock", "x")
    assert (result.code, result.out) == (3, "")
    for fact in (
        other.session,
        "new order model",
        "since 20",
        "until 20",
        "not stale",
        "Wait, work on something else, or ask its holder.",
    ):
        assert fact in result.err


def test_a_conflict_as_json_is_the_services_error(me: Person, other: Person) -> None:
    held = other("lock", "x", "--json").json
    result = me("lock", "x", "--json")
    assert (result.code, result.err) == (3, "")
    assert result.json["error"] == "lock_held"
    assert result.json["lock"]["id"] == held["id"]


def test_several_are_claimed_all_or_nothing(me: Person, other: Person) -> None:
    other("lock", "b")
    assert me("lock", "a", "b").code == 3
    assert me("-q", "locks", "--mine").out == ""
    assert [lock["resource"] for lock in me("lock", "a", "c", "--json").json["items"]] == ["a", "c"]


@pytest.mark.parametrize(
    ("ttl", "hours"), [("30m", 0.5), ("2h", 2), ("90s", 0.025), ("1d", 24), ("0", 0)]
)
def test_a_time_to_live_has_a_unit(me: Person, ttl: str, hours: float) -> None:
    assert me("lock", "x", "--ttl", ttl, "--json").json["ttl_hours"] == hours


@pytest.mark.parametrize("ttl", ["2", "m", "-1h", "1y", "", "nan", "infh"])
def test_a_time_to_live_without_one_is_a_usage_error(me: Person, ttl: str) -> None:
    result = me("lock", "x", "--ttl", ttl)
    assert result.code == 2
    assert "not a duration" in result.err


def test_a_lock_without_an_end_says_so(me: Person) -> None:
    assert "claimed x without an end" in me("lock", "x", "--ttl", "0").out


def test_shared_locks_go_together(me: Person, other: Person) -> None:
    assert "(shared)" in other("lock", "x", "--shared").out
    assert me("lock", "x", "--shared").code == 0
    assert me.as_("third")("lock", "x").code == 3


def test_a_claim_that_waits_gets_the_lock_when_it_is_free(
    me: Person, other: Person, service: Service
) -> None:
    other("lock", "x")
    with me.start("lock", "x", "--wait", "30", "--json") as waiting:
        until(lambda: me("locks", "--waiting", "--json").json["items"], 20, "the claim to wait")
        other("unlock", "x")
        out, _ = waiting.communicate(timeout=20)
    assert waiting.returncode == 0
    assert me.session in out


@needs_ctrl_c
def test_a_wait_that_was_in_vain_says_who_is_ahead(me: Person, other: Person) -> None:
    other("lock", "x")
    third = me.as_("third")
    with third.start("lock", "x", "--wait", "20") as waiting:
        until(lambda: me("locks", "--waiting", "--json").json["items"], 20, "the claim to wait")
        result = me("lock", "x", "--wait", "0.2")
        waiting.send_signal(signal.SIGINT)
        _, err = waiting.communicate(timeout=20)
    assert result.code == 3
    assert "you were number 2 of those waiting, behind third" in result.err
    assert waiting.returncode == 130
    assert "interrupted" in err


@needs_ctrl_c
def test_ctrl_c_leaves_the_line(me: Person, other: Person) -> None:
    other("lock", "x")
    with me.start("lock", "x", "--wait", "10m") as waiting:
        until(lambda: me("locks", "--waiting", "--json").json["items"], 20, "the claim to wait")
        waiting.send_signal(signal.SIGINT)
        waiting.wait(20)
    until(lambda: not me("locks", "--waiting", "--json").json["items"], 20, "nobody to wait")


@needs_ctrl_c
def test_what_was_granted_to_an_interrupted_claim_is_given_back(
    me: Person, service: Service
) -> None:
    with Proxy(service.port) as line:
        line.swallow(questions=False)
        with me.at(f"http://127.0.0.1:{line.port}").start("lock", "x") as claiming:
            until(lambda: me("-q", "locks").out, 20, "the lock to be granted")
            claiming.send_signal(signal.SIGINT)
            claiming.communicate(timeout=20)
    assert claiming.returncode == 130
    assert me("-q", "locks").out == ""


def test_a_wait_of_more_than_a_minute_is_made_of_several_calls(
    me: Person, other: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.client.cli.claims.MAX_WAIT_S", 0.3)
    other("lock", "x", "--ttl", "2s")
    result = me("lock", "x", "--wait", "1")
    assert result.code == 3
    assert "Still waiting for x" in result.err
    assert "is held by" in result.err
    assert me("lock", "x", "--wait", "10m").code == 0


def test_a_claim_while_coord_is_away_grants_nothing_and_is_kept(away: Person) -> None:
    result = away("lock", "x")
    assert (result.code, result.out) == (5, "")
    assert "You work WITHOUT a lock on x" in result.err
    assert "is queued" in result.err
    assert [call["body"]["resource"] for call in away.queued] == ["x"]


def test_a_kept_claim_as_json_has_the_call(away: Person) -> None:
    result = away("lock", "x", "--wait", "5", "--json")
    assert result.code == 5
    assert (
        result.json["error"],
        result.json["queued"],
        result.json["call"]["body"]["resource"],
    ) == (
        "away",
        True,
        "x",
    )
    assert "wait" not in result.json["call"]["body"]


def test_a_kept_claim_is_sent_before_anything_newer(me: Person, away: Person) -> None:
    away("lock", "x")
    me("set", "api", "built")
    assert me("locks", "--mine", "--json").json["items"][0]["resource"] == "x"


def test_a_kept_claim_that_is_refused_later_is_told_of_once(
    me: Person, away: Person, other: Person
) -> None:
    away("lock", "x")
    other("lock", "x")
    assert "a queued call was refused" in me("set", "api", "built").err
    assert "refused" not in me("set", "api", "built").err
    assert other.session in me("queue", "--rejected").out


def test_while_the_database_is_away_coord_is_asked_once_more_and_then_queued(me: Person) -> None:
    body = {"detail": "Database unavailable. Retry after 1 seconds.", "retry_after": 1}
    with answering(503, body, Retry_After="1") as url:
        result = me.at(url)("lock", "x", COORD_RETRY_AFTER="5")
    assert result.code == 5
    assert "Trying once more in 1 s" in result.err
    assert "WITHOUT a lock" in result.err
    with answering(503, body, Retry_After="1") as url:
        assert "Trying" not in me.at(url)("lock", "x", "--no-retry", COORD_RETRY_AFTER="5").err


def test_renewing_starts_the_time_anew(me: Person) -> None:
    lock = me("lock", "x", "--ttl", "1h", "--json").json
    renewed = me("renew", "x", "--ttl", "3h", "-m", "longer", "--json").json
    assert (renewed["id"], renewed["ttl_hours"], renewed["description"]) == (
        lock["id"],
        3,
        "longer",
    )
    assert me("renew", lock["id"]).out.startswith("renewed x until")
    assert me("renew", "--all", "-q").out == lock["id"] + "\n"


def test_renewing_what_is_lost_claims_nothing(me: Person, service: Service) -> None:
    lock = me("lock", "x", "--json").json
    me("unlock", "x")
    result = me("renew", lock["id"])
    assert result.code == 3
    assert "is gone" in result.err
    assert me("renew", "x").code == 4
    assert me("-q", "locks").out == ""


def test_unlocking_by_name_by_id_and_all(me: Person) -> None:
    one, two = me("-q", "lock", "one").out.strip(), me("-q", "lock", "two").out.strip()
    me("lock", "three")
    assert me("unlock", "one", two).out == "released one\nreleased two\n"
    assert me("unlock", "--all").out == "released three\n"
    assert me("unlock", "--all").code == 0
    assert me("unlock", one).code == 0


def test_unlocking_what_one_does_not_hold_is_no_success(me: Person, other: Person) -> None:
    held = other("lock", "x", "--json").json
    result = me("unlock", "y")
    assert result.code == 4
    assert "You hold no lock on 'y'" in result.err
    result = me("unlock", held["id"], "--json")
    assert result.code == 3
    assert result.json["error"] == "not_holder"


def test_a_release_while_coord_is_away_is_queued(me: Person, away: Person) -> None:
    me("lock", "x")
    result = away("unlock", "x")
    assert result.code == 0
    assert "queued" in result.err
    assert me("sync").out == "1 sent.\n"
    assert me("-q", "locks").out == ""


@pytest.mark.parametrize(
    "args",
    [
        ["unlock"],
        ["unlock", "--all", "x"],
        ["unlock", "-A", "x"],
        ["renew"],
        ["lock"],
        ["locks", "--waiting", "--stale"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_a_usage_error(me: Person, args: list[str]) -> None:
    assert me(*args).code == 2


def test_the_list_shows_who_holds_what_and_why(me: Person, other: Person) -> None:
    other("lock", "x", "-m", "new\nmodel")
    me("lock", "y")
    result = me("locks")
    assert result.lines[0].split() == ["RESOURCE", "HOLDER", "SINCE", "UNTIL", "STATE", "ID", "WHY"]
    assert f"{me.session} (you)" in result.lines[1]
    assert result.lines[2].endswith("new model")
    assert "\x1b" not in result.out
    assert [lock["resource"] for lock in me("locks", "x", "--json").json["items"]] == ["x"]
    assert [
        lock["resource"] for lock in me("locks", "--holder", other.session, "--json").json["items"]
    ] == ["x"]
    assert me("locks", "-A").out.count(f"{me.project}: ") == 2


def test_an_empty_list_prints_nothing_but_a_note(me: Person) -> None:
    result = me("locks")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("No lock in ")
    assert me("-q", "locks").err == ""


def test_an_operator_releases_anothers_lock_by_force(me: Person, other: Person) -> None:
    lock = other("lock", "x", "--json").json["id"]
    assert me("unlock", lock).code == 3
    result = me("unlock", "x", "--force", "--reason", "it hangs")
    assert (result.code, result.out) == (
        0,
        f"released x, which {other.session} held; that session is told\n",
    )
    assert "it hangs" in other("inbox").out
    assert me("unlock", "x", "--force", "--reason", "it hangs").code == 4


def test_force_names_one_of_several_holders_by_its_id(me: Person, other: Person) -> None:
    held = [each("lock", "x", "--shared", "--json").json["id"] for each in (me, other)]
    result = me("unlock", "x", "--force", "--reason", "r", "--json")
    assert (result.code, sorted(result.json["ids"])) == (2, sorted(held))
    assert me("unlock", held[1], "--force", "--reason", "r", "--json").json["id"] == held[1]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("x", "--force"), id="no reason"),
        pytest.param(("x", "--reason", "r"), id="no force"),
        pytest.param(("x", "y", "--force", "--reason", "r"), id="two"),
        pytest.param(("--all", "--force", "--reason", "r"), id="all"),
    ],
)
def test_force_is_for_one_lock_and_with_a_reason(me: Person, words: tuple[str, ...]) -> None:
    assert me("unlock", *words).code == 2


def test_a_release_by_force_is_not_queued(away: Person) -> None:
    result = away("unlock", "x", "--force", "--reason", "r")
    assert (result.code, away.queued) == (5, [])


def test_ended_locks_are_history(me: Person) -> None:
    me("lock", "x")
    me("unlock", "x")
    assert me("locks", "--json").json["items"] == []
    assert [
        lock["release_reason"] for lock in me("locks", "--history", "--json").json["items"]
    ] == ["released"]
    assert "released" in me("locks", "--released").out


def test_a_limit_is_kept_and_more_pages_are_fetched(
    me: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.client.cli.context.PAGE", 2)
    for name in "abcde":
        me("lock", name)
    assert len(me("-q", "locks").lines) == 5
    assert len(me("-q", "locks", "-n", "3").lines) == 3
    assert "There are more" in me("locks", "-n", "3").err
    assert me("locks", "-n", "3", "--json").json["next_cursor"] is not None


def test_a_question_while_coord_is_away_is_not_answered(away: Person) -> None:
    result = away("locks", "--json")
    assert result.code == 5
    assert result.json["error"] == "away"
    assert away.url in result.json["detail"]
    assert away.queued == []


def test_a_lock_is_released_and_renewed_by_the_beginning_of_its_id(me: Person) -> None:
    lock = me("lock", "x", "--json").json["id"]
    assert me("renew", lock[:-6]).code == 0
    assert me("unlock", lock[:-6]).out == "released x\n"
    me("lock", "deadbeef")
    # a name goes before an id that begins so
    assert me("unlock", "deadbeef").out == "released deadbeef\n"


def test_claiming_again_says_since_when_one_holds_it(me: Person) -> None:
    first = me("lock", "x", "--json").json
    result = me("lock", "x")
    assert f"held since {first['acquired_at'][:19]}Z" in result.out
    assert f"You, {me.session}, have held x since" in result.err


@needs_ctrl_c
def test_who_waits_is_told_for_whom_and_behind_how_many(me: Person, other: Person) -> None:
    other("lock", "x", "-m", "release 1.4")
    third = me.as_("third")
    with (
        third.start("lock", "x", "--wait", "30") as first,
        me.start("lock", "x", "--wait", "30") as second,
    ):
        assert first.stderr is not None
        assert second.stderr is not None
        lines = [first.stderr.readline(), second.stderr.readline()]
        other("unlock", "x")
        until(lambda: me("-q", "locks").out, 20, "the lock to be granted")
        for process in (first, second):
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    for line in lines:
        assert f"x: {other.session} (release 1.4), until" in line
        assert "Ctrl-C stops waiting" in line
    assert sum("1 wait before you" in line for line in lines) == 1
