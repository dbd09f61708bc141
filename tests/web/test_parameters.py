"""Query parameters and the caller's name: exact, each once, unknown ones refused; the name is taken
from wherever it stands.
"""

import base64
import json
import uuid
from typing import Any

import pytest
from flask import Flask

from coord.web.pages import list_name
from tests.conftest import BASE, Agent
from tests.web.conftest import CALLS, LISTS, WITH_BODY, WITHOUT_BODY, Call, assert_error


def cursor(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_an_unknown_parameter_is_refused_with_the_nearest_name(web: Agent, call: Call) -> None:
    body = assert_error(
        web.call(call.method, call.path, query_string={"sesion_id": "a"}), 422, "invalid"
    )
    assert body["errors"]["sesion_id"] == ["Unknown parameter. Did you mean 'session_id'?"]


@pytest.mark.parametrize("call", WITH_BODY, ids=str)
def test_a_field_sent_as_a_parameter_is_told_where_it_belongs(web: Agent, call: Call) -> None:
    body = assert_error(
        web.call(call.method, call.path, {}, query_string={"project_kee": "x"}), 422, "invalid"
    )
    assert body["errors"]["project_kee"][0].startswith("Unknown parameter.")
    body = assert_error(
        web.post("/locks?resource=r", project_key="shop", session_id="a", resource="r"),
        422,
        "invalid",
    )
    assert body["errors"]["resource"] == ["Not a parameter of this call: send it in the JSON body."]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_parameter_given_twice_with_different_values_is_refused(web: Agent, call: Call) -> None:
    body = assert_error(
        web.call(call.method, f"{call.path}?session_id=a&session_id=b"), 422, "invalid"
    )
    assert body["errors"]["session_id"] == ["Given more than once, with different values."]


@pytest.mark.parametrize("call", WITHOUT_BODY, ids=str)
def test_a_parameter_repeated_word_for_word_is_one(web: Agent, call: Call) -> None:
    once = web.call(call.method, f"{call.path}?session_id=a")
    assert web.call(
        call.method, f"{call.path}?session_id=a&session_id=a"
    ).status_code == once.status_code != 422 or "session_id" not in (once.json.get("errors", {}))


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("raw", ["%00", "%ff", "%ed%a0%80", "a%00b", "%c3"])
def test_a_query_that_is_no_text_is_refused(web: Agent, call: Call, raw: str) -> None:
    for query in (f"session_id={raw}", f"{raw}=x"):
        body = assert_error(web.call(call.method, f"{call.path}?{query}"), 422, "invalid")
        assert "percent-encoded UTF-8" in body["errors"]["query"][0]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_the_caller_may_name_itself_on_any_call_in_any_of_three_places(
    web: Agent, call: Call
) -> None:
    """What the answer says otherwise is the call's own matter; that there is a name is never an
    error.
    """
    body: dict[str, Any] | None = {} if call.takes_body else None
    for named in (
        web.call(call.method, call.path, {"session_id": "host/ä"}),
        web.call(call.method, call.path, body, query_string={"session_id": "host/ä"}),
        web.call(
            call.method,
            call.path,
            body,
            headers={"X-Coord-Session": "host/ä".encode().decode("latin-1")},
        ),
    ):
        assert named.status_code < 500
        if named.status_code == 422:
            assert "session_id" not in named.json["errors"]


def test_the_body_names_the_caller_before_the_query_and_that_before_the_header(web: Agent) -> None:
    def held_by(resource: str, session: str | None, query: str, header: str | None) -> str:
        body = {"project_key": str(uuid.uuid4()), "resource": resource} | (
            {"session_id": session} if session else {}
        )
        answer = web.call(
            "POST", f"/locks{query}", body, headers={"X-Coord-Session": header} if header else {}
        )
        assert answer.status_code == 201, answer.json
        return str(answer.json["session_id"])

    assert held_by("1", "body", "?session_id=query", "header") == "body"
    assert held_by("2", None, "?session_id=query", "header") == "query"
    assert held_by("3", None, "", "header") == "header"


@pytest.mark.parametrize(
    "sent", [b"\xff", b"\xed\xa0\x80", b"a" * 201], ids=["not UTF-8", "surrogate", "too long"]
)
def test_a_session_header_that_is_no_name_is_refused(web: Agent, sent: bytes) -> None:
    answer = web.call(
        "POST",
        "/locks",
        {"project_key": "shop", "resource": "r"},
        headers={"X-Coord-Session": sent.decode("latin-1")},
    )
    assert assert_error(answer, 422, "invalid")["errors"].keys() <= {
        "session_id",
        "X-Coord-Session",
    }


GARBAGE = [
    "",
    "x",
    "é",
    "\U0001f600",
    "====",
    "a b",
    "-1",
    "9" * 4000,
    cursor(b"\xff\xfe"),
    cursor(b"not json"),
    cursor(7),
    cursor(None),
    cursor("text"),
    cursor({}),
    cursor([]),
    cursor(["nobody", 1]),
    cursor([None, 1]),
    cursor([["a"], 1]),
    cursor(b"[" * 5000),
]


@pytest.mark.parametrize("call", LISTS, ids=str)
def test_what_is_no_cursor_is_refused(web: Agent, call: Call) -> None:
    for garbage in GARBAGE:
        answer = web.call(
            call.method, call.path, query_string={"cursor": garbage, "session_id": "a"}
        )
        assert "cursor" in assert_error(answer, 422, "invalid")["errors"], garbage


def test_a_cursor_with_other_than_whole_numbers_is_refused(web: Agent, web_app: Flask) -> None:
    with web_app.test_request_context(f"{BASE}/locks"):
        locks = list_name("locks")
    for key in ([2**63], [-(2**63)], [10**30], [1.5], [True], ["1"], [None], [], [1, 2]):
        assert_error(web.get("/locks", cursor=cursor([locks, *key])), 422, "invalid")
    for key in ([2**63 - 1], [0], [-1]):
        assert web.get("/locks", cursor=cursor([locks, *key])).status_code == 200


def test_a_cursor_of_another_list_is_refused(client: Agent) -> None:
    for number in range(2):
        client.post("/locks", project_key="shop", session_id="a", resource=f"r{number}")
        client.put(
            "/components", project_key="shop", component=f"c{number}", state="built", updated_by="a"
        )
        client.post("/messages", from_session="a", subject="s", body=f"b{number}")
    given = {
        path: client.get(path, limit=1).json["next_cursor"]
        for path in ("/locks", "/components", "/messages")
    }
    assert all(given.values())
    assert len(set(given.values())) == len(given)
    of_shop = client.get("/locks", limit=1, project_key="shop").json["next_cursor"]
    assert (
        "cursor"
        in assert_error(client.get("/locks", project_key="other", cursor=of_shop), 422, "invalid")[
            "errors"
        ]
    )
    for path in given:
        for other, foreign in given.items():
            answer = client.get(path, limit=1, cursor=foreign)
            if path == other:
                assert answer.status_code == 200
            else:
                assert "cursor" in assert_error(answer, 422, "invalid")["errors"]


@pytest.mark.parametrize("call", LISTS, ids=str)
@pytest.mark.parametrize(
    "limit", ["0", "-1", "501", "1.5", "", "x", "9" * 50, "1e2", "٣", "NaN", "0x10", " "]
)
def test_a_limit_out_of_bounds_is_refused(web: Agent, call: Call, limit: str) -> None:
    answer = web.call(call.method, call.path, query_string={"limit": limit, "session_id": "a"})
    assert "limit" in assert_error(answer, 422, "invalid")["errors"]


@pytest.mark.parametrize("call", LISTS, ids=str)
@pytest.mark.parametrize("limit", ["1", "500"])
def test_the_bounds_of_the_limit_are_inside(web: Agent, call: Call, limit: str) -> None:
    answer = web.call(call.method, call.path, query_string={"limit": limit, "session_id": "a"})
    assert answer.status_code in (200, 404)


@pytest.mark.parametrize("value", ["maybe", "yes", "2", "", "null"])
def test_a_flag_is_true_or_false(web: Agent, value: str) -> None:
    assert "stale" in assert_error(web.get("/locks", stale=value), 422, "invalid")["errors"]


@pytest.mark.parametrize("value", ["true", "True", "1", "false", "0"])
def test_the_usual_spellings_of_a_flag_are_known(web: Agent, value: str) -> None:
    assert web.get("/locks", stale=value).status_code == 200
