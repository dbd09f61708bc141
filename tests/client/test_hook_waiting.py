"""A session that waits for its user: its hooks say so, and that it goes on."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any

import pytest

from tests.client import test_hook
from tests.client.test_hook import Line, Repository, Session
from tests.service import Service

repository, one, line = test_hook.repository, test_hook.one, test_hook.line

ASK = {"questions": [{"question": "Which database?", "options": []}]}
RUN = {"command": "make secret"}


def shown(service: Service, session: Session) -> tuple[str, str | None]:
    """Its state, and what it waits for."""
    query = f"/sessions?project_key={session.repository.project}"
    (row,) = service.call("GET", query).json["items"]
    return row["state"], row["waiting_for"]


def beats(service: Service, session: Session) -> list[str]:
    """What the journal has of its signs of life."""
    query = f"/events?project_key={session.repository.project}&limit=500"
    rows = service.call("GET", query).json["items"]
    return [row["type"] for row in rows if row["type"].startswith("session.")]


def asks(session: Session, tool: str = "Bash", given: Any = None) -> None:
    answer = session.fires("PermissionRequest", tool_name=tool, tool_input=given or RUN)
    assert answer == {}


AT_WORK = ("working", None)


@pytest.mark.parametrize(
    ("event", "given", "what"),
    [
        ("PermissionRequest", {"tool_name": "Bash", "tool_input": RUN}, "permission"),
        ("PermissionRequest", {"tool_name": "AskUserQuestion", "tool_input": ASK}, "answer"),
        ("Notification", {"notification_type": "permission_prompt", "message": "S"}, "permission"),
        ("Notification", {"notification_type": "idle_prompt", "message": "S"}, "input"),
    ],
    ids=["permission", "question", "notified", "idle"],
)
def test_it_is_told_by_its_kind_alone_until_the_next_prompt(
    one: Session, service: Service, event: str, given: dict[str, Any], what: str
) -> None:
    one.starts()
    assert one.fires(event, **given) == {}
    assert shown(service, one) == ("waiting_for_human", what)
    one.prompts()
    assert shown(service, one) == AT_WORK


@pytest.mark.parametrize(
    ("event", "given", "state"),
    [
        ("Stop", {}, "idle"),
        ("StopFailure", {"error": "rate_limit", "error_details": "429"}, "rate_limited"),
        ("StopFailure", {"error": "server_error"}, "idle"),
    ],
    ids=["end", "rate limit", "another error"],
)
def test_how_a_turn_ended_is_told_until_the_next_one(
    one: Session, service: Service, event: str, given: dict[str, Any], state: str
) -> None:
    one.starts()
    one.prompts()
    assert shown(service, one) == AT_WORK
    assert one.fires(event, **given) == {}
    assert shown(service, one) == (state, None)
    one.fires("Notification", notification_type="idle_prompt")
    assert shown(service, one) == ("waiting_for_human", "input")
    one.prompts()
    assert shown(service, one) == AT_WORK
    one.prompts()
    told = [row for row in beats(service, one) if row == "session.state_reported"]
    assert len(told) == 3


def test_an_older_service_that_refuses_it_is_asked_without(repository: Repository) -> None:
    asked: list[tuple[str, str | None]] = []

    class Older(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path.rpartition("/")[2], body.get("state")))
            refused = json.dumps({"error": "invalid"}).encode()
            answer = refused if "state" in body else b'{"messages": [], "cursor": 0}'
            self.send_response(422 if "state" in body else 200)
            self.send_header("X-Coord-Server", "0.1.0; api=1; oldest-api=1")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *message: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Older) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        session = Session(repository, f"http://127.0.0.1:{server.server_address[1]}")
        session.starts()
        assert session.prompts() == ""
        server.shutdown()
    assert asked == [("checkin", None), ("checkin", "working"), ("checkin", None)]


def test_it_says_what_it_asks_where_its_user_shares_prompts(one: Session, service: Service) -> None:
    one.shares_prompt = True
    one.starts()
    asks(one, "AskUserQuestion", ASK)
    assert shown(service, one)[1] == "answer: Which database?"
    one.prompts()
    asks(one)
    assert shown(service, one)[1] == "permission: Bash make secret"


def test_a_tool_that_ran_ends_it_and_each_wait_costs_one_call(
    one: Session, service: Service
) -> None:
    one.starts()
    asks(one)
    one.fires("Notification", notification_type="permission_prompt", message="S")
    one.after("make secret")
    assert shown(service, one) == AT_WORK
    one.after("make secret")
    assert beats(service, one) == [
        "session.announced",
        "session.waiting",
        "session.state_reported",
        "session.wait_ended",
    ]


def test_a_subagent_s_question_is_its_session_s_and_another_s_work_does_not_end_it(
    one: Session, service: Service
) -> None:
    one.starts()
    one.prompts()
    asking = one.subagent()
    asks(asking)
    assert shown(service, one) == ("waiting_for_human", "permission")
    one.after("ls")
    assert shown(service, one) == ("waiting_for_human", "permission")
    asking.fires("SubagentStop")
    assert shown(service, one) == AT_WORK


def test_nothing_is_queued_or_said_while_coord_is_away_and_it_is_told_later(
    repository: Repository, service: Service, line: Line
) -> None:
    session = Session(repository, line.url)
    session.starts()
    line.breaks()
    assert session.fires("Stop") == {}
    assert shown(service, session) == ("alive", None)
    assert repository.queued(line.url) == []
    line.mends()
    assert session.fires("Notification", notification_type="idle_prompt") == {}
    assert shown(service, session) == ("waiting_for_human", "input")
