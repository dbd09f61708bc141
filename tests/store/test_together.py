"""What several callers change at the same moment is committed at once, on both databases."""

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from coord.store import carry_out
from coord.store.compiled_change import compile_change
from coord.testing import Agent, Answer, empty_tables
from tests.service import until


class Commits:
    """How many changes each transaction carried. The first is held up until `release`."""

    def __init__(self, patch: pytest.MonkeyPatch, name: str) -> None:
        self.sizes: list[int] = []
        self.release = threading.Event()
        as_before = getattr(carry_out, name)

        def counted(db: Any, changes: Any) -> Any:
            self.sizes.append(len(changes))
            if len(self.sizes) == 1:
                assert self.release.wait(10)
            return as_before(db, changes)

        patch.setattr(carry_out, name, counted)


@pytest.fixture
def web(database_app: Flask) -> Iterator[Agent]:
    empty_tables(database_app)
    yield Agent(database_app.test_client())
    empty_tables(database_app)


def at_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch, bodies: list[tuple[str, dict[str, Any]]]
) -> tuple[list[Answer], list[int]]:
    """The answers to POSTs that all come while the first is committed, and the sizes of the
    transactions.
    """
    on_sqlite = str(app.config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite")
    name = "_as_transaction" if on_sqlite else "_as_packet"

    def post(path: str, body: dict[str, Any]) -> Answer:
        return Agent(app.test_client()).post(path, **body)

    with app.app_context():
        gathering = carry_out.combiner()
    with monkeypatch.context() as patch, ThreadPoolExecutor(len(bodies)) as pool:
        commits = Commits(patch, name)
        answers: list[Future[Answer]] = []
        for path, body in bodies:
            answers.append(pool.submit(post, path, body))
            until(
                lambda: len(commits.sizes) + len(gathering._waiting) == len(answers),
                10,
                "the change to be there",
            )
        commits.release.set()
        return [answer.result(10) for answer in answers], commits.sizes


def claim(resource: str, session: str = "host/a", **more: Any) -> tuple[str, dict[str, Any]]:
    body = {"project_key": "shop", "session_id": session, "resource": resource, **more}
    return "/locks", body


@pytest.mark.parametrize("turn", ["as text", "prepared", "again"])
def test_each_gets_its_own_answer(
    web: Agent, database_app: Flask, monkeypatch: pytest.MonkeyPatch, turn: str
) -> None:
    """Three times, since MariaDB is sent a change as text at first, then prepared."""
    assert web.post("/locks", **claim("taken")[1]).status_code == 201
    known = str(uuid.uuid4())
    message = {
        "project_key": "shop",
        "from_session": "host/a",
        "to_session": "host/b",
        "subject": "s",
    }
    assert web.post("/messages", **message, id=known, body="once").status_code == 201
    answers, sizes = at_once(
        database_app,
        monkeypatch,
        [
            claim("first"),
            claim("free"),
            claim("taken", "host/b"),
            ("/messages", {**message, "body": "it's \\ 100 % \U0001f512"}),
            ("/messages", {**message, "id": known, "body": "once"}),
            claim("free", "host/c"),
            claim("last"),
        ],
    )
    assert [answer.status_code for answer in answers] == [201, 201, 409, 201, 200, 409, 201]
    assert sizes[:2] == [1, 6], "one commit for all that gathered"
    assert answers[1].json["resource"] == "free"
    assert answers[2].json["conflicts"][0]["session_id"] == "host/a"
    assert answers[3].json["body"] == "it's \\ 100 % \U0001f512"
    assert answers[4].json["id"] == known
    assert answers[5].json["conflicts"][0]["session_id"] == "host/a"


def test_the_journal_has_each_once_in_the_order_of_the_commits(
    web: Agent, database_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"r{nth}" for nth in range(8)]
    bodies = [claim(name) for name in names]
    bodies.insert(4, claim("r2", "host/b"))
    answers, _ = at_once(database_app, monkeypatch, bodies)
    assert [answer.status_code for answer in answers] == [201] * 4 + [409] + [201] * 4
    events = web.get("/events", after=0).json["items"]
    claimed = [event for event in events if event["type"] == "lock.claimed"]
    assert [each["subject"]["id"] for each in claimed] == [
        each.json["id"] for each in answers if each.status_code == 201
    ]
    revisions = [each["revision"] for each in events]
    assert revisions == list(range(1, len(revisions) + 1))


def test_those_that_gather_need_no_connection(
    web: Agent, database_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than there are: only who sends for all takes one."""
    count = database_app.config["DATABASE_POOL"] + 4
    bodies = [claim(f"r{nth}") for nth in range(count)]
    answers, sizes = at_once(database_app, monkeypatch, bodies)
    assert {answer.status_code for answer in answers} == {201}
    assert sizes == [1, count - 1]


def test_of_two_that_want_one_lock_at_once_one_has_it(
    web: Agent, database_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [claim("first"), *(claim("wanted", f"host/{nth}") for nth in range(8))]
    answers, _ = at_once(database_app, monkeypatch, bodies)
    assert [answer.status_code for answer in answers] == [201, 201] + [409] * 7
    held = web.get("/locks", project_key="shop", resource="wanted").json["items"]
    assert [each["session_id"] for each in held] == ["host/0"]


def test_a_statement_that_fails_is_its_own_callers_affair(
    web: Agent, database_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a guard, but an error of the database: all of it is undone, and each goes on alone."""
    compiled = compile_change

    def break_one(dialect: Any, change: Any) -> Any:
        made = compiled(dialect, change)
        if not any("broken" in str(step.arguments) for step in made.steps):
            return made
        first, *steps = made.steps
        bad = type(first)("INSERT INTO journal_head (id) VALUES (NULL)", (), None)
        return replace(made, steps=(first, bad, *steps))

    monkeypatch.setattr(carry_out, "compile_change", break_one)
    database_app.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        answers, sizes = at_once(
            database_app, monkeypatch, [claim("first"), claim("a"), claim("broken"), claim("b")]
        )
    finally:
        database_app.config["PROPAGATE_EXCEPTIONS"] = None
    assert [answer.status_code for answer in answers] == [201, 201, 500, 201]
    assert sizes[:2] == [1, 3]
    assert sorted(sizes[2:]) == [1] * len(sizes[2:])
    assert web.get("/locks", project_key="shop", resource="broken").json["items"] == []
