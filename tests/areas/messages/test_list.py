"""GET /messages without to_session: every message, filtered and paged."""

import pytest

from tests.areas.messages import A, B, C, listed, send, unread
from tests.conftest import Agent


def test_all_messages_are_listed_newest_first(client: Agent) -> None:
    for to, subject in ((B, "1"), (None, "2"), (C, "3")):
        send(client, A, to, subject)
    assert listed(client) == ["3", "2", "1"]
    assert listed(client, session_id=B) == ["3", "2", "1"]


def test_a_sender_finds_what_it_sent(client: Agent) -> None:
    send(client, A, B, "direct")
    send(client, A, None, "broadcast")
    send(client, B, A, "of b")
    assert listed(client, from_session=A) == ["broadcast", "direct"]


def test_a_project_filter_alone_shows_just_that_project(client: Agent) -> None:
    send(client, A, B, "shop", project_key="shop")
    send(client, A, B, "forum", project_key="forum")
    send(client, A, B, "none")
    assert listed(client, project_key="shop") == ["shop"]
    assert listed(client, project_key="shop", from_session=B) == []


def test_unread_without_an_inbox_are_direct_messages_nobody_has_read_oldest_first(
    client: Agent,
) -> None:
    read = send(client, A, C, "read", project_key="shop")
    for to, subject in ((C, "1"), (None, "broadcast"), (B, "2")):
        send(client, A, to, subject, project_key="shop")
    send(client, C, B, "3")
    client.put(f"/messages/{read['id']}/read")
    assert listed(client, unread_only="true") == ["1", "2", "3"]
    assert listed(client, unread_only="true", from_session=A) == ["1", "2"]
    assert listed(client, unread_only="true", project_key="shop") == ["1", "2"]
    assert listed(client, unread_only="false", from_session=C) == ["3"]


@pytest.mark.parametrize(
    "params", [{}, {"from_session": A}, {"project_key": "shop"}, {"unread_only": "true"}], ids=str
)
def test_pages_hold_each_message_once(client: Agent, params: dict[str, str]) -> None:
    expected = [send(client, A, B, str(n), project_key="shop")["subject"] for n in range(7)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/messages", limit="3", **params, **cursor).json
        seen += [item["subject"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == (expected if "unread_only" in params else expected[::-1])


def test_a_page_ends_early_when_bodies_are_long(
    client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.areas.messages.repository.lists.MAX_PAGE_CHARACTERS", 100)
    for subject, length in (("1", 40), ("2", 60), ("3", 1), ("4", 500), ("5", 0)):
        send(client, A, B, subject, body="x" * length)
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while not pages or cursor["cursor"] is not None:
        page = client.get("/messages", to_session=B, unread_only="true", **cursor).json
        pages.append([item["subject"] for item in page["items"]])
        cursor = {"cursor": page["next_cursor"]}
    assert pages == [["1", "2"], ["3"], ["4"], ["5"]]


def test_a_cursor_of_another_order_is_refused(client: Agent) -> None:
    for _ in range(2):
        send(client, A, B)
    cursor = client.get("/messages", limit="1").json["next_cursor"]
    answer = client.get("/messages", to_session=B, unread_only="true", cursor=cursor)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["cursor"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"to_session": ""}, "to_session"),
        ({"to_session": "s" * 201}, "to_session"),
        ({"from_session": ""}, "from_session"),
        ({"project_key": "p" * 101}, "project_key"),
        ({"thread_id": "no"}, "thread_id"),
        ({"unread_only": "yes"}, "unread_only"),
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"cursor": "no"}, "cursor"),
        ({"unread": "true"}, "unread"),
        ({"session": "x"}, "session"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_parameter_is_named(client: Agent, params: dict[str, str], field: str) -> None:
    answer = client.get("/messages", **params)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]


def test_a_parameter_typo_is_answered_with_the_nearest_name(client: Agent) -> None:
    assert "'to_session'" in client.get("/messages", to_sesion=B).json["errors"]["to_sesion"][0]
    assert (
        "'unread_only'"
        in client.get("/messages", unread_onyl="true").json["errors"]["unread_onyl"][0]
    )


def test_nothing_is_marked_by_looking(client: Agent) -> None:
    send(client, A, B, "1")
    send(client, A, None, "2")
    assert unread(client, B) == unread(client, B) == ["1", "2"]
