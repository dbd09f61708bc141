"""A session that waits for its user: its hooks say so, and that it goes on."""

from __future__ import annotations

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


AT_WORK = ("alive", None)


@pytest.mark.parametrize(
    ("event", "given", "what"),
    [
        ("PermissionRequest", {"tool_name": "Bash", "tool_input": RUN}, "permission"),
        ("PermissionRequest", {"tool_name": "AskUserQuestion", "tool_input": ASK}, "answer"),
        ("Notification", {"notification_type": "permission_prompt", "message": "S"}, "permission"),
        ("Notification", {"notification_type": "idle_prompt", "message": "S"}, "input"),
        ("Stop", {}, "input"),
    ],
    ids=["permission", "question", "notified", "idle", "end of turn"],
)
def test_it_is_told_by_its_kind_alone_until_the_next_prompt(
    one: Session, service: Service, event: str, given: dict[str, Any], what: str
) -> None:
    one.starts()
    assert one.fires(event, **given) == {}
    assert shown(service, one) == ("waiting_for_human", what)
    one.prompts()
    assert shown(service, one) == AT_WORK


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
        "session.wait_ended",
    ]


def test_a_subagent_s_question_is_its_session_s_and_another_s_work_does_not_end_it(
    one: Session, service: Service
) -> None:
    one.starts()
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
    assert repository.queued(line.url) == []
    line.mends()
    assert session.fires("Notification", notification_type="idle_prompt") == {}
    assert shown(service, session) == ("waiting_for_human", "input")
