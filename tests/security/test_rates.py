"""A peer and a session can ask for only so much in a time; agents do not notice, and are never told
that the database is away.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from coord.testing import Agent, Answer, make_app
from coord.web import rates
from coord.web.rates import MAX_NAMES, OVER_S, UNIT_BYTES, Rate


@pytest.fixture(scope="module")
def limited_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("db")
    return make_app(f"sqlite:///{folder}/coord.db", SESSION_RATE=0.5, PEER_RATE=1)


@pytest.fixture
def limited(limited_app: Flask) -> Agent:
    rates.install(limited_app)
    return Agent(limited_app.test_client())


def flood(call: Callable[[int], Answer]) -> list[int]:
    return [call(number).status_code for number in range(20)]


def claim(agent: Agent, session: str, number: int, **more: str) -> Answer:
    return agent.post(
        "/locks", project_key="shop", session_id=session, resource=f"r{number}", **more
    )


def refused(answer: Answer, setting: str) -> None:
    assert (answer.status_code, answer.json["error"]) == (429, "too_many")
    assert int(answer.headers["Retry-After"]) > 0
    assert setting in answer.json["detail"]


def test_a_session_that_floods_is_told_when_to_come_back(limited: Agent) -> None:
    at_once = round(0.5 * OVER_S) + 1
    statuses = [claim(limited, "host/a", number).status_code for number in range(at_once)]
    assert set(statuses) == {201}
    refused(claim(limited, "host/a", 99), "COORD_SESSION_RATE")
    assert claim(limited, "host/b", 99).status_code == 201


@pytest.mark.parametrize(
    "call",
    [
        lambda agent: agent.get("/locks", session_id="host/a"),
        lambda agent: agent.get("/status", session_id="host/a"),
        lambda agent: agent.call("GET", "/components", headers={"X-Coord-Session": "host/a"}),
        lambda agent: agent.post("/messages", from_session="host/a", subject="x", body="x"),
        lambda agent: agent.post("/sessions/heartbeat", session_id="host/a"),
    ],
    ids=["a filter is no caller", "a read", "a header", "a sender", "a heartbeat"],
)
def test_whatever_it_calls_counts(limited: Agent, call: Callable[[Agent], Answer]) -> None:
    statuses = [call(limited).status_code for _ in range(20)]
    assert statuses[-1] == 429


def test_a_peer_that_takes_new_names_floods_no_longer(limited: Agent) -> None:
    statuses = flood(lambda number: claim(limited, f"host/{number}", number))
    assert statuses.index(429) == OVER_S + 1
    refused(claim(limited, "host/x", 99), "COORD_PEER_RATE")


def test_what_needs_no_token_is_always_answered(limited: Agent) -> None:
    flood(lambda number: claim(limited, f"host/{number}", number))
    assert limited.get("/status").status_code == 429
    for path in ("/livez", "/health", "/openapi.json", "/llms.txt"):
        assert limited.get(path).status_code == 200


def test_what_is_refused_changes_nothing(limited: Agent, limited_app: Flask) -> None:
    flood(lambda number: claim(limited, "host/a", number))
    rates.install(limited_app)
    listed = limited.get("/locks", project_key="shop", resource="r19").json["items"]
    assert listed == []


def test_long_bodies_count_for_more(limited: Agent) -> None:
    long = "x" * (20 * UNIT_BYTES)
    first = limited.post("/messages", from_session="host/a", subject="x", body=long)
    assert first.status_code in (201, 422)
    refused(claim(limited, "host/b", 1), "COORD_PEER_RATE")


def test_long_answers_count_for_more(limited_app: Flask, limited: Agent) -> None:
    long = "x" * 20_000
    for number in range(8):
        rates.install(limited_app)
        stored = limited.put(
            f"/components/shop/c{number}", state="s", notes=long, updated_by=f"host/{number}"
        )
        assert stored.status_code == 201
    rates.install(limited_app)
    assert limited.get("/components", project_key="shop").status_code == 200
    before = flood(lambda _: limited.get("/components", project_key="none"))
    assert before.index(429) < OVER_S + 1 - 8  # 160 KB


def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    app = make_app(f"sqlite:///{tmp_path}/coord.db", SESSION_RATE=0, PEER_RATE=0)
    agent = Agent(app.test_client())
    assert set(flood(lambda number: claim(agent, "host/a", number))) == {201}


def test_made_up_names_take_no_memory_without_end() -> None:
    rate = Rate(0.001)
    for number in range(3 * MAX_NAMES):
        rate.take(str(number), 1)
    assert len(rate._used_until) <= MAX_NAMES


def test_an_agent_is_never_in_the_way_of_the_default_rates(client: Agent) -> None:
    """As busy as one can be: a check-in, a claim and a release for each of 300 edits."""
    for number in range(300):
        assert client.post("/sessions/checkin", session_id="host/a").status_code == 200
        lock = client.post("/locks", project_key="shop", session_id="host/a", resource=f"r{number}")
        assert client.delete(f"/locks/{lock.json['id']}", session_id="host/a").status_code == 200
