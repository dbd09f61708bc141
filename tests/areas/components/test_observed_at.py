"""`observed_at`: late and repeated observations."""

from typing import Any

import pytest

from tests.areas.components.reports import put, put_rest, states
from tests.conftest import Agent, Clock, moved


@pytest.fixture
def noon(client: Agent) -> str:
    """The time of the first observation: `deployed`, an hour before now."""
    now = client.get("/status").json["generated_at"]
    noon = moved(now, hours=-1)
    assert put(client, "deployed", version="1.0", observed_at=noon).status_code == 201
    return noon


def test_it_is_kept_as_it_was_given(client: Agent, noon: str) -> None:
    component = client.get("/components/shop/api").json
    assert component["observed_at"] == noon
    assert component["updated_at"] > noon
    assert component["state_since"] == noon


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-05T10:00:00Z",
        "2026-01-05T12:00:00+02:00",
        "2026-01-05T10:00:00.000000000Z",
        "20260105T100000Z",
    ],
)
def test_any_iso_time_with_a_zone_is_taken(client: Agent, written: str) -> None:
    assert put(client, observed_at=written).json["observed_at"] == "2026-01-05T10:00:00.000000Z"


def test_the_beginning_of_time_is_a_time(client: Agent) -> None:
    assert (
        put(client, observed_at="0001-01-01T00:00:00Z").json["observed_at"]
        == "0001-01-01T00:00:00.000000Z"
    )
    assert put(client, "deployed", observed_at="0001-01-01T00:00:00.000001Z").status_code == 200


def test_null_means_now(client: Agent, noon: str) -> None:
    answer = put(client, "degraded", observed_at=None)
    assert answer.status_code == 200
    assert answer.json["observed_at"] == answer.json["updated_at"] > noon


def test_a_newer_observation_becomes_current(client: Agent, noon: str) -> None:
    later = moved(noon, microseconds=1)
    answer = put(client, "degraded", observed_at=later)
    assert answer.status_code == 200
    assert (answer.json["state"], answer.json["observed_at"], answer.json["state_since"]) == (
        "degraded",
        later,
        later,
    )


def test_a_late_observation_does_not_become_current(client: Agent, noon: str) -> None:
    before = client.get("/components/shop/api").json
    answer = put(client, "building", by="host/b", observed_at=moved(noon, microseconds=-1))
    assert (answer.status_code, answer.json["error"]) == (409, "superseded")
    assert answer.json["component"] == before == client.get("/components/shop/api").json
    assert "deployed" in answer.json["detail"]
    assert noon in answer.json["detail"]
    assert "host/a" in answer.json["detail"]


def test_a_late_observation_is_kept_in_the_history(client: Agent, noon: str) -> None:
    early = moved(noon, minutes=-5)
    put(client, "building", by="host/b", observed_at=early, version="0.9", notes="n")
    assert states(client) == [("building", True), ("deployed", False)]
    late = client.get("/components/shop/api/history").json["items"][0]
    assert (late["observed_at"], late["updated_by"], late["version"], late["notes"]) == (
        early,
        "host/b",
        "0.9",
        "n",
    )
    assert late["updated_at"] > noon


def test_a_late_observation_is_told_once(client: Agent, noon: str, journal_rows: Any) -> None:
    early = moved(noon, minutes=-5)
    answers = [put(client, "building", by="host/b", observed_at=early) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert answers[0].json == answers[2].json
    assert states(client) == [("building", True), ("deployed", False)]
    assert [row["type"] for row in journal_rows()] == ["component.changed", "component.superseded"]
    event = journal_rows()[-1]
    assert (event["session_id"], event["subject_id"]) == ("host/b", "shop/api")
    assert event["data"] == {
        "component": "api",
        "state": "building",
        "version": None,
        "observed_at": early,
    }


def test_late_observations_of_one_moment_that_differ_are_all_kept(client: Agent, noon: str) -> None:
    early = moved(noon, minutes=-5)
    for more in ({"state": "building"}, {"state": "built"}, {"state": "built", "version": "1"}):
        assert put(client, **more, observed_at=early).status_code == 409
    assert len(states(client)) == 4
    assert put(client, "built", version=None, observed_at=early).status_code == 409
    assert len(states(client)) == 4


def test_what_was_current_once_is_not_kept_twice_when_it_is_replayed(
    client: Agent, noon: str
) -> None:
    put(client, "degraded", observed_at=moved(noon, minutes=1))
    answer = put(client, "deployed", version="1.0", observed_at=noon)
    assert answer.status_code == 409
    assert answer.json["component"]["state"] == "degraded"
    assert states(client) == [("degraded", False), ("deployed", False)]


def test_what_a_late_observation_leaves_out_is_what_was_known_of_that_time(
    client: Agent, noon: str
) -> None:
    put(client, "degraded", version="2.0", notes="hot", observed_at=moved(noon, minutes=10))
    put_rest(client, notes="warm", observed_at=moved(noon, minutes=5))
    late = client.get("/components/shop/api/history").json["items"][0]
    assert (late["state"], late["version"], late["notes"], late["superseded"]) == (
        "deployed",
        "1.0",
        "warm",
        True,
    )


def test_of_the_time_before_the_first_observation_nothing_is_known(
    client: Agent, noon: str
) -> None:
    put_rest(client, notes="cold", observed_at=moved(noon, minutes=-5))
    late = client.get("/components/shop/api/history").json["items"][0]
    assert (late["state"], late["version"], late["notes"], late["superseded"]) == (
        "unknown",
        None,
        "cold",
        True,
    )


def test_an_exact_replay_changes_nothing(
    client: Agent, noon: str, clock: Clock, journal_rows: Any
) -> None:
    before = client.get("/components/shop/api").json
    clock.move(minutes=5)
    answer = put(client, "deployed", version="1.0", observed_at=noon)
    assert (answer.status_code, answer.json) == (200, before)
    assert states(client) == [("deployed", False)]
    assert len(journal_rows()) == 1


def test_an_exact_replay_of_a_confirmation_changes_nothing(
    client: Agent, noon: str, clock: Clock, journal_rows: Any
) -> None:
    later = moved(noon, minutes=1)
    confirmed = put(client, "deployed", by="host/b", observed_at=later).json
    clock.move(minutes=5)
    assert put(client, "deployed", by="host/b", observed_at=later).json == confirmed
    assert [row["type"] for row in journal_rows()] == ["component.changed", "component.confirmed"]


def test_other_content_of_the_same_moment_applies(client: Agent, noon: str) -> None:
    answer = put(client, "degraded", observed_at=noon)
    assert (answer.status_code, answer.json["state"], answer.json["previous_state"]) == (
        200,
        "degraded",
        "deployed",
    )
    assert states(client) == [("degraded", False), ("deployed", False)]


def test_a_replay_does_not_undo_what_followed_in_the_same_moment(
    client: Agent, noon: str, journal_rows: Any
) -> None:
    put(client, "degraded", observed_at=noon)
    answer = put(client, "deployed", version="1.0", observed_at=noon)
    assert (answer.status_code, answer.json["state"]) == (200, "degraded")
    assert len(journal_rows()) == 2


def test_a_confirmation_moves_observed_at(client: Agent, noon: str) -> None:
    later = moved(noon, minutes=10)
    assert put(client, "deployed", observed_at=later).json["observed_at"] == later
    assert put(client, "built", observed_at=moved(noon, minutes=5)).status_code == 409


def test_a_report_without_it_is_never_late(client: Agent, clock: Clock) -> None:
    now = client.get("/status").json["generated_at"]
    ahead = moved(now, minutes=4)
    put(client, "built", observed_at=ahead)
    answer = put(client, "deployed")
    assert (answer.status_code, answer.json["state"], answer.json["observed_at"]) == (
        200,
        "deployed",
        ahead,
    )
    assert answer.json["updated_at"] < ahead
    clock.move(minutes=10)
    assert put(client, "degraded").json["observed_at"] > ahead


def test_a_late_observation_after_one_without_a_time_is_late_too(
    client: Agent, clock: Clock
) -> None:
    seen = put(client, "built").json["updated_at"]
    put(client, "deployed")
    assert put(client, "degraded", observed_at=seen).status_code == 409


def test_a_time_ahead_by_more_than_five_minutes_names_the_clock_skew(
    client: Agent, noon: str
) -> None:
    now = client.get("/status").json["generated_at"]
    answer = put(client, "degraded", observed_at=moved(now, minutes=6))
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["observed_at"])
    assert "clock skew" in answer.json["detail"]
    assert states(client) == [("deployed", False)]


def test_a_new_component_is_not_created_by_a_clock_that_is_wrong(client: Agent) -> None:
    now = client.get("/status").json["generated_at"]
    assert put(client, observed_at=moved(now, minutes=6)).status_code == 422
    assert put(client, observed_at=moved(now, minutes=4)).status_code == 201


def test_the_database_clock_judges_the_skew(client: Agent, clock: Clock) -> None:
    now = client.get("/status").json["generated_at"]
    clock.move(hours=1)
    assert put(client, observed_at=moved(now, minutes=64)).status_code == 201


def test_a_queue_replayed_twice_leaves_each_thing_once(client: Agent, journal_rows: Any) -> None:
    day = [
        ("building", "2026-01-05T10:00:00Z"),
        ("built", "2026-01-05T10:00:00Z"),
        ("deployed", "2026-01-05T11:00:00Z"),
    ]
    for _ in range(2):
        for state, at in day:
            client.put("/components/shop/api", state=state, observed_at=at, updated_by="host/a")
    assert states(client) == [("deployed", False), ("built", False), ("building", False)]
    assert client.get("/components/shop/api").json["previous_state"] == "built"
    assert len(journal_rows()) == 3
