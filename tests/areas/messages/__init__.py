"""Tests of the messages area, with what they share."""

from typing import Any

from tests.conftest import Agent

A, B, C = "host/a", "host/b", "host/c"


def send(
    client: Agent, sender: str = A, to: str | None = B, subject: str = "s", **more: Any
) -> Any:
    """Sends a message and answers it; without `to` a broadcast."""
    body = {"from_session": sender, "subject": subject, "body": "text", **more}
    if to is not None:
        body["to_session"] = to
    answer = client.post("/messages", **body)
    assert answer.status_code == 201, answer.json
    return answer.json


def unread(client: Agent, session: str, **params: Any) -> list[str]:
    """The subjects in the session's unread inbox, in its order."""
    answer = client.get("/messages", to_session=session, unread_only="true", **params)
    assert answer.status_code == 200, answer.json
    return [message["subject"] for message in answer.json["items"]]


def listed(client: Agent, **params: Any) -> list[str]:
    """The subjects of a list, in its order."""
    answer = client.get("/messages", **params)
    assert answer.status_code == 200, answer.json
    return [message["subject"] for message in answer.json["items"]]
