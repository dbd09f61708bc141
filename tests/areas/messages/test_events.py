"""What the journal says of messages."""

from typing import Any

import pytest

from tests.areas.messages import A, B, send
from tests.conftest import Agent


@pytest.mark.parametrize("to", [B, None], ids=["direct", "broadcast"])
def test_sending_reading_and_acknowledging_are_events_that_never_hold_the_body(
    client: Agent, journal_rows: Any, to: str | None
) -> None:
    message = send(client, A, to, "Build", body="a secret", project_key="shop", importance="high")
    client.put(f"/messages/{message['id']}/read", session_id=B)
    client.put(f"/messages/{message['id']}/read", session_id=B, ack=True)
    rows = journal_rows()
    assert [(row["type"], row["session_id"]) for row in rows] == [
        ("message.sent", A),
        ("message.read", B),
        ("message.acked", B),
    ]
    for row in rows:
        assert (row["subject_kind"], row["subject_id"], row["project_key"]) == (
            "message",
            message["id"],
            "shop",
        )
        assert row["data"] == {"subject": "Build", "importance": "high", "to_session": to}


def test_an_unnamed_reader_of_a_direct_message_is_its_recipient(
    client: Agent, journal_rows: Any
) -> None:
    message = send(client, A, B)
    client.call("PUT", f"/messages/{message['id']}/read")
    assert journal_rows()[-1]["session_id"] == B


def test_a_refused_call_leaves_no_event(client: Agent, journal_rows: Any) -> None:
    message = send(client, A, B)
    client.put(f"/messages/{message['id']}/read", session_id="host/other")
    client.post("/messages", from_session=A, subject="", body="b")
    assert len(journal_rows()) == 1


def test_times_are_those_of_the_journal(client: Agent, journal_rows: Any) -> None:
    message = send(client, A, B)
    read = client.put(f"/messages/{message['id']}/read").json
    shown = [f"{row['at']:%Y-%m-%dT%H:%M:%S.%fZ}" for row in journal_rows()]
    assert shown == [message["created_at"], read["read_at"]]
