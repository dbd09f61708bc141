"""Threads: an answer belongs to the thread of what it answers."""

from tests.areas.messages import A, B, C, listed, send
from tests.conftest import Agent


def test_answers_and_answers_to_them_share_the_first_messages_thread(client: Agent) -> None:
    first = send(client, A, B, "1")
    second = send(client, B, A, "2", reply_to=first["id"])
    third = send(client, A, B, "3", reply_to=second["id"])
    send(client, A, B, "another")
    assert first["thread_id"] == second["thread_id"] == third["thread_id"] == first["id"]
    assert (second["reply_to"], third["reply_to"]) == (first["id"], second["id"])
    assert listed(client, thread_id=first["id"]) == ["3", "2", "1"]
    assert listed(client, thread_id=first["id"].upper(), from_session=A) == ["3", "1"]


def test_an_answer_without_to_session_is_a_broadcast(client: Agent) -> None:
    first = send(client, A, B)
    answer = send(client, B, None, reply_to=first["id"])
    assert answer["broadcast"] is True
    assert answer["thread_id"] == first["id"]


def test_anyone_may_answer_and_the_project_is_the_answers_own(client: Agent) -> None:
    first = send(client, A, B, project_key="shop")
    answer = send(client, C, A, reply_to=first["id"])
    assert (answer["thread_id"], answer["project_key"]) == (first["id"], None)


def test_a_thread_that_is_not_there_is_empty(client: Agent) -> None:
    first = send(client, A, B)
    second = send(client, A, B, reply_to=first["id"])
    assert listed(client, thread_id=second["id"]) == []
