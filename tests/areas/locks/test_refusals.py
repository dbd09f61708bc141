"""Claims that were refused are told to the journal by upkeep, after the answer."""

from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from coord.areas.locks import refusals
from tests.conftest import Agent


@pytest.fixture
def refused(client: Agent) -> Any:
    """A lock of host/a that another session claims in vain; its id."""
    claim = {"project_key": "shop", "resource": "src/app.py"}
    lock = client.post("/locks", **claim, session_id="host/a").json

    def claim_in_vain(session_id: str = "host/b", times: int = 1, resource: str = "src/") -> str:
        for _ in range(times):
            answer = client.post(
                "/locks", project_key="shop", session_id=session_id, resource=resource
            )
            assert answer.status_code == 409
        return str(lock["id"])

    return claim_in_vain


def told(client: Agent) -> list[tuple[str, str, str, dict[str, Any]]]:
    events = client.get("/events", type="lock.refused").json["items"]
    return [
        (event["session_id"], event["project_key"], event["subject"]["id"], event["data"])
        for event in events
    ]


def test_a_refusal_writes_nothing_and_is_told_within_a_minute(
    app: Flask, client: Agent, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_id = refused(times=3)
    refused("host/c", resource="src/app.py")
    upkeep.run_once(app)
    assert told(client) == []
    monkeypatch.setattr(refusals, "REPORT_EVERY_S", 0.0)
    upkeep.run_once(app)
    upkeep.run_once(app)
    assert told(client) == [
        ("host/b", "shop", lock_id, {"resource": "src/app.py", "count": 3}),
        ("host/c", "shop", lock_id, {"resource": "src/app.py", "count": 1}),
    ]


def test_names_that_are_made_up_find_an_end(
    app: Flask, client: Agent, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "MAX_KEPT", 2)
    for number in range(4):
        refused(f"host/{number}")
    refused("host/0")
    monkeypatch.setattr(refusals, "REPORT_EVERY_S", 0.0)
    upkeep.run_once(app)
    assert [(who, data["count"]) for who, _, _, data in told(client)] == [
        ("host/0", 2),
        ("host/1", 1),
    ]


def test_the_timeline_marks_it_and_the_counts_have_it(
    app: Flask, client: Agent, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused()
    monkeypatch.setattr(refusals, "REPORT_EVERY_S", 0.0)
    upkeep.run_once(app)
    (event,) = client.get("/events", type="lock.refused").json["items"]
    since = event["at"].replace(event["at"][:4], str(int(event["at"][:4]) - 1), 1)
    spans = client.get("/board/timeline", since=since).json["items"]
    (mark,) = [span for span in spans if span["ending"] == "refused"]
    assert (mark["session_id"], mark["text"], mark["style"]) == ("host/b", "src/app.py", "mark")
    counts = client.get("/board/counts", since=since).json["items"]
    assert {count["title"]: count["total"] for count in counts}["Conflicts"] == 1
