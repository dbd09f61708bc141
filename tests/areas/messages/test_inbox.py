"""GET /messages?to_session=: a session's inbox."""

import pytest

from tests.areas.messages import A, B, C, listed, send, unread
from tests.conftest import Agent


def test_an_inbox_holds_what_is_addressed_to_the_session_and_broadcasts_of_others(
    client: Agent,
) -> None:
    send(client, A, B, "to b")
    send(client, A, C, "to c")
    send(client, A, None, "to all")
    send(client, B, None, "own broadcast")
    send(client, B, A, "own direct")
    send(client, B, B, "note to self")
    assert unread(client, B) == ["to b", "to all", "note to self"]
    assert unread(client, C) == ["to c", "to all", "own broadcast"]
    assert unread(client, "host/new") == ["to all", "own broadcast"]


def test_unread_comes_oldest_first_and_the_whole_inbox_newest_first(client: Agent) -> None:
    for subject in ("1", "2", "3"):
        send(client, A, B if subject != "2" else None, subject)
    assert unread(client, B) == ["1", "2", "3"]
    assert listed(client, to_session=B) == ["3", "2", "1"]


def test_what_is_read_leaves_the_unread_and_stays_in_the_inbox(client: Agent) -> None:
    direct, broadcast = send(client, A, B, "direct"), send(client, A, None, "broadcast")
    for message in (direct, broadcast):
        client.put(f"/messages/{message['id']}/read", session_id=B)
    assert unread(client, B) == []
    items = client.get("/messages", to_session=B).json["items"]
    assert [item["subject"] for item in items] == ["broadcast", "direct"]
    assert all(item["read_at"] for item in items)


def test_a_broadcast_in_an_inbox_shows_when_that_session_read_it(client: Agent) -> None:
    message = send(client, A, None)
    client.put(f"/messages/{message['id']}/read", session_id=B)
    (of_b,) = client.get("/messages", to_session=B).json["items"]
    (of_c,) = client.get("/messages", to_session=C).json["items"]
    assert of_b["read_at"] is not None
    assert of_c["read_at"] is None
    assert (
        of_b["read_by"]
        == of_c["read_by"]
        == [{"session_id": B, "read_at": of_b["read_at"], "acked_at": None}]
    )


@pytest.mark.parametrize("params", [{"unread_only": "true"}, {}], ids=["unread", "all"])
def test_a_project_filter_leaves_out_broadcasts_to_others_and_no_direct_message(
    client: Agent, params: dict[str, str]
) -> None:
    for to in (B, None):
        for project in ("shop", "forum", None):
            send(client, A, to, f"{to} {project}", project_key=project)
    shown = listed(client, to_session=B, project_key="shop", **params)
    assert sorted(shown) == sorted(
        ["host/b shop", "host/b forum", "host/b None", "None shop", "None None"]
    )
    assert len(listed(client, to_session=B, **params)) == 6


@pytest.mark.parametrize("params", [{"unread_only": "true"}, {}], ids=["unread", "all"])
def test_filters_by_sender_and_thread_apply_to_an_inbox(
    client: Agent, params: dict[str, str]
) -> None:
    first = send(client, A, B, "first")
    send(client, C, B, "of c")
    send(client, C, None, "of c to all")
    send(client, A, None, "answer to all", reply_to=first["id"])
    send(client, B, A, "own answer", reply_to=first["id"])
    assert sorted(listed(client, to_session=B, from_session=C, **params)) == ["of c", "of c to all"]
    assert sorted(listed(client, to_session=B, thread_id=first["thread_id"], **params)) == [
        "answer to all",
        "first",
    ]
    assert (
        listed(client, to_session=B, thread_id=first["thread_id"], from_session=C, **params) == []
    )
    assert listed(client, to_session=B, from_session=B, **params) == []


def test_an_inbox_is_that_of_to_session_whoever_asks(client: Agent) -> None:
    send(client, A, B, "to b")
    assert unread(client, B, session_id=C) == ["to b"]


def test_a_mixed_inbox_is_paged_while_messages_arrive_and_are_read(client: Agent) -> None:
    for n in range(20):
        send(client, A, (B, None, C)[n % 3], str(n), project_key=("shop", None)[n % 2])
    expected = [str(n) for n in range(20) if n % 3 != 2]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get(
            "/messages", to_session=B, unread_only="true", project_key="shop", limit="3", **cursor
        ).json
        for item in page["items"]:
            seen.append(item["subject"])
            client.put(f"/messages/{item['id']}/read", session_id=B)
        if page["next_cursor"] is None:
            break
        if len(expected) < 20:
            expected += [f"late {len(expected)}"]
            send(client, C, (B, None)[len(expected) % 2], expected[-1])
        cursor = {"cursor": page["next_cursor"]}
    assert seen == expected
    assert unread(client, B) == []


def test_the_whole_inbox_is_paged_backwards_and_new_messages_do_not_shift_it(client: Agent) -> None:
    for n in range(10):
        send(client, A, (B, None)[n % 2], str(n))
    first = client.get("/messages", to_session=B, limit="4").json
    send(client, A, B, "new")
    send(client, A, None, "new")
    second = client.get("/messages", to_session=B, limit="4", cursor=first["next_cursor"]).json
    third = client.get("/messages", to_session=B, limit="4", cursor=second["next_cursor"]).json
    pages = [first, second, third]
    assert [item["subject"] for page in pages for item in page["items"]] == [
        str(n) for n in reversed(range(10))
    ]
    assert third["next_cursor"] is None


def test_the_last_page_that_is_just_full_has_no_cursor(client: Agent) -> None:
    for to in (B, None):
        send(client, A, to)
    assert client.get("/messages", to_session=B, limit="2").json["next_cursor"] is None
    assert (
        client.get("/messages", to_session=B, unread_only="true", limit="2").json["next_cursor"]
        is None
    )
