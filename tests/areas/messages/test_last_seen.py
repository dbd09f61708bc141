"""recipient_last_seen_at: whether the recipient is there to read it."""

from tests.areas.messages import A, B, send
from tests.conftest import Agent, Clock


def test_a_recipient_that_did_something_was_last_seen_then(client: Agent, clock: Clock) -> None:
    earlier = send(client, B, A)
    clock.move(hours=3)
    later = send(client, B, None)
    clock.move(hours=3)
    assert earlier["created_at"] < later["created_at"]
    assert send(client, A, B)["recipient_last_seen_at"] == later["created_at"]


def test_whatever_a_session_changes_counts(client: Agent) -> None:
    lock = client.post("/locks", project_key="shop", session_id=B, resource="r").json
    assert send(client, A, B)["recipient_last_seen_at"] == lock["acquired_at"]


def test_a_misspelt_recipient_was_never_seen(client: Agent) -> None:
    send(client, B, A)
    for misspelt in ("host/B", "host/b ", "host/bb"):
        assert send(client, A, misspelt)["recipient_last_seen_at"] is None


def test_it_is_kept_up_to_date_in_every_answer(client: Agent) -> None:
    message = send(client, A, B)
    assert message["recipient_last_seen_at"] is None
    seen = send(client, B, None)["created_at"]
    assert client.get(f"/messages/{message['id']}").json["recipient_last_seen_at"] == seen
    assert (
        client.get("/messages", from_session=A).json["items"][0]["recipient_last_seen_at"] == seen
    )


def test_marking_a_direct_message_without_a_name_counts_for_its_recipient(client: Agent) -> None:
    message = send(client, A, B)
    read = client.call("PUT", f"/messages/{message['id']}/read").json
    assert read["recipient_last_seen_at"] == read["read_at"]


def test_a_broadcast_has_no_recipient_to_be_seen(client: Agent) -> None:
    send(client, A, None)
    assert client.get("/messages").json["items"][0]["recipient_last_seen_at"] is None
