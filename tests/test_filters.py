"""Whatever a list is filtered by, it examines little more than it shows, in a project of which
much is stored; and what is held or open there makes no other call dearer.

Which lists there are, and by what they can be filtered, is taken from the API's document.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask

from bench.size import Caller, calls
from coord.areas.locks import repository as locks
from coord.live import processes
from coord.store import Reader, deadline, read
from coord.testing import Agent, make_app
from coord.web import BASE_PATH
from tests.databases import MariaDB
from tests.examined import Counter, counting_rows
from tests.long_history import HOT_THREAD, HOT_WORKFLOW, PROCESS, fill

ROWS = 20_000
LIMIT = 9

OF_A_PAGE = {"limit", "cursor", "after", "wait"}
UNKNOWN = "00000000-0000-4000-8000-00000000ffff"
SESSIONS = ["host/busy", "host/4000", "host/away", "nobody"]
VALUES: Mapping[str, list[str]] = {
    "session_id": SESSIONS,
    "name": SESSIONS,
    "from_session": SESSIONS,
    "to_session": SESSIONS,
    "assigned_to": SESSIONS,
    "project_key": ["shop", "elsewhere", "nothing"],
    "resource": ["src/hot.py", "src/30/f17430.py", "src/", "src/5/", "/", "nothing"],
    "component": ["web", "nothing"],
    "state": ["built", "rare", "nothing"],
    "workflow_id": [HOT_WORKFLOW, UNKNOWN],
    "thread_id": [HOT_THREAD, UNKNOWN],
    "type": ["lock.claimed", "session.gone", "lock.*", "session.*", "nothing"],
    "kind": ["lock", "session", "component", "nothing"],
    "subject_id": ["web", "nothing"],
}
"""Of what has no list of its values in the document: common, rare, elsewhere, nothing."""

HISTORY = "/board/history"
"""One filter at a time, and no resource: what else is asked of it is looked for, a second at most,
and then the page may be short.
"""

Shape = tuple[str, Mapping[str, list[str]]]
"""The path of a list, and values for each of its filters."""


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    if request.param == "sqlite":
        app = make_app(f"sqlite:///{tmp_path_factory.mktemp('filled')}/coord.db")
    else:
        server: MariaDB = request.getfixturevalue("mariadb")
        app = make_app(server.create_database("filled"))
    fill(app, ROWS)
    return app


def lists(app: Flask) -> Iterator[Shape]:
    """Every call that answers a page."""
    document: Any = app.test_client().get("/openapi.json").json
    for path, methods in document["paths"].items():
        parameters = [*methods.get("parameters", ()), *methods.get("get", {}).get("parameters", ())]
        parameters = [each for each in parameters if "$ref" not in each]  # the headers of any call
        if not any(each["name"] == "limit" for each in parameters):
            continue
        in_path = {
            parameter["name"]: parameter["example"]
            for parameter in parameters
            if parameter["in"] == "path"
        }
        filters = {
            each["name"]: values_of(each["name"], each["schema"])
            for each in parameters
            if each["in"] == "query" and each["name"] not in OF_A_PAGE
        }
        yield path.removeprefix(BASE_PATH).format(**in_path), filters


def values_of(name: str, schema: Mapping[str, Any]) -> list[str]:
    one = schema.get("items", schema)
    known = ["true", "false"] if one["type"] == "boolean" else one.get("enum") or VALUES.get(name)
    assert known, (
        f"which values does the filter {name} find many, few and none of? Say so in VALUES"
    )
    return list(known)


def combinations(filters: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    """Nothing, each filter and each pair, with each of their values."""
    for length in range(3):
        for names in itertools.combinations(filters, length):
            for values in itertools.product(*(filters[name] for name in names)):
                yield dict(zip(names, values, strict=True))


@pytest.fixture
def examined(
    request: pytest.FixtureRequest, filled: Flask, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Counter]:
    monkeypatch.setattr(deadline, "CALL_S", 60)  # counting in Python slows a statement down
    with counting_rows(filled, request) as counter:
        yield counter


def test_a_list_examines_little_more_than_it_shows(filled: Flask, examined: Counter) -> None:
    client = Agent(filled.test_client())
    too_much = []
    for path, filters in lists(filled):
        by_revision = path.startswith(("/events", "/board"))
        for asked in combinations(filters):
            if path == HISTORY and (len(asked) > 1 or "resource" in asked):
                continue
            cursor: dict[str, str] = {}
            for page in ("first", "next"):
                before = examined()
                answer = client.get(path, **asked, **cursor, limit=LIMIT)
                rows = examined() - before
                if answer.status_code == 404:
                    break
                assert answer.status_code == 200, (path, asked, answer.json)
                returned = len(answer.json["items"])
                if rows > 20 * returned + 1_000:
                    said = "&".join(f"{name}={value}" for name, value in asked.items())
                    too_much.append(f"{path}?{said} ({page} page): {rows} for {returned}")
                following = answer.json.get("next_cursor")
                if not following:
                    break
                cursor = {"after" if by_revision else "cursor": following}
    assert not too_much, "\n".join(too_much)


LISTS = {"claims waiting", "inbox", "locks met by a tree", "sessions"}  # see the test above
COUNTING = {"status", "status of all"}


def test_a_call_examines_few_rows_however_much_is_held(filled: Flask, examined: Counter) -> None:
    caller = Caller(filled)
    too_much = []
    for nth in range(2):  # the first time connections are made, and statements prepared
        for name, method, path, body in calls(caller, nth):
            before = examined()
            caller.memory[name] = caller.call(method, path, body)[1]
            rows = examined() - before
            is_list = name in LISTS or name.startswith(
                ("locks of", "lock history", "stale", "ready")
            )
            if nth and rows > 60 and not is_list and name not in COUNTING:
                too_much.append(f"{name}: {rows}")
    assert not too_much, "\n".join(too_much)


def test_what_is_due_is_found_without_what_is_not(filled: Flask, examined: Counter) -> None:
    before = examined()
    with filled.app_context():
        read(locks.note_expired)
    assert examined() - before <= 10


def test_a_refusal_does_not_read_for_each_that_waits(
    filled: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "CALL_S", 60)
    monkeypatch.setattr(processes, "alive", lambda db: {PROCESS})
    client = Agent(filled.test_client())
    claim = {"project_key": "shop", "session_id": "host/one"}
    client.post("/locks", **claim, resource="mine.py")
    reads: list[int] = []
    rows = Reader.rows

    def counted(*args: Any, **values: Any) -> Any:
        reads.append(1)
        return rows(*args, **values)

    monkeypatch.setattr(Reader, "rows", counted)
    refused = client.post("/locks", **claim, resource="src/hot.py")
    assert refused.status_code == 409
    assert refused.json["position"] > 1_000
    assert len(reads) < 20
