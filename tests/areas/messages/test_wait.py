"""GET /messages with `wait`."""

import threading
from typing import Any

import pytest
from flask import Flask

from tests.areas.messages import A, B, C, send
from tests.conftest import Agent
from tests.service import until

LONG = 20


class Listening:
    """A call that waits for messages, in a thread of its own; made when it really waits."""

    def __init__(self, app: Flask, **query: Any) -> None:
        agent, found = Agent(app.test_client()), []
        self._thread = threading.Thread(
            target=lambda: found.append(agent.get("/messages", wait=LONG, **query))
        )
        self._found = found
        self._thread.start()
        watcher = app.extensions["coord.watcher"]
        until(lambda: watcher._subscriptions or found, 10, "the call to wait")

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def subjects(self) -> list[str]:
        self._thread.join(LONG - 5)
        assert self.over, "it still waits"
        return [message["subject"] for message in self._found[0].json["items"]]


def test_it_answers_as_soon_as_something_unread_arrives(app: Flask, client: Agent) -> None:
    old = send(client, A, B, subject="old")
    client.put(f"/messages/{old['id']}/read", session_id=B)
    listening = Listening(app, to_session=B)
    send(client, A, C, subject="for another")
    send(client, B, None, subject="its own broadcast")
    assert not listening.over
    send(client, A, B, subject="new")
    assert listening.subjects() == ["new"]


def test_a_broadcast_is_heard_by_all_that_wait_and_whose_project_it_is(
    app: Flask, client: Agent
) -> None:
    here, there = (
        Listening(app, to_session=B, project_key="shop"),
        Listening(app, to_session=C, project_key="other"),
    )
    send(client, A, None, subject="all", project_key="shop")
    assert here.subjects() == ["all"]
    assert not there.over
    send(client, A, None, subject="everywhere")
    assert there.subjects() == ["everywhere"]


def test_what_is_unread_already_is_answered_at_once(client: Agent) -> None:
    send(client, A, B, subject="old")
    assert [
        message["subject"]
        for message in client.get("/messages", to_session=B, wait=LONG).json["items"]
    ] == ["old"]


def test_a_wait_in_vain_answers_an_empty_list(client: Agent) -> None:
    assert client.get("/messages", to_session=B, wait=0.1).json == {
        "items": [],
        "next_cursor": None,
    }


@pytest.mark.parametrize("seconds", ["-1", "61", "soon"])
def test_a_wait_that_cannot_be_is_refused(client: Agent, seconds: str) -> None:
    answer = client.get("/messages", to_session=B, wait=seconds)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["wait"]
