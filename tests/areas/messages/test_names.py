"""Names compare exactly: case, accents and trailing spaces."""

import pytest

from tests.areas.messages import A, listed, send, unread
from tests.conftest import Agent

OTHERS = ["Host/b", "host/b ", " host/b", "host/ḃ", "host/ß"]


@pytest.mark.parametrize("other", OTHERS, ids=ascii)
def test_sessions_whose_names_differ_have_different_inboxes(client: Agent, other: str) -> None:
    send(client, A, "host/b", "of b")
    send(client, A, other, "of the other")
    assert unread(client, "host/b") == ["of b"]
    assert unread(client, other) == ["of the other"]
    assert client.put("/messages/read", session_id=other).json["read"] == 1
    assert unread(client, "host/b") == ["of b"]


@pytest.mark.parametrize("other", OTHERS, ids=ascii)
def test_a_broadcast_is_read_by_the_session_of_exactly_that_name(client: Agent, other: str) -> None:
    message = send(client, "host/b", None)
    assert unread(client, "host/b") == []
    assert unread(client, other) == ["s"]
    client.put(f"/messages/{message['id']}/read", session_id=other)
    assert unread(client, other) == []
    assert unread(client, A) == ["s"]
    assert listed(client, from_session=other) == []


@pytest.mark.parametrize("other", ["Shop", "shop ", "shöp"], ids=ascii)
def test_projects_whose_names_differ_are_different(client: Agent, other: str) -> None:
    send(client, A, None, project_key="shop")
    assert listed(client, project_key=other) == []
    assert unread(client, "host/b", project_key=other) == []
    assert (
        client.get("/status", session_id="host/b", project_key=other).json["unread_message_count"]
        == 0
    )


@pytest.mark.parametrize(
    "name", ["x" * 200, "😀" * 200, 'it\'s "odd" % \\ :x ;--'], ids=["longest", "astral", "odd"]
)
def test_any_name_works(client: Agent, name: str) -> None:
    send(client, name, name, "direct")
    message = send(client, A, None, "broadcast", project_key=name[:100])
    assert unread(client, name, project_key=name[:100]) == ["direct", "broadcast"]
    assert (
        client.put(f"/messages/{message['id']}/read", session_id=name).json["read_by"][0][
            "session_id"
        ]
        == name
    )
    assert client.put("/messages/read", session_id=name).json["read"] == 1
