"""DELETE /components/<project_key>/<component>."""

from typing import Any

import pytest

from tests.areas.components.reports import put, put_rest, states
from tests.conftest import Agent, Clock, moved


def test_a_retired_component_is_answered_as_it_was_last(client: Agent) -> None:
    put(client, "building")
    last = put(client, "deployed", version="1.0").json
    answer = client.delete("/components/shop/api", session_id="host/b")
    assert (answer.status_code, answer.json) == (200, last)


def test_repeating_it_is_the_same_again(client: Agent, clock: Clock, journal_rows: Any) -> None:
    put(client)
    first = client.delete("/components/shop/api", session_id="host/a")
    clock.move(hours=1)
    again = client.delete("/components/shop/api", session_id="host/b")
    assert (again.status_code, again.json) == (200, first.json)
    assert [row["type"] for row in journal_rows()] == ["component.changed", "component.retired"]


def test_it_is_no_longer_listed_nor_found_but_its_history_stays(client: Agent) -> None:
    put(client, "building")
    put(client, "built")
    other = put(client, component="web").json
    client.delete("/components/shop/api", session_id="host/b")
    for query in ({}, {"project_key": "shop"}, {"state": "built"}):
        assert client.get("/components", **query).json["items"] == [other]
    assert client.get("/components", component="api").json["items"] == []
    answer = client.get("/components/shop/api")
    assert answer.status_code == 404
    assert "retired" in answer.json["detail"]
    assert "host/b" in answer.json["detail"]
    assert states(client) == [("built", False), ("building", False)]


def test_a_later_report_makes_it_known_as_new(client: Agent, clock: Clock) -> None:
    put(client, "building")
    put(client, "deployed", version="1.0", notes="n")
    client.delete("/components/shop/api")
    put(client, component="web")
    clock.move(minutes=1)
    answer = put(client, "building")
    assert answer.status_code == 201
    revived = answer.json
    assert (revived["version"], revived["notes"], revived["previous_state"]) == (None, None, None)
    assert revived["state_since"] == revived["updated_at"] == revived["observed_at"]
    assert client.get("/components/shop/api").json == revived
    assert [item["component"] for item in client.get("/components").json["items"]] == ["api", "web"]
    assert states(client) == [("building", False), ("deployed", False), ("building", False)]


def test_the_same_report_again_makes_it_known_too(client: Agent) -> None:
    put(client, "deployed")
    client.delete("/components/shop/api")
    assert put(client, "deployed").status_code == 201
    assert states(client) == [("deployed", False), ("deployed", False)]
    assert put(client, "deployed").status_code == 200


def test_it_may_be_retired_again(client: Agent, journal_rows: Any) -> None:
    for _ in range(3):
        assert put(client).status_code == 201
        assert client.delete("/components/shop/api").status_code == 200
    assert [row["type"] for row in journal_rows()] == ["component.changed", "component.retired"] * 3


def test_a_report_of_what_is_retired_needs_a_state(client: Agent) -> None:
    put(client)
    client.delete("/components/shop/api")
    answer = put_rest(client, version="1.0")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["state"])


def test_a_late_report_does_not_bring_it_back(client: Agent, journal_rows: Any) -> None:
    last = put(client, "deployed", observed_at="2026-01-05T10:00:00Z").json
    client.delete("/components/shop/api")
    for _ in range(2):
        answer = put(client, "degraded", observed_at="2026-01-05T11:00:00Z")
        assert (answer.status_code, answer.json["error"], answer.json["component"]) == (
            409,
            "superseded",
            last,
        )
        assert "retired" in answer.json["detail"]
    assert client.get("/components").json["items"] == []
    assert states(client) == [("degraded", True), ("deployed", False)]
    assert [row["type"] for row in journal_rows()] == [
        "component.changed",
        "component.retired",
        "component.superseded",
    ]


def test_a_queue_replayed_after_it_was_retired_leaves_it_retired(client: Agent) -> None:
    for _ in range(2):
        client.put(
            "/components/shop/api",
            state="built",
            observed_at="2026-01-05T10:00:00Z",
            updated_by="host/a",
        )
        assert client.delete("/components/shop/api").status_code == 200
    assert client.get("/components/shop/api").status_code == 404
    assert states(client) == [("built", False)]


def test_a_queue_replayed_twice_leaves_retired_what_was_seen_and_retired_in_one_moment(
    client: Agent, journal_rows: Any
) -> None:
    at = "2026-01-05T10:00:00Z"
    for status in (201, 409):
        assert (
            client.put(
                "/components/shop/api", state="built", observed_at=at, updated_by="host/a"
            ).status_code
            == status
        )
        assert (
            client.delete("/components/shop/api", session_id="host/a", observed_at=at).status_code
            == 200
        )
    assert client.get("/components/shop/api").status_code == 404
    assert [row["type"] for row in journal_rows()] == ["component.changed", "component.retired"]


def test_a_retirement_replayed_after_it_came_back_is_superseded(client: Agent) -> None:
    at = {"observed_at": "2026-01-05T10:00:00Z"}
    put(client, observed_at="2026-01-05T09:00:00Z")
    assert client.delete("/components/shop/api", session_id="host/a", **at).status_code == 200
    back = put(client, "deployed").json
    answer = client.delete("/components/shop/api", session_id="host/a", **at)
    assert (answer.status_code, answer.json["error"], answer.json["component"]) == (
        409,
        "superseded",
        back,
    )


def test_a_report_seen_after_it_was_retired_brings_it_back(client: Agent, clock: Clock) -> None:
    put(client)
    client.delete("/components/shop/api")
    clock.move(minutes=10)
    seen = moved(client.get("/status").json["generated_at"], minutes=-5)
    answer = put(client, "deployed", observed_at=seen)
    assert (answer.status_code, answer.json["observed_at"], answer.json["state_since"]) == (
        201,
        seen,
        seen,
    )


def test_a_late_retirement_is_superseded(client: Agent, journal_rows: Any) -> None:
    put(client)
    answer = client.delete(
        "/components/shop/api", session_id="host/b", observed_at="2026-01-05T10:00:00Z"
    )
    assert (answer.status_code, answer.json["error"]) == (409, "superseded")
    assert client.get("/components/shop/api").json == answer.json["component"]
    assert len(journal_rows()) == 1


def test_a_retirement_counts_from_when_it_was_seen(client: Agent) -> None:
    put(client, observed_at="2026-01-05T10:00:00Z")
    assert (
        client.delete("/components/shop/api", observed_at="2026-01-05T12:00:00Z").status_code == 200
    )
    assert put(client, "late", observed_at="2026-01-05T11:00:00Z").status_code == 409
    assert put(client, "back", observed_at="2026-01-05T13:00:00Z").status_code == 201


def test_a_retirement_ahead_of_its_time_names_the_clock_skew(client: Agent) -> None:
    put(client)
    ahead = moved(client.get("/status").json["generated_at"], minutes=6)
    answer = client.delete("/components/shop/api", observed_at=ahead)
    assert answer.status_code == 422
    assert "clock skew" in answer.json["detail"]
    assert client.get("/components/shop/api").status_code == 200


@pytest.mark.parametrize(
    ("kwargs", "by"),
    [
        ({}, None),
        ({"query_string": {"session_id": "host/b"}}, "host/b"),
        ({"query_string": {"updated_by": "host/b", "session_id": "host/c"}}, "host/b"),
        ({"body": {"updated_by": "host/b"}}, "host/b"),
        ({"data": "null", "content_type": "application/json"}, None),
    ],
    ids=["nobody", "session_id", "updated_by", "body", "null-body"],
)
def test_the_journal_says_who_retired_it(
    client: Agent, journal_rows: Any, kwargs: dict[str, Any], by: str | None
) -> None:
    put(client, "building")
    put(client, "built", version="1.0")
    assert client.call("DELETE", "/components/shop/api", **kwargs).status_code == 200
    event = journal_rows()[-1]
    assert (event["type"], event["session_id"], event["subject_id"]) == (
        "component.retired",
        by,
        "shop/api",
    )
    assert event["data"] == {
        "component": "api",
        "state": "built",
        "version": "1.0",
        "previous_state": "building",
    }


def test_an_unknown_component_is_not_found(client: Agent, journal_rows: Any) -> None:
    answer = client.delete("/components/shop/api", session_id="host/a")
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")
    assert journal_rows() == []


def test_an_unknown_parameter_is_refused_and_nothing_is_retired(client: Agent) -> None:
    put(client)
    assert client.delete("/components/shop/api", sesion_id="host/a").status_code == 422
    assert client.get("/components/shop/api").status_code == 200


def test_its_retirement_is_in_its_history(client: Agent) -> None:
    client.put("/components/shop/api", state="deployed", version="1", updated_by="host/a")
    client.delete("/components/shop/api", session_id="host/b")
    client.put("/components/shop/api", state="building", updated_by="host/a")
    answer = [
        (item["state"], item["updated_by"], item["retired"])
        for item in client.get("/components/shop/api/history").json["items"]
    ]
    assert answer == [
        ("building", "host/a", False),
        ("deployed", "host/b", True),
        ("deployed", "host/a", False),
    ]
