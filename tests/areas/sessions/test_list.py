"""GET /sessions."""

from typing import Any

import pytest

from tests.areas.sessions.conftest import A, B, C, Make
from tests.conftest import Agent, Clock


def named(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [item["session_id"] for item in answer.json["items"]]


@pytest.fixture
def scene(client: Agent, beat: Make, clock: Clock, keep_up: Make) -> None:
    """One session of each kind, oldest first: silent, ended, noted gone, gone but not noted, alive
    by promise, alive without.
    """
    beat("silent", project_key="shop")
    beat("ended", project_key="shop")
    client.delete("/sessions", session_id="ended")
    beat("noted", project_key="bank", ttl_minutes=1)
    clock.move(hours=3)
    keep_up()
    beat("missed", project_key="shop", ttl_minutes=1)
    beat("promised", project_key="shop", ttl_minutes=60)
    beat("free", project_key="bank")
    clock.move(minutes=2)


@pytest.mark.usefixtures("scene")
def test_those_that_are_there_come_the_last_first(client: Agent) -> None:
    answer = client.get("/sessions")
    assert named(answer) == ["free", "promised", "missed", "silent"]
    assert [item["state"] for item in answer.json["items"]] == ["alive", "alive", "gone", "silent"]


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["alive"], ["free", "promised"]),
        (["silent"], ["silent"]),
        (["gone"], ["missed", "noted"]),
        (["ended"], ["ended"]),
        (["gone", "silent"], ["missed", "noted", "silent"]),
        (
            ["alive", "silent", "gone", "ended"],
            ["free", "promised", "missed", "noted", "ended", "silent"],
        ),
    ],
    ids=str,
)
def test_silent_and_dead_are_told_apart(
    client: Agent, states: list[str], expected: list[str]
) -> None:
    answer = client.get("/sessions", state=states)
    assert named(answer) == expected
    assert {item["state"] for item in answer.json["items"]} == set(states)


@pytest.mark.usefixtures("scene")
def test_a_project_has_its_own(client: Agent) -> None:
    assert named(client.get("/sessions", project_key="shop")) == ["promised", "missed", "silent"]
    assert named(client.get("/sessions", project_key="bank", state="gone")) == ["noted"]
    assert named(client.get("/sessions", project_key="none")) == []


@pytest.mark.usefixtures("scene")
def test_one_that_is_gone_says_since_when_before_and_after_it_is_noted(
    client: Agent, keep_up: Make
) -> None:
    before = client.get("/sessions", state="gone").json
    keep_up()
    assert client.get("/sessions", state="gone").json == before
    assert all(item["ended_at"] == item["expires_at"] for item in before["items"])


def test_one_that_announces_itself_anew_comes_first(client: Agent, beat: Make) -> None:
    for name in (A, B, C):
        beat(name)
    beat(B)
    assert named(client.get("/sessions")) == [C, B, A]
    client.delete("/sessions", session_id=A)
    beat(A)
    assert named(client.get("/sessions")) == [A, C, B]


def test_pages_show_each_once(client: Agent, beat: Make) -> None:
    for number in range(5):
        beat(f"host/{number}")
    first = client.get("/sessions", limit=2).json
    second = client.get("/sessions", limit=2, cursor=first["next_cursor"]).json
    third = client.get("/sessions", limit=2, cursor=second["next_cursor"]).json
    assert [item["session_id"] for page in (first, second, third) for item in page["items"]] == [
        f"host/{n}" for n in (4, 3, 2, 1, 0)
    ]
    assert third["next_cursor"] is None


@pytest.mark.parametrize(
    "params", [{"state": "dead"}, {"limit": "0"}, {"cursor": "x"}, {"project": "shop"}], ids=str
)
def test_bad_parameters_are_refused(client: Agent, params: dict[str, str]) -> None:
    assert client.get("/sessions", **params).status_code == 422


@pytest.mark.usefixtures("scene")
def test_status_and_metrics_count_them(client: Agent) -> None:
    counts = client.get("/status").json["counts"]
    assert (counts["sessions"], counts["sessions_gone"]) == (3, 2)
    counts = client.get("/status", project_key="shop").json["counts"]
    assert (counts["sessions"], counts["sessions_gone"]) == (2, 1)
    lines = client.get("/metrics").text.splitlines()
    for line in (
        'coord_sessions{state="alive"} 2.0',
        'coord_sessions{state="silent"} 1.0',
        'coord_sessions{state="gone"} 2.0',
    ):
        assert line in lines
