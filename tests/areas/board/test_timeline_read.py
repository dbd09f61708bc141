"""`GET /board/timeline`: who held and waited for what in a stretch of time; on both databases."""

from collections.abc import Callable
from typing import Any

import pytest

from coord.areas.board import timeline
from tests.conftest import Agent, Clock, moved

Lock = dict[str, Any]


@pytest.fixture
def claim(client: Agent) -> Callable[..., Lock]:
    def claimed(resource: str, session: str = "host/a", **more: Any) -> Lock:
        body = {"project_key": "shop", "session_id": session, "resource": resource, **more}
        answer = client.post("/locks", **body)
        assert answer.status_code == 201, answer.json
        lock: Lock = answer.json
        return lock

    return claimed


def shown(client: Agent, **query: Any) -> list[Any]:
    items: list[Any] = client.get("/board/timeline", **query).json["items"]
    return items


def test_a_lock_is_a_bar_from_its_claim_to_its_release(
    client: Agent, clock: Clock, claim: Callable[..., Lock]
) -> None:
    lock = claim("src/a.py")
    clock.move(minutes=10)
    released = client.delete(f"/locks/{lock['id']}", session_id="host/a").json
    clock.move(minutes=10)
    assert shown(client, since=lock["acquired_at"]) == [
        {
            "session_id": "host/a",
            "project_key": "shop",
            "text": "src/a.py",
            "style": "solid",
            "since": lock["acquired_at"],
            "until": released["released_at"],
            "ending": None,
            "to": ["resource", "shop", "src/a.py"],
        }
    ]


def test_only_what_was_held_in_the_stretch_is_told(
    client: Agent, clock: Clock, claim: Callable[..., Lock]
) -> None:
    before = claim("before", ttl_hours=0.5)
    throughout = claim("throughout", ttl_hours=0)
    clock.move(hours=1)
    within = claim("within", ttl_hours=0.1)
    clock.move(hours=1)
    claim("after")
    stretch = {
        "since": moved(before["acquired_at"], minutes=45),
        "until": moved(before["acquired_at"], minutes=90),
    }
    spans = {span["text"]: span for span in shown(client, **stretch)}
    assert spans.keys() == {"throughout", "within"}
    assert spans["throughout"]["until"] is None
    assert spans["throughout"]["since"] == throughout["acquired_at"]
    assert (spans["within"]["ending"], spans["within"]["until"]) == (
        "expired",
        within["expires_at"],
    )
    assert [span["text"] for span in shown(client, **stretch, project_key="other")] == []


def test_how_it_ended_is_said(client: Agent, clock: Clock, claim: Callable[..., Lock]) -> None:
    forced = claim("forced")
    claim("stale", ttl_hours=0)
    client.delete(f"/locks/{forced['id']}", session_id="anna", force="true", reason="it hangs")
    clock.move(hours=3)
    endings = {span["text"]: span["ending"] for span in shown(client, since=forced["acquired_at"])}
    assert endings == {"forced": "forced", "stale": "stale"}


def test_a_wait_in_vain_is_hatched_until_it_ends(client: Agent, claim: Callable[..., Lock]) -> None:
    lock = claim("src/a.py")
    body = {"project_key": "shop", "session_id": "host/b", "resource": "src/a.py", "wait": 0.3}
    assert client.post("/locks", **body).status_code == 409
    (wait,) = [
        span for span in shown(client, since=lock["acquired_at"]) if span["style"] == "hatched"
    ]
    assert (wait["session_id"], wait["text"]) == ("host/b", "src/a.py")
    assert lock["acquired_at"] <= wait["since"] < wait["until"]
    assert wait["ending"]


def test_a_session_that_is_gone_is_marked(
    client: Agent, clock: Clock, claim: Callable[..., Lock]
) -> None:
    lock = claim("src/a.py")
    client.post("/sessions/heartbeat", session_id="host/a", project_key="shop", ttl_minutes=1)
    client.post("/sessions/heartbeat", session_id="host/z", project_key="shop", ttl_minutes=60)
    client.delete("/sessions", session_id="host/z")
    marks = {
        span["session_id"]: span["ending"]
        for span in shown(client, since=lock["acquired_at"])
        if span["style"] == "mark"
    }
    assert marks == {"host/z": "ended"}


def test_what_a_session_waited_for_and_said_of_itself_are_bars(client: Agent, clock: Clock) -> None:
    def beat(minutes: float, **says: Any) -> str:
        clock.move(minutes=minutes)
        answer = client.post("/sessions/heartbeat", session_id="host/a", **says).json
        at: str = answer["last_seen_at"]
        return at

    since = beat(0, state="idle")
    worked = beat(5, state="working")
    asked = beat(5, waiting_for="permission: rm")
    went_on = beat(5, waiting_for=None)
    limited = beat(5, state="rate_limited")
    bars = [
        (each["style"], each["text"], each["since"], each["until"])
        for each in shown(client, since=since)
    ]
    assert bars == [
        ("idle", "", since, worked),
        ("asking", "permission: rm", asked, went_on),
        ("limited", "", limited, None),
    ]


def test_a_state_is_a_bar_in_a_stretch_that_began_after_it(client: Agent, clock: Clock) -> None:
    for name, more in (("host/a", {"ttl_minutes": 60 * 72}), ("host/b", {"ttl_minutes": 30})):
        client.post("/sessions/heartbeat", session_id=name, state="idle", **more)
    clock.move(hours=48)
    now = client.post("/sessions/heartbeat", session_id="host/c").json["last_seen_at"]
    clock.move(hours=1)
    (bar,) = [each for each in shown(client, since=now) if each["style"] != "mark"]
    assert (bar["session_id"], bar["style"], bar["until"]) == ("host/a", "idle", None)


def test_what_a_session_no_longer_said_when_the_stretch_began_is_no_bar(
    client: Agent, clock: Clock
) -> None:
    for state in ("idle", "working"):
        client.post("/sessions/heartbeat", session_id="host/a", state=state)
        clock.move(minutes=5)
    now = client.post("/sessions/heartbeat", session_id="host/b").json["last_seen_at"]
    assert shown(client, since=now) == []


def test_of_more_than_can_be_drawn_the_newest_are_shown(
    client: Agent, clock: Clock, claim: Callable[..., Lock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MAX_SPANS", 3)
    since = claim("src/a.py")["acquired_at"]
    for number in range(6):
        client.post("/sessions/heartbeat", session_id=f"host/{number}", state="idle")
        clock.move(minutes=1)
    answer = client.get("/board/timeline", since=since).json
    assert not answer["complete"]
    assert [item["session_id"] for item in answer["items"]] == ["host/3", "host/4", "host/5"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param({}, "since", id="no beginning"),
        pytest.param({"since": "yesterday"}, "since", id="no time"),
        pytest.param(
            {"since": "2026-01-28T10:00:00Z", "until": "2026-01-28T10:00:00Z"}, "until", id="empty"
        ),
    ],
)
def test_a_stretch_that_is_none_is_refused(
    client: Agent, query: dict[str, str], field: str
) -> None:
    answer = client.get("/board/timeline", **query)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
