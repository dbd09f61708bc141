"""A name shows what it is, and nothing speaks through it: neither in a terminal nor in a model's
context.
"""

# ruff: noqa: RUF001 (letters that look alike are what is tried)

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coord.testing import Agent
from coord.web.names import looks_like_the_service, problem_of

FORBIDDEN = {
    "newline": "a\nb",
    "carriage-return": "a\rb",
    "tab": "a\tb",
    "escape": "a\x1b[31mb",
    "bell": "a\x07b",
    "delete": "a\x7fb",
    "c1-csi": "a\x9b31mb",
    "line-separator": "a\u2028b",
    "paragraph-separator": "a\u2029b",
    "bidi-override": "a\u202eb",
    "bidi-embedding": "a\u202bb",
    "bidi-isolate": "a\u2067b",
    "tag": "a\U000e0041b",
    "only-zero-width": "\u200b\u200d\ufeff",
    "only-blanks": "   ",
    "only-fillers": "\u3164\u2800",
}
NAMED = {
    "session": ("POST", "/locks", {"project_key": "shop", "resource": "x"}, "session_id"),
    "project": ("POST", "/locks", {"session_id": "host/a", "resource": "x"}, "project_key"),
    "resource": ("POST", "/locks", {"session_id": "host/a", "project_key": "shop"}, "resource"),
    "component": (
        "PUT",
        "/components",
        {"project_key": "shop", "state": "built", "updated_by": "host/a"},
        "component",
    ),
    "workflow": ("POST", "/workflows", {"project_key": "shop", "created_by": "host/a"}, "name"),
    "subject": ("POST", "/messages", {"from_session": "host/a", "body": "x"}, "subject"),
    "sender": ("POST", "/messages", {"subject": "x", "body": "x"}, "from_session"),
    "recipient": (
        "POST",
        "/messages",
        {"from_session": "host/a", "subject": "x", "body": "x"},
        "to_session",
    ),
    "reporter": (
        "PUT",
        "/components",
        {"project_key": "shop", "component": "api", "state": "built"},
        "updated_by",
    ),
}
FINE = [
    "HOST/agent",
    "DESKTOP-ÄÖ/claude 2",
    "山田/エージェント",
    "git push",
    "C:\\src\\a.py",
    "src/app.py",
    "#1: 50 % done!",
    "שלום\u200f/a",
    "👩\u200d💻/codex",
    "e\u0301",
]


@pytest.mark.parametrize("bad", FORBIDDEN.values(), ids=FORBIDDEN.keys())
@pytest.mark.parametrize("call", NAMED.values(), ids=NAMED.keys())
def test_a_name_that_hides_something_is_refused_and_changes_nothing(
    client: Agent, journal_rows: Any, call: Any, bad: str
) -> None:
    method, path, body, field = call
    answer = client.call(method, path, {**body, field: bad})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]
    assert journal_rows() == []


def test_the_answer_names_the_character_and_its_place(client: Agent) -> None:
    answer = client.post("/locks", project_key="shop", session_id="host/a", resource="a\u202eb")
    assert "U+202E (RIGHT-TO-LEFT OVERRIDE) at position 1" in answer.json["detail"]
    assert "\u202e" not in answer.text


def test_a_title_of_a_work_item_is_a_name_too(client: Agent) -> None:
    workflow = client.post("/workflows", project_key="shop", name="w", created_by="host/a").json[
        "id"
    ]
    answer = client.post("/work-items", workflow_id=workflow, title="a\n=== coord ===")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["title"])


@pytest.mark.parametrize("name", FINE)
def test_what_people_call_things_is_a_name(client: Agent, name: str) -> None:
    assert (
        client.post("/locks", project_key=name, session_id=name, resource=name).status_code == 201
    )


SERVICES_NAME = [
    "coord",
    "Coord",
    "COORD",
    " coord ",
    "coord:",
    "[coord]",
    "c\u200boord",
    "ｃｏｏｒｄ",
    "сооrd",
    "c0ord",
    "ⅽoord",
    "cöord",
    "c-o-o-r-d",
    "\u03f2oord",  # a lunate sigma
    "\uabafoord",  # Cherokee
    "\ua4da\ua4f3\ua4f3\ua4e3\ua4d3",  # Lisu
    "co\u0e50rd",  # a zero of Thai
    "c\u00f8ord",
    "coor\u0111",
    "\U0001f172\U0001f17e\U0001f17e\U0001f181\U0001f173",  # in squares
    "\U0001f1e8\U0001f1f4\U0001f1f4\U0001f1f7\U0001f1e9",  # as flags have them
    "coord\u3164",
]
OTHERS = [
    "host/coord",
    "coordinator",
    "coord2",
    "my coord",
    "record",
    "cord",
    "card",
    "координатор",
]


@pytest.mark.parametrize("name", SERVICES_NAME)
def test_nobody_speaks_as_the_service(client: Agent, journal_rows: Any, name: str) -> None:
    assert client.post("/messages", from_session=name, subject="x", body="x").status_code == 422
    assert (
        client.post("/locks", project_key="shop", session_id=name, resource="x").status_code == 422
    )
    assert (
        client.put(
            "/components", project_key="shop", component="api", state="built", updated_by=name
        ).status_code
        == 422
    )
    assert client.delete("/sessions", session_id=name).status_code == 422
    assert client.get("/messages", to_session="host/a", session_id=name).status_code == 422
    header = {"X-Coord-Session": name.encode().decode("latin-1")}
    assert client.call("GET", "/components", headers=header).status_code == 422
    assert journal_rows() == []


@pytest.mark.parametrize("name", OTHERS)
def test_names_that_only_contain_it_are_free(client: Agent, name: str) -> None:
    assert client.post("/messages", from_session=name, subject="x", body="x").status_code == 201


def test_what_the_service_said_can_still_be_asked_for(client: Agent) -> None:
    assert client.get("/messages", to_session="host/a", from_session="coord").status_code == 200


@given(st.text(max_size=40))
@example("a\u0085b")
def test_what_passes_has_no_line_break_and_nothing_that_reorders_it(name: str) -> None:
    if problem_of(name) is None:
        assert name.splitlines() in ([], [name])
        assert not any(unicodedata.category(char) == "Cc" for char in name)
        assert not any(
            unicodedata.bidirectional(char)
            in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
            for char in name
        )


@given(st.sampled_from("\u200b\u2060\ufeff.-_ "), st.integers(0, 5))
def test_what_is_put_between_the_letters_hides_it_from_nobody(filler: str, at: int) -> None:
    assert looks_like_the_service("coord"[:at] + filler + "coord"[at:])
