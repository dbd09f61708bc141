"""Paths and methods: what is not there, what is not possible, and what every answer carries."""

import logging
import sqlite3
from typing import Any

import pytest
from flask import Flask

from coord.web import BASE_PATH
from tests.conftest import Agent, make_app
from tests.web.conftest import CALLS, Call, assert_error

RAW = "/api/coord"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/api/coord/lock", "/api/coord/locks"),
        ("/api/coord/Locks", "/api/coord/locks"),
        ("/api/cord/locks", "/api/coord/locks"),
        ("/locks", "/api/coord/locks"),
        (
            "/locks/0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11",
            "/api/coord/locks/0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11",
        ),
        (
            "/api/coord/lock/0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11",
            "/api/coord/locks/0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11",
        ),
        ("/api/coord/component/shop/web%2Fapi", "/api/coord/components/shop/web%2Fapi"),
        ("/healthz", "/health"),
        ("/openapi.jsn", "/openapi.json"),
        ("/api/coord/components/shop/web/histroy", "/api/coord/components/shop/web/history"),
        ("/api/coord//locks", "/api/coord/locks"),
    ],
)
def test_an_unknown_path_is_answered_with_the_nearest(web: Agent, path: str, meant: str) -> None:
    body = assert_error(web.client.get(path), 404, "not_found")
    assert f"Did you mean {meant}?" in body["detail"]


def test_an_id_that_is_no_uuid_is_told_so(web: Agent) -> None:
    assert "not a UUID" in assert_error(web.get("/locks/7"), 404, "not_found")["detail"]


@pytest.mark.parametrize("path", ["/", "/robots.txt", "/api", "/" + "x" * 5000, "/%F0%9F%98%80"])
def test_a_path_like_none_is_told_where_all_are_listed(web: Agent, path: str) -> None:
    answer = web.client.get(path)
    if answer.status_code == 404:  # `/` may be a page
        body = assert_error(answer, 404, "not_found")
        assert "/openapi.json" in body["detail"]
        assert len(body["detail"]) < 500


@pytest.mark.parametrize(
    "path",
    [
        "/locks/%00",
        "/components/shop/%ff",
        "/components/a%00b/c",
        "/components/shop/%ed%a0%80",
        "/%00",
    ],
)
def test_a_path_that_is_no_text_is_refused(web: Agent, path: str) -> None:
    assert (
        "percent-encoded UTF-8" in assert_error(web.get(path), 422, "invalid")["errors"]["path"][0]
    )


@pytest.mark.parametrize("call", [call for call in CALLS if call.template != "/"], ids=str)
def test_a_trailing_slash_makes_no_difference(web: Agent, call: Call) -> None:
    plain, slashed = web.call(call.method, call.path), web.call(call.method, f"{call.path}/")
    assert plain.status_code == slashed.status_code
    if plain.status_code == 422:
        assert plain.json == slashed.json


@pytest.mark.parametrize("path", sorted({call.path for call in CALLS}))
def test_a_method_that_is_not_possible_names_those_that_are(web: Agent, path: str) -> None:
    possible = {call.method for call in CALLS if call.path == path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - possible:
        answer = web.call(method, path)
        body = assert_error(answer, 405, "method_not_allowed")
        assert possible <= set(answer.headers["Allow"].split(", "))
        assert method in body["detail"]
        assert all(each in body["detail"] for each in possible)


@pytest.mark.parametrize("path", sorted({call.path for call in CALLS}))
def test_options_names_the_possible_methods(web: Agent, path: str) -> None:
    answer = web.call("OPTIONS", path)
    assert answer.status_code == 200
    assert answer.data == b""
    assert {call.method for call in CALLS if call.path == path} <= set(
        answer.headers["Allow"].split(", ")
    )


@pytest.mark.parametrize("call", [call for call in CALLS if call.method == "GET"], ids=str)
def test_head_is_get_without_a_body(web: Agent, call: Call) -> None:
    full, head = web.get(call.path), web.call("HEAD", call.path)
    assert head.status_code == full.status_code
    assert head.mimetype == full.mimetype
    assert head.data == b""


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_answer_carries_a_request_id(web: Agent, call: Call) -> None:
    first, second = web.call(call.method, call.path), web.call(call.method, call.path)
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize("sent", ["abc-1.2_3", "A" * 64])
def test_a_well_formed_request_id_is_kept(web: Agent, sent: str) -> None:
    for path in ("/livez", "/locks", "/nowhere"):
        assert web.call("GET", path, headers={"X-Request-Id": sent}).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "A" * 65, "a b", "a\tb", "é", "<script>", "a;b"])
def test_any_other_request_id_is_replaced(web: Agent, sent: str) -> None:
    given = web.call("GET", "/livez", headers={"X-Request-Id": sent}).headers["X-Request-Id"]
    assert given != sent
    assert len(given) == 32


class Bug(Exception):
    """What no handler knows."""


@pytest.fixture(scope="module")
def broken_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An app with a call that fails as a bug does, and one whose database says what none of ours
    says.
    """
    app = make_app(f"sqlite:///{tmp_path_factory.mktemp('broken')}/coord.db")
    app._got_first_request = False

    def fail() -> Any:
        raise Bug("secret detail")

    def fail_in_sql() -> Any:
        raise sqlite3.ProgrammingError("secret statement")

    app.add_url_rule("/api/coord/fails", "fails", fail, methods=["GET", "POST"])
    app.add_url_rule("/api/coord/fails-in-sql", "fails_in_sql", fail_in_sql)
    return app


@pytest.mark.parametrize("path", ["/fails", "/fails-in-sql"])
def test_a_bug_is_a_500_in_the_same_shape_without_its_insides(
    broken_app: Flask, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("coord").addHandler(caplog.handler)
    try:
        answer = Agent(broken_app.test_client()).get(path)
    finally:
        logging.getLogger("coord").removeHandler(caplog.handler)
    body = assert_error(answer, 500, "internal")
    text = answer.get_data(as_text=True)
    assert "secret" not in text
    assert "Traceback" not in text
    assert "Bug" not in text
    assert answer.headers["X-Request-Id"] in body["detail"]
    (told,) = [record for record in caplog.records if record.exc_info]
    assert told.exc_info
    assert "secret" in str(told.exc_info[1])


def test_an_answer_cannot_be_taken_for_something_else(web: Agent) -> None:
    for path in ("/livez", "/locks", "/nowhere"):
        assert web.get(path).headers["X-Content-Type-Options"] == "nosniff"


def test_the_base_path_is_the_contracts() -> None:
    assert BASE_PATH == RAW
