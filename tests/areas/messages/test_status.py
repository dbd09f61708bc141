"""The messages' part of /status and /metrics."""

import pytest

from tests.areas.messages import A, B, C, send
from tests.conftest import Agent


def unread_count(client: Agent, **params: str) -> int:
    status = client.get("/status", **params).json
    assert status["counts"]["unread_messages"] == status["unread_message_count"]
    count: int = status["unread_message_count"]
    return count


@pytest.fixture
def mixed(client: Agent) -> Agent:
    """Two direct messages to B and one to C, a broadcast of A and one of B, each in the project
    `shop`, in `forum` and in none.
    """
    for project in ("shop", "forum", None):
        for sender, to in ((A, B), (C, B), (A, C), (A, None), (B, None)):
            send(client, sender, to, project_key=project)
    return client


def test_nothing_is_unread_at_first(client: Agent) -> None:
    assert unread_count(client) == unread_count(client, session_id=B) == 0


def test_without_a_session_it_counts_direct_messages(mixed: Agent) -> None:
    assert unread_count(mixed) == 9
    assert unread_count(mixed, project_key="shop") == 3


def test_with_a_session_it_counts_its_inbox(mixed: Agent) -> None:
    assert unread_count(mixed, session_id=B) == 9
    assert unread_count(mixed, session_id=C) == 9
    assert unread_count(mixed, session_id="host/new") == 6


def test_with_a_session_and_a_project_it_counts_what_the_inbox_shows_with_that_filter(
    mixed: Agent,
) -> None:
    assert unread_count(mixed, session_id=B, project_key="shop") == 8
    listed = mixed.get("/messages", to_session=B, project_key="shop", unread_only="true").json[
        "items"
    ]
    assert len(listed) == 8


def test_it_is_exact_beyond_a_page(client: Agent) -> None:
    for n in range(120):
        send(client, A, (B, None)[n % 2])
    assert unread_count(client, session_id=B) == 120
    client.put("/messages/read", session_id=B)
    assert unread_count(client, session_id=B) == 0


def test_what_was_read_no_longer_counts(mixed: Agent) -> None:
    for message in mixed.get(
        "/messages", to_session=B, unread_only="true", project_key="shop"
    ).json["items"]:
        mixed.put(f"/messages/{message['id']}/read", session_id=B)
    assert unread_count(mixed, session_id=B) == 1
    assert unread_count(mixed, session_id=C) == 9


def test_the_gauge_counts_unread_direct_messages(mixed: Agent) -> None:
    assert "\ncoord_messages_unread 9.0\n" in mixed.get("/metrics").text
