"""DELETE /locks/<id>?force=true: an operator releases a lock that another session holds."""

from typing import Any

import pytest

from tests.conftest import Agent, Clock

REASON = "host/a hangs in a prompt"


@pytest.fixture
def lock(client: Agent) -> Any:
    return client.post("/locks", project_key="shop", session_id="host/a", resource="src/a.py").json


def force(client: Agent, lock: Any, **more: Any) -> Any:
    asked = {"session_id": "anna", "force": "true", "reason": REASON, **more}
    return client.delete(f"/locks/{lock['id']}", **asked)


def test_a_live_lock_is_released_by_force(client: Agent, lock: Any) -> None:
    answer = force(client, lock)
    assert (answer.status_code, answer.json["released_by"]) == (200, "anna")
    assert answer.json["release_reason"] == "forced"
    assert client.get("/locks").json["items"] == []


def test_the_reason_goes_into_the_journal(client: Agent, lock: Any, journal_rows: Any) -> None:
    force(client, lock)
    (released,) = [row for row in journal_rows() if row["type"] == "lock.released"]
    assert released["session_id"] == "anna"
    told = {name: released["data"][name] for name in ("holder", "reason", "stated_reason")}
    assert told == {"holder": "host/a", "reason": "forced", "stated_reason": REASON}


def test_the_holder_is_told_who_and_why(client: Agent, lock: Any) -> None:
    force(client, lock)
    (told,) = client.get("/messages", to_session="host/a", unread_only="true").json["items"]
    assert told["from_session"] == "coord"
    assert told["subject"] == "anna released a lock of yours by force"
    assert "src/a.py" in told["body"]
    assert told["body"].endswith(REASON)


def test_repeating_it_changes_nothing_and_tells_nobody(client: Agent, lock: Any) -> None:
    first = force(client, lock)
    again = force(client, lock, reason="again")
    assert (again.status_code, again.json) == (200, first.json)
    assert len(client.get("/messages", to_session="host/a").json["items"]) == 1


def test_the_holder_that_goes_on_learns_how_it_was_lost(client: Agent, lock: Any) -> None:
    force(client, lock)
    answer = client.patch(f"/locks/{lock['id']}", session_id="host/a")
    assert (answer.status_code, answer.json["error"]) == (409, "lock_lost")
    assert "released by force by 'anna'" in answer.json["detail"]


def test_the_next_holder_gets_a_larger_token(client: Agent, lock: Any) -> None:
    force(client, lock)
    later = client.post("/locks", project_key="shop", session_id="host/b", resource="src/")
    assert later.json["fencing_token"] > lock["fencing_token"]


def test_what_needs_no_force_is_released_without(
    client: Agent, clock: Clock, lock: Any, journal_rows: Any
) -> None:
    assert force(client, lock, session_id="host/a").json["release_reason"] == "released"
    stale = client.post(
        "/locks", project_key="shop", session_id="host/a", resource="b", ttl_hours=0
    )
    clock.move(hours=3)
    assert force(client, stale.json).json["release_reason"] == "stale"
    assert not [row for row in journal_rows() if row["type"] == "message.sent"]


def test_a_renewal_after_it_was_decided_keeps_the_lock(
    client: Agent, clock: Clock, lock: Any
) -> None:
    clock.move(minutes=5)
    client.patch(f"/locks/{lock['id']}", session_id="host/a")
    answer = force(client, lock, observed_at=lock["acquired_at"])
    assert (answer.status_code, answer.json["error"]) == (409, "superseded")
    assert client.get(f"/locks/{lock['id']}").json["released_at"] is None


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"force": "true"}, id="no reason"),
        pytest.param({"force": "true", "reason": "  "}, id="a blank reason"),
        pytest.param({"reason": REASON}, id="a reason without force"),
        pytest.param({"force": "true", "reason": "x" * 501}, id="a long reason"),
    ],
)
def test_a_release_by_force_without_a_proper_reason_is_refused(
    client: Agent, lock: Any, asked: Any
) -> None:
    answer = client.delete(f"/locks/{lock['id']}", session_id="anna", **asked)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["reason"]
    assert client.get(f"/locks/{lock['id']}").json["released_at"] is None
