"""Bodies that are not what a call takes: refused with a sentence that says what to send instead."""

import gzip
import json
from typing import Any

import pytest

from tests.conftest import Agent
from tests.web.conftest import CALLS, DOCUMENT, WITH_BODY, WITHOUT_BODY, Call, assert_error

GOOD = {"project_key": "shop", "session_id": "host/a", "resource": "r"}
MIB = 1024 * 1024


def send(
    web: Agent,
    data: bytes | str,
    content_type: str | None = "application/json",
    method: str = "POST",
    path: str = "/locks",
) -> Any:
    return web.call(method, path, data=data, content_type=content_type)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"no",
        b'{"a": 1} x',
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": ' + b"1" * 5000 + b"}",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        '{"project_key": "shop"}'.encode("utf-16"),
        b"\x1f\x8b\x08\x00",
        b'{"a": "line\nbreak"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[1]",
        b'"text"',
        b"7",
        b"true",
        b"null",
        b"\xef\xbb\xbf",
        b"   ",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_a_body_that_is_no_json_object_is_bad_json(web: Agent, data: bytes) -> None:
    assert_error(send(web, data), 400, "bad_json")


def test_a_byte_order_mark_is_no_obstacle(web: Agent) -> None:
    answer = send(web, b"\xef\xbb\xbf" + json.dumps({**GOOD, "resource": "bom"}).encode())
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"],
)
def test_every_json_content_type_is_taken(web: Agent, content_type: str) -> None:
    assert (
        send(web, json.dumps({**GOOD, "resource": content_type}), content_type).status_code == 201
    )


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", None],
    ids=lambda each: each or "none",
)
def test_a_body_of_another_type_is_refused_with_the_curl_option_that_helps(
    web: Agent, call: Call, content_type: str | None
) -> None:
    answer = send(web, json.dumps(GOOD), content_type, call.method, call.path)
    assert (
        "curl: -H 'Content-Type: application/json' -d"
        in assert_error(answer, 415, "not_json")["detail"]
    )


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_compressed_body_is_refused_with_what_to_do(web: Agent, encoding: str) -> None:
    body = gzip.compress(json.dumps(GOOD).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    answer = web.call("POST", "/locks", data=body, headers=headers)
    assert "uncompressed" in assert_error(answer, 415, "not_json")["detail"]


def test_a_body_may_say_that_it_is_not_compressed(web: Agent) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "Identity"}
    assert web.call("POST", "/locks", data=json.dumps(GOOD), headers=headers).status_code == 201


@pytest.mark.parametrize("call", [call for call in WITH_BODY if call.method != "PUT"], ids=str)
def test_null_is_no_body_for_a_call_that_takes_one(web: Agent, call: Call) -> None:
    assert_error(send(web, b"null", method=call.method, path=call.path), 400, "bad_json")


@pytest.mark.parametrize(
    "call", [*WITHOUT_BODY, *(call for call in WITH_BODY if call.method == "PUT")], ids=str
)
def test_null_is_taken_where_there_may_be_nothing_to_send(web: Agent, call: Call) -> None:
    """The queue's shell loop sends the `body` of every line, also of a DELETE or a read."""
    without = web.call(call.method, call.path)
    answer = send(web, b"null", method=call.method, path=call.path)
    assert answer.status_code == without.status_code or (
        without.status_code,
        without.json["error"],
    ) == (400, "bad_json")
    assert answer.status_code < 500
    assert answer.status_code not in (400, 415)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_body_over_one_mebibyte_is_too_large(web: Agent, call: Call) -> None:
    body = b'{"a": "' + b"x" * MIB + b'"}'
    assert_error(send(web, body, method=call.method, path=call.path), 413, "too_large")


def test_a_body_of_one_mebibyte_is_read(web: Agent) -> None:
    body = b'{"a": "' + b"x" * (MIB - 9) + b'"}'
    assert len(body) == MIB
    assert_error(send(web, body), 422, "invalid")


@pytest.mark.parametrize("call", WITH_BODY, ids=str)
def test_an_empty_object_is_told_what_is_missing_or_possible(web: Agent, call: Call) -> None:
    answer = send(web, b"{}", method=call.method, path=call.path)
    assert answer.status_code in (404, 422), answer.json


WRONG_VALUES: list[Any] = [
    None,
    True,
    7,
    -1,
    1.5,
    1e300,
    10**400,
    "",
    "\x00",
    "\ud800",
    "x" * 500_000,
    [],
    [[]],
    {},
    {"a": {"b": []}},
]


@pytest.mark.parametrize("call", WITH_BODY, ids=str)
def test_wrong_values_are_answered_by_the_field_they_stand_in(web: Agent, call: Call) -> None:
    schema = _resolved(call)
    for name in schema["properties"]:
        for value in WRONG_VALUES:
            body = {"session_id": "host/a", name: value}
            answer = web.call(call.method, call.path, body)
            assert answer.status_code < 500, (name, value, answer.json)
            if answer.status_code == 422:
                errors = answer.json["errors"]
                assert all(
                    isinstance(texts, list) and all(isinstance(text, str) for text in texts)
                    for texts in errors.values()
                )


@pytest.mark.parametrize("value", ["\x00", "a\x00", "\ud800", "x\udfff"])
def test_what_no_database_keeps_is_refused_in_values_and_names(web: Agent, value: str) -> None:
    in_value = assert_error(web.post("/locks", **{**GOOD, "resource": value}), 422, "invalid")
    assert "cannot be stored" in in_value["errors"]["resource"][0]
    in_name = web.post("/locks", **GOOD, **{value: "x"})
    assert in_name.status_code == 422
    assert in_name.json["error"] == "invalid"
    shown = value.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd")
    assert in_name.json["errors"][shown][0].startswith("Unknown field.")
    in_list = assert_error(
        web.post("/locks", project_key="shop", session_id="a", resources=["fine", value]),
        422,
        "invalid",
    )
    assert in_list["errors"]["resources"][0].startswith("[1]: Contains ")


@pytest.mark.parametrize("call", WITH_BODY, ids=str)
def test_an_unknown_field_is_refused_with_the_nearest_name(web: Agent, call: Call) -> None:
    body = assert_error(web.call(call.method, call.path, {"sesion_id": "a"}), 422, "invalid")
    assert body["errors"]["sesion_id"] == ["Unknown field. Did you mean 'session_id'?"]
    body = assert_error(web.call(call.method, call.path, {"qqqqqqqq": "a"}), 422, "invalid")
    assert "session_id" in body["errors"]["qqqqqqqq"][0]


@pytest.mark.parametrize(
    "call", [call for call in WITHOUT_BODY if call.template.startswith("/api")], ids=str
)
def test_a_body_where_parameters_are_expected_is_read_as_strictly(web: Agent, call: Call) -> None:
    body = assert_error(web.call(call.method, call.path, {"sesion_id": "a"}), 422, "invalid")
    assert body["errors"]["sesion_id"] == ["Unknown field. Did you mean 'session_id'?"]


def test_many_unknown_fields_are_answered_at_once_and_briefly(web: Agent) -> None:
    many = {f"{number}-{'x' * 200}": 1 for number in range(4000)}
    answer = web.post("/locks", **GOOD, **many)
    body = assert_error(answer, 422, "invalid")
    assert len(body["errors"]) == 20
    assert len(answer.data) < 10_000


def test_a_field_given_twice_with_different_values_is_refused(web: Agent) -> None:
    answer = send(
        web, b'{"project_key": "shop", "session_id": "a", "resource": "one", "resource": "two"}'
    )
    assert assert_error(answer, 422, "invalid")["errors"]["resource"] == [
        "Given more than once, with different values."
    ]
    same = send(
        web, b'{"project_key": "shop", "session_id": "a", "resource": "twice", "resource": "twice"}'
    )
    assert same.status_code == 201


def _resolved(call: Call) -> Any:
    schema = call.operation["requestBody"]["content"]["application/json"]["schema"]
    return DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


@pytest.mark.parametrize(
    ("method", "path", "field", "body"),
    [
        ("POST", "/locks", "resources", {"project_key": "shop", "session_id": "host/a"}),
        (
            "POST",
            "/work-items",
            "depends_on",
            {"workflow_id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11", "title": "Task"},
        ),
        ("PUT", "/messages/read", "ids", {"session_id": "host/a"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_list_that_is_too_long_is_refused_for_that_and_not_for_each_of_its_members(
    web: Agent, method: str, path: str, field: str, body: dict[str, Any]
) -> None:
    answer = send(web, json.dumps({**body, field: [1] * 100_000}), method=method, path=path)
    assert_error(answer, 422, "invalid")
    (message,) = answer.json["errors"][field]
    assert "ength" in message
    assert len(answer.data) < 4096
