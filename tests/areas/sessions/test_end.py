"""DELETE /sessions."""

from typing import Any

import pytest

from coord.areas.workflows.repository import session_end
from tests.areas.sessions.conftest import SESSION_KEYS, A, B, Make, types
from tests.conftest import Agent, Clock


def end(client: Agent, session_id: str = A) -> Any:
    answer = client.delete("/sessions", session_id=session_id)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_it_ends_the_session_and_says_what_became_of_what_it_had(
    client: Agent, beat: Make, claimed: Make, journal_rows: Any
) -> None:
    session = beat(project_key="shop", ttl_minutes=5)
    item = claimed()
    answer = end(client)
    assert list(answer["session"]) == SESSION_KEYS
    assert answer["session"] == {
        **session,
        "state": "ended",
        "ended_at": answer["session"]["ended_at"],
    }
    assert answer["ended"] is True
    assert answer["done"]["work_items_returned"] == 1
    assert client.get(f"/work-items/{item['id']}").json["status"] == "pending"
    returned, ended = journal_rows()[-2:]
    assert (returned["type"], returned["session_id"], returned["data"]["reason"]) == (
        "work_item.returned",
        A,
        "session_ended",
    )
    assert (ended["type"], ended["subject_id"], ended["session_id"], ended["project_key"]) == (
        "session.ended",
        A,
        A,
        "shop",
    )


def test_it_is_no_longer_listed_and_never_gone(
    client: Agent, beat: Make, clock: Clock, keep_up: Make, shown: Make
) -> None:
    beat(ttl_minutes=5)
    end(client)
    assert client.get("/sessions").json["items"] == []
    clock.move(minutes=6)
    keep_up()
    assert shown()["state"] == "ended"


def test_repeating_it_is_fine(client: Agent, beat: Make, journal_rows: Any) -> None:
    beat()
    first = end(client)
    before = journal_rows()
    second = end(client)
    assert second == {
        "session": first["session"],
        "ended": False,
        "done": dict.fromkeys(first["done"], 0),
    }
    assert journal_rows() == before


def test_one_that_never_announced_itself_gives_back_what_it_has(
    client: Agent, claimed: Make, journal_rows: Any
) -> None:
    claimed()
    answer = end(client)
    assert (answer["session"], answer["ended"], answer["done"]["work_items_returned"]) == (
        None,
        True,
        1,
    )
    assert types(journal_rows())[-2:] == ["work_item.returned", "session.ended"]
    assert end(client)["ended"] is False


def test_one_that_nobody_knows_changes_nothing(client: Agent, journal_rows: Any) -> None:
    answer = end(client)
    assert (answer["session"], answer["ended"]) == (None, False)
    assert journal_rows() == []


def test_nobody_is_told_of_a_clean_end(client: Agent, beat: Make, claimed: Make) -> None:
    beat()
    claimed()
    end(client)
    assert client.get("/messages").json["items"] == []


def test_one_that_was_gone_can_still_end(
    client: Agent, beat: Make, clock: Clock, keep_up: Make, journal_rows: Any
) -> None:
    beat(ttl_minutes=5)
    clock.move(minutes=6)
    keep_up()
    answer = end(client)
    assert (answer["ended"], answer["session"]["state"]) == (True, "ended")
    assert types(journal_rows()) == ["session.announced", "session.gone", "session.ended"]


def test_more_than_one_change_can_hold_is_returned_all_the_same(
    client: Agent, beat: Make, claimed: Make, journal_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_end, "MAX_RETURNED", 2)
    beat()
    for _ in range(5):
        claimed()
    answer = end(client)
    assert answer["done"]["work_items_returned"] == 5
    assert answer["session"]["state"] == "ended"
    assert types(journal_rows()).count("session.ended") == 1


def test_others_keep_what_they_have(client: Agent, beat: Make, claimed: Make) -> None:
    beat(B)
    mine = claimed(B)
    end(client)
    assert client.get(f"/work-items/{mine['id']}").json == mine
    assert len(client.get("/sessions").json["items"]) == 1


def test_it_needs_a_name(client: Agent) -> None:
    answer = client.delete("/sessions")
    assert answer.status_code == 422
    assert "session_id" in answer.json["errors"]
