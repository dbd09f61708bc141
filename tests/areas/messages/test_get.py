"""GET /messages/<id>."""

import uuid

import pytest

from tests.areas.messages import A, B, C, send
from tests.conftest import Agent


@pytest.mark.parametrize("to", [B, None], ids=["direct", "broadcast"])
def test_a_message_is_shown_as_it_was_sent(client: Agent, to: str | None) -> None:
    message = send(client, A, to, project_key="shop")
    answer = client.get(f"/messages/{message['id']}")
    assert (answer.status_code, answer.json) == (200, message)


def test_a_sender_sees_that_a_direct_message_was_read_and_acknowledged(client: Agent) -> None:
    message = send(client, A, B, requires_ack=True)
    client.put(f"/messages/{message['id']}/read", session_id=B, ack=True)
    seen = client.get(f"/messages/{message['id']}", session_id=A).json
    assert seen["read_at"] is not None
    assert seen["acked_at"] == seen["read_at"]
    assert seen["read_by"] == [
        {"session_id": B, "read_at": seen["read_at"], "acked_at": seen["acked_at"]}
    ]
    assert seen["read_count"] == 1


def test_a_sender_sees_who_read_a_broadcast_and_each_reader_its_own_time(client: Agent) -> None:
    message = send(client, A, None)
    client.put(f"/messages/{message['id']}/read", session_id=B)
    client.put(f"/messages/{message['id']}/read", session_id=C, ack=True)
    seen = client.get(f"/messages/{message['id']}").json
    assert (seen["read_at"], seen["acked_at"]) == (None, None)
    of_b, of_c = seen["read_by"]
    assert (of_b["session_id"], of_b["acked_at"]) == (B, None)
    assert of_c["session_id"] == C
    assert of_c["acked_at"] is not None
    own = client.get(f"/messages/{message['id']}", session_id=C).json
    assert (own["read_at"], own["acked_at"]) == (of_c["read_at"], of_c["acked_at"])


def test_an_unknown_message_is_not_found(client: Agent) -> None:
    answer = client.get(f"/messages/{uuid.uuid4()}")
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")


def test_an_unknown_parameter_is_refused(client: Agent) -> None:
    message = send(client)
    assert client.get(f"/messages/{message['id']}", sesion_id=B).status_code == 422
