"""POST /sessions/checkin."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from coord.area import CheckinPart
from coord.areas.sessions.repository import changes
from coord.store import database, journal
from coord.web import NOTICE
from tests.areas.sessions.conftest import SESSION_KEYS, A, B, C, Make, types
from tests.conftest import Agent, Clock

FRAME = ["changes", "changes_lost", "failed_areas", "cursor", "left_out", "shortened"]


@pytest.fixture
def check_in(client: Agent) -> Make:
    """A check-in as JSON."""

    def call(session_id: str = A, **more: Any) -> Any:
        answer = client.post("/sessions/checkin", session_id=session_id, **more)
        assert answer.status_code == 200, answer.json
        assert answer.mimetype == "application/json"
        return answer.json

    return call


@pytest.fixture
def text_of(client: Agent) -> Make:
    """A check-in as text."""

    def call(session_id: str = A, **more: Any) -> Any:
        answer = client.call(
            "POST",
            "/sessions/checkin",
            {"session_id": session_id, **more},
            headers={"Accept": "text/plain"},
        )
        assert answer.status_code == 200
        assert answer.content_type == "text/plain; charset=utf-8"
        return answer.get_data(as_text=True)

    return call


def send(client: Agent, to: str | None = A, sender: str = B, **more: Any) -> Any:
    body = {
        "from_session": sender,
        "subject": "s",
        "body": "b",
        **({"to_session": to} if to else {}),
        **more,
    }
    answer = client.post("/messages", **body)
    assert answer.status_code == 201
    return answer.json


def report(
    client: Agent, state: str, by: str = B, project: str = "shop", component: str = "api"
) -> None:
    answer = client.put(
        "/components", project_key=project, component=component, state=state, updated_by=by
    )
    assert answer.status_code in (200, 201)


# --- what it is -----------------------------------------------------------------------------------


def test_it_is_a_heartbeat(
    client: Agent, check_in: Make, shown: Make, clock: Clock, journal_rows: Any
) -> None:
    first = check_in(project_key="shop", ttl_minutes=5, agent="claude", task="Totals")
    assert list(first["session"]) == SESSION_KEYS
    assert first["session"] == shown()
    assert (
        first["session"]["state"],
        first["session"]["ttl_minutes"],
        first["session"]["task"],
    ) == ("alive", 5, "Totals")
    clock.move(minutes=4)
    second = check_in()
    assert second["session"] == shown()
    assert second["session"]["expires_at"] > first["session"]["expires_at"]
    assert second["session"]["task"] == "Totals"
    told = [kind for kind in types(journal_rows()) if kind.startswith("session.")]
    assert told == ["session.announced", "session.heartbeat"]


def test_it_says_what_to_know_in_the_order_of_its_importance(
    client: Agent, check_in: Make, claimed: Make
) -> None:
    message = send(client, subject="Totals", importance="high", requires_ack=True)
    item = claimed(title="Cart")
    first = check_in(project_key="shop")
    report(client, "deployed")
    answer = check_in(after=first["cursor"])
    names = list(answer)
    assert names[:2] == ["session", "messages"]
    assert names[-len(FRAME) :] == FRAME
    assert names.index("messages") < names.index("work_items") < names.index("changes")
    (unread,) = answer["messages"]
    assert unread == {name: message[name] for name in unread}
    assert {
        "id",
        "from_session",
        "subject",
        "body",
        "importance",
        "requires_ack",
        "created_at",
    } <= set(unread)
    (own,) = answer["work_items"]
    assert own == {name: item[name] for name in own}
    assert {"id", "title", "project_key", "claimed_at"} <= set(own)
    (change,) = answer["changes"]
    assert change == {
        **{"revision": answer["cursor"] - 1, "at": change["at"], "type": "component.changed"},
        **{"session_id": B, "what": "api: deployed"},
    }
    assert (answer["changes_lost"], answer["left_out"], answer["shortened"]) == (False, {}, {})


def test_nothing_new_is_said_so(check_in: Make) -> None:
    answer = check_in()
    assert all(answer[name] == [] for name in ("messages", "work_items", "changes"))
    assert (answer["left_out"], answer["shortened"], answer["cursor"]) == ({}, {}, 1)


# --- messages and work items ----------------------------------------------------------------------


def test_it_shows_all_that_is_addressed_to_the_session_and_the_broadcasts_of_its_project(
    client: Agent, check_in: Make
) -> None:
    for to, project in (
        (A, "shop"),
        (A, "bank"),
        (A, None),
        (None, "shop"),
        (None, "bank"),
        (None, None),
        (B, "shop"),
    ):
        send(client, to, C, project_key=project, subject=f"{to} {project}")
    answer = check_in(project_key="shop")
    assert [message["subject"] for message in answer["messages"]] == [
        f"{A} shop",
        f"{A} bank",
        f"{A} None",
        "None shop",
        "None None",
    ]
    assert len(check_in(project_key=None)["messages"]) == 6


def test_reading_them_here_marks_none_as_read(client: Agent, check_in: Make) -> None:
    message = send(client)
    assert len(check_in()["messages"]) == len(check_in()["messages"]) == 1
    client.put(f"/messages/{message['id']}/read", session_id=A)
    assert check_in()["messages"] == []


def test_its_items_are_shown_wherever_they_are(check_in: Make, claimed: Make) -> None:
    mine = [claimed(title=str(number))["id"] for number in range(3)]
    claimed(B)
    assert [item["id"] for item in check_in(project_key="bank")["work_items"]] == mine


def test_more_than_a_part_holds_are_counted(client: Agent, check_in: Make) -> None:
    for number in range(53):
        send(client, subject=str(number))
    answer = check_in(max_bytes=200_000)
    assert [message["subject"] for message in answer["messages"]] == [
        str(number) for number in range(50)
    ]
    assert answer["left_out"] == {"messages": 3}


# --- what changed since ---------------------------------------------------------------------------


def test_changes_are_those_by_others_in_the_project_the_newest_first(
    client: Agent, check_in: Make
) -> None:
    cursor = check_in(project_key="shop")["cursor"]
    report(client, "building")
    report(client, "built")
    report(client, "mine", by=A)
    report(client, "elsewhere", project="bank")
    client.post("/workflows", project_key="shop", name="Checkout", created_by=C)
    answer = check_in(after=cursor)
    told = [(change["type"], change["session_id"], change["what"]) for change in answer["changes"]]
    assert told == [
        ("workflow.created", C, "Checkout"),
        ("component.changed", B, "api: built"),
        ("component.changed", B, "api: building"),
    ]
    assert check_in(after=answer["cursor"])["changes"] == []
    assert check_in()["changes"] == []  # without a cursor there is no since
    assert len(check_in(after=cursor, project_key=None)["changes"]) == 4


def test_what_is_of_no_use_at_the_start_of_a_turn_is_left_out(
    client: Agent, check_in: Make, beat: Make
) -> None:
    cursor = check_in(project_key="shop")["cursor"]
    for _ in range(2):
        report(client, "built")  # seen again as it was
        beat(B, project_key="shop")
        send(client, C, B, project_key="shop")
    told = [change["type"] for change in check_in(after=cursor)["changes"]]
    assert told == ["session.announced", "component.changed"]


def test_what_a_session_had_when_it_was_gone_is_told(
    client: Agent, check_in: Make, claimed: Make, clock: Clock, keep_up: Make
) -> None:
    claimed(title="Totals")
    cursor = check_in(project_key="shop", ttl_minutes=5)["cursor"]
    keep_up()
    clock.move(minutes=6)
    keep_up()
    told = [(change["type"], change["what"]) for change in check_in(after=cursor)["changes"]]
    assert told == [("session.gone", A), ("work_item.returned", f"Totals ({A} had it)")]


def test_changes_are_counted_beyond_what_is_shown(
    client: Agent, check_in: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MAX_CHANGES", 3)
    monkeypatch.setattr(changes, "MAX_READ", 7)
    for each in (changes._newest, changes._count):
        each.cache_clear()
    try:
        for number in range(5):
            report(client, f"state {number}")
        answer = check_in(after=0)
        assert [change["what"] for change in answer["changes"]] == [
            "api: state 4",
            "api: state 3",
            "api: state 2",
        ]
        assert answer["left_out"] == {"changes": 2}
        for number in range(5, 15):
            report(client, f"state {number}")
        assert check_in(after=0)["left_out"] == {"changes": 3}  # beyond its reach it does not count
    finally:
        for each in (changes._newest, changes._count):
            each.cache_clear()


@pytest.mark.parametrize("where", ["trimmed", "ahead"])
def test_a_cursor_that_the_journal_no_longer_reaches_is_told_and_not_an_error(
    app: Flask, client: Agent, check_in: Make, text_of: Make, where: str
) -> None:
    report(client, "built")
    with app.app_context(), database.engine.connect() as connection:
        connection.execute(
            sa.update(journal.JournalHead).values(trimmed=1 if where == "trimmed" else 0)
        )
    try:
        cursor = 0 if where == "trimmed" else 10_000
        answer = check_in(after=cursor)
        assert (answer["changes_lost"], answer["changes"]) == (True, [])
        assert "no longer reaches back" in text_of(after=cursor)
        assert check_in(after=answer["cursor"])["changes_lost"] is False
    finally:
        with app.app_context(), database.engine.connect() as connection:
            connection.execute(sa.update(journal.JournalHead).values(trimmed=0))


# --- its length -----------------------------------------------------------------------------------


def many_messages(client: Agent) -> None:
    for number in range(60):
        send(client, subject=f"number {number}", body="text " * number)


def many_changes(client: Agent) -> None:
    for number in range(80):
        report(client, "ü" * (number + 1), component="ö" * 190)


FILLINGS: dict[str, Callable[[Agent], Any]] = {
    "nothing": lambda client: None,
    "many messages": many_messages,
    "one huge message": lambda client: send(client, body="y" * 250_000),
    "a message in other letters": lambda client: send(
        client, body='ö🛒\n"\\\x01' * 20_000, subject="ß" * 500
    ),
    "long names": lambda client: send(client, sender="🛒" * 200, project_key="ä" * 100),
    "many changes": many_changes,
}


@pytest.mark.parametrize("accept", ["application/json", "text/plain"])
@pytest.mark.parametrize("fill", FILLINGS.values(), ids=FILLINGS)
def test_it_is_never_longer_than_the_session_can_take(
    client: Agent, claimed: Make, fill: Callable[[Agent], Any], accept: str
) -> None:
    fill(client)
    for number in range(3):
        claimed(title=f"{number} " + "t" * 400)
    sizes = [500, 501, 600, 777, 1000, 2000, 8000, 30_000, 262_144]
    for size in sizes:
        body = {
            "session_id": A,
            "after": 0,
            "max_bytes": size,
            "task": "🛒" * 5000,
            "agent": "a" * 200,
        }
        answer = client.call("POST", "/sessions/checkin", body, headers={"Accept": accept})
        assert answer.status_code == 200
        assert len(answer.data) <= size
        answer.data.decode()
        if accept == "application/json":
            found = answer.json
            assert len(found["work_items"]) + found["left_out"].get("work_items", 0) == 3
            if size >= 30_000:
                assert found["session"] is not None


def test_a_session_with_the_longest_name_there_is_fits_too(client: Agent) -> None:
    name = "🛒" * 200
    for accept in ("application/json", "text/plain"):
        answer = client.call(
            "POST",
            "/sessions/checkin",
            {"session_id": name, "max_bytes": 500},
            headers={"Accept": accept},
        )
        assert answer.status_code == 200
        assert len(answer.data) <= 500
    answer = client.post("/sessions/checkin", session_id=name, max_bytes=500)
    assert (answer.json["session"], answer.json["left_out"]) == (None, {"session": 1})


def test_one_huge_message_does_not_hide_the_others(
    client: Agent, check_in: Make, text_of: Make
) -> None:
    huge = send(client, subject="huge", body="Read this: " + "y" * 200_000)
    send(client, subject="small", body="And this.")
    answer = check_in()
    first, second = answer["messages"]
    assert (first["id"], second["subject"], second["body"]) == (huge["id"], "small", "And this.")
    assert first["body"].startswith("Read this: yyy")
    assert first["body"].endswith("yyy… [cut: 200011 characters in all]")
    assert (answer["left_out"], answer["shortened"]) == ({}, {"messages": 1})
    assert "[cut: 200011 characters in all]" in text_of()
    assert "And this." in text_of()


def test_what_there_is_room_for_is_not_cut(client: Agent, check_in: Make) -> None:
    send(client, body="y" * 6000)
    answer = check_in()
    assert answer["messages"][0]["body"] == "y" * 6000
    assert answer["shortened"] == {}


def test_the_parts_are_filled_in_the_order_of_their_rank(
    client: Agent, check_in: Make, claimed: Make
) -> None:
    for number in range(20):
        send(client, subject=str(number), body="y" * 300)
    claimed()
    answer = check_in(after=0, max_bytes=3000)
    shown = len(answer["messages"])
    assert 2 < shown < 20
    assert [message["subject"] for message in answer["messages"]] == [
        str(number) for number in range(shown)
    ]
    assert answer["left_out"]["messages"] == 20 - shown


# --- ETag -----------------------------------------------------------------------------------------


def tagged(
    client: Agent, tag: str | None = None, accept: str = "application/json", **body: Any
) -> Any:
    headers = {"Accept": accept} | ({"If-None-Match": tag} if tag else {})
    return client.call("POST", "/sessions/checkin", {"session_id": A, **body}, headers=headers)


@pytest.mark.parametrize("accept", ["application/json", "text/plain"])
def test_when_only_time_has_passed_it_is_304_and_counts_all_the_same(
    client: Agent, clock: Clock, shown: Make, claimed: Make, accept: str
) -> None:
    send(client)
    claimed()
    first = tagged(client, accept=accept, ttl_minutes=5, after=0)
    clock.move(minutes=4)
    client.post("/sessions/heartbeat", session_id=B)
    again = tagged(client, first.headers["ETag"], accept, after=0)
    if again.status_code == 200:  # B's announcement is news
        again = tagged(client, again.headers["ETag"], accept, after=0)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"]
    assert again.headers["Vary"] == "Accept"
    clock.move(minutes=4)
    assert shown()["state"] == "alive"


@pytest.mark.parametrize(
    "happens",
    [
        send,
        lambda client: report(client, "degraded"),
        lambda client: client.post("/sessions/heartbeat", session_id=A, task="another"),
    ],
    ids=["a message", "a change", "its own task"],
)
def test_whatever_is_new_makes_it_another(client: Agent, happens: Callable[[Agent], Any]) -> None:
    tag = tagged(client, after=0).headers["ETag"]
    assert tagged(client, tag, after=0).status_code == 304
    happens(client)
    assert tagged(client, tag, after=0).status_code == 200


def test_text_and_json_have_tags_of_their_own(client: Agent) -> None:
    tag = tagged(client).headers["ETag"]
    assert tagged(client, tag, "text/plain").status_code == 200
    assert tagged(client, f'"other", {tag}').status_code == 304
    assert tagged(client, "*").status_code == 304


# --- as text --------------------------------------------------------------------------------------


def test_as_text_it_is_ready_to_be_shown(
    client: Agent, check_in: Make, text_of: Make, claimed: Make
) -> None:
    message = send(
        client, subject="src/app.py", body="I need it.\nWhen are you done?", requires_ack=True
    )
    item = claimed(title="Cart")
    cursor = check_in(project_key="shop")["cursor"]
    report(client, "deployed")
    text = text_of(after=cursor)
    at = client.get("/events", after=cursor).json["items"][0]["at"]
    assert text.splitlines() == [
        "=== coord: 1 unread ===",
        f"({NOTICE})",
        f"[normal] {B} -> {A}: src/app.py",
        f"  {message['created_at']}  {message['id']}  wants an ack",
        "| I need it.",
        "| When are you done?",
        "=== coord: 1 in progress by you ===",
        f"[0] Cart (shop)  {item['id']}",
        "=== coord: 1 changed by others ===",
        f"{at[:19]}Z {B} component.changed: api: deployed",
        f"(next time: after={cursor + 2})",
    ]


def test_with_nothing_new_the_text_says_so(text_of: Make) -> None:
    assert text_of() == "=== coord: nothing new ===\n(next time: after=1)\n"


def test_what_found_no_room_is_counted_in_the_text(client: Agent, text_of: Make) -> None:
    for number in range(9):
        send(client, None, subject=str(number), body="y" * 100)
    lines = text_of(max_bytes=700).splitlines()
    assert lines[0] == "=== coord: 9 unread ==="
    assert any(line.endswith(" more, left out)") for line in lines)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/plain", "text/plain"),
        ("text/*", "text/plain"),
        ("text/plain;q=0.5, application/json", "application/json"),
        ("image/png", "application/json"),
    ],
)
def test_text_is_for_those_who_ask_for_it(client: Agent, accept: str | None, expected: str) -> None:
    answer = client.call(
        "POST", "/sessions/checkin", {"session_id": A}, headers={"Accept": accept} if accept else {}
    )
    assert answer.mimetype == expected


# --- areas and bad input --------------------------------------------------------------------------


def test_every_areas_part_is_shown_and_what_a_check_in_renews_is_the_areas(
    app: Flask, client: Agent, check_in: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    import marshmallow as ma

    class Item(ma.Schema):
        left = ma.fields.Integer()
        name = ma.fields.String()

    renewed: list[str] = []
    ticking = iter(range(1000, 0, -1))
    part = CheckinPart(
        "candles",
        "burning",
        5,
        Item,
        lambda db, scope: (
            [{"name": f"{scope.session_id} in {scope.project_key}", "left": next(ticking)}],
            4,
        ),
        lambda item: f"{item['name']}: {item['left']}",
        volatile=frozenset({"left"}),
    )
    areas = [
        dataclasses.replace(
            area, checkin=part, on_checkin=lambda change, session_id: renewed.append(session_id)
        )
        if area.name == "health"
        else area
        for area in app.extensions["coord.areas"]
    ]
    monkeypatch.setitem(app.extensions, "coord.areas", areas)
    answer = check_in(project_key="shop")
    assert list(answer)[:3] == ["session", "candles", "messages"]
    assert answer["candles"] == [{"left": 1000, "name": f"{A} in shop"}]
    assert answer["left_out"] == {"candles": 3}
    assert renewed == [A]
    tag = tagged(client).headers["ETag"]
    assert tagged(client, tag).status_code == 304
    client.post("/sessions/heartbeat", session_id=A)
    assert len(renewed) == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"session_id": None}, "session_id"),
        ({"after": -1}, "after"),
        ({"after": "x"}, "after"),
        ({"max_bytes": 499}, "max_bytes"),
        ({"max_bytes": 262_145}, "max_bytes"),
        ({"max_bytes": None}, "max_bytes"),
        ({"ttl_minutes": 0}, "ttl_minutes"),
        ({"since": 4}, "since"),
    ],
    ids=str,
)
def test_bad_input_is_named_and_is_no_heartbeat(
    client: Agent, journal_rows: Any, change: dict[str, Any], field: str
) -> None:
    answer = client.post("/sessions/checkin", **{"session_id": A, **change})
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert journal_rows() == []


def test_it_is_plain_json(client: Agent) -> None:
    answer = client.post("/sessions/checkin", session_id=A, task='Zoë\'s "tax" \\ 🛒')
    assert answer.data.endswith(b"}\n")
    assert json.loads(answer.data)["session"]["task"] == 'Zoë\'s "tax" \\ 🛒'
    assert "🛒".encode() in answer.data
