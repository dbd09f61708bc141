"""The API document: valid, complete, and the same as what the service does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from coord.app import create_app
from coord.web import openapi
from coord.web.error_docs import ANY
from tests.conftest import Agent, make_app
from tests.web.conftest import CALLS, DOCUMENT, EVERY_CALL, NOWHERE, WITH_BODY, Call

# The calls that clients in the field make today: the contract's [P].
PROTOCOL = [
    ("post", "/api/coord/locks"),
    ("get", "/api/coord/locks"),
    ("delete", "/api/coord/locks/{lock_id}"),
    ("delete", "/api/coord/locks"),
    ("put", "/api/coord/components"),
    ("put", "/api/coord/components/{project_key}/{component}"),
    ("get", "/api/coord/components"),
    ("post", "/api/coord/workflows"),
    ("post", "/api/coord/work-items"),
    ("patch", "/api/coord/work-items/{item_id}"),
    ("post", "/api/coord/messages"),
    ("get", "/api/coord/messages"),
    ("put", "/api/coord/messages/{message_id}/read"),
    ("get", "/api/coord/status"),
    ("get", "/health"),
]


def served(web: Agent) -> Any:
    answer = web.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    return answer.json


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def resolved(reference: str) -> Any:
    found = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_it_is_valid_openapi(web: Agent) -> None:
    document = served(web)
    assert document["openapi"] == "3.1.0"
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_it_is_the_same_at_each_call(web: Agent) -> None:
    assert served(web) == served(web) == json.loads(json.dumps(DOCUMENT))


def test_it_points_at_nothing_that_is_not_there(web: Agent) -> None:
    for reference in references(served(web)):
        assert resolved(reference)


@pytest.mark.parametrize(("method", "path"), PROTOCOL)
def test_the_calls_of_today_are_in_it(method: str, path: str) -> None:
    assert method in DOCUMENT["paths"][path]


def test_every_route_is_in_it(web_app: Flask) -> None:
    documented = {(call.method, call.template) for call in EVERY_CALL}
    for rule in web_app.url_map.iter_rules():
        template = rule.rule
        for part in rule.arguments:
            template = template.replace(
                next(each for each in template.split("/") if each.endswith(f":{part}>")),
                f"{{{part}}}",
            )
        if template not in ("/docs/{asset}", "/page/{area}/{file}", "/favicon.ico"):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert (method, template) in documented


def test_operation_ids_are_unique_words(web: Agent) -> None:
    ids = [call.operation["operationId"] for call in CALLS]
    assert len(set(ids)) == len(ids)
    assert all(each.replace("_", "").isalnum() for each in ids)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_call_says_what_it_does_and_all_that_it_answers(call: Call) -> None:
    operation = call.operation
    assert operation["summary"].endswith(".")
    assert operation["tags"]
    responses = operation["responses"]
    assert "default" not in responses
    assert {str(error.status) for error in ANY} <= set(responses)
    assert any(status.startswith("2") for status in responses)
    assert ("{" in call.template) <= (
        "404" in responses
        or (call.template.startswith("/api/coord/components") and call.method == "PUT")
    )
    for status, response in responses.items():
        found = resolved(response["$ref"]) if "$ref" in response else response
        assert found["description"].strip()
        if not status.startswith(("2", "3")):
            assert list(found["content"]) == ["application/json"]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_parameter_is_explained_or_plain(call: Call) -> None:
    for name, parameter in call.parameters.items():
        schema = parameter["schema"]
        assert schema.get("type") in ("string", "integer", "number", "boolean", "array"), name
        assert schema.get("default", "") is not None
    if "limit" in call.parameters:
        limit = call.parameters["limit"]["schema"]
        assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 500, 100)
        assert call.parameters["after" if "after" in call.parameters else "cursor"]["description"]


@pytest.mark.parametrize(
    "call", [call for call in CALLS if call.template.startswith("/api/coord")], ids=str
)
def test_the_caller_can_be_named_in_three_ways(call: Call) -> None:
    assert {"$ref": "#/components/parameters/session"} in call.operation["parameters"]
    header = DOCUMENT["components"]["parameters"]["session"]
    assert (header["name"], header["in"], header["required"]) == (
        "X-Coord-Session",
        "header",
        False,
    )
    if call.takes_body:
        assert "session_id" in schema_of(call)["properties"]
    else:
        assert "session_id" in call.parameters


@pytest.mark.parametrize("call", WITH_BODY, ids=str)
def test_every_body_has_an_example_that_fits(call: Call) -> None:
    content = call.operation["requestBody"]["content"]["application/json"]
    example = content["example"]
    schema = {**content["schema"], "components": DOCUMENT["components"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(example)] == []
    assert example


@pytest.mark.parametrize("call", WITH_BODY, ids=str)
def test_every_field_of_a_body_has_a_type(call: Call) -> None:
    for name, field in schema_of(call)["properties"].items():
        assert "type" in field or "enum" in field or "$ref" in field, name


def test_a_token_is_documented_as_what_it_is() -> None:
    assert DOCUMENT["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert DOCUMENT["security"] == [{}, {"bearer": []}]
    guarded = openapi.document(create_app({"DATABASE_URL": NOWHERE, "TOKEN": "x"}))
    assert guarded["security"] == [{"bearer": []}]


def test_the_database_being_away_is_documented_with_its_exact_body() -> None:
    answer = DOCUMENT["components"]["responses"]["Unavailable"]["content"]["application/json"][
        "schema"
    ]
    schema = resolved(answer["$ref"])
    assert set(schema["properties"]) == set(schema["required"]) == {"detail", "retry_after"}


def schema_of(call: Call) -> Any:
    return resolved(call.operation["requestBody"]["content"]["application/json"]["schema"]["$ref"])


IN_ORDER = ("post", "put", "patch", "get", "delete")
"""What is made first, and taken away last."""


def test_every_call_can_be_tried_as_it_stands(tmp_path: Path) -> None:
    """The examples of one call are those of the others: what creates first, what deletes last."""
    app = make_app(f"sqlite:///{tmp_path}/coord.db")
    client = app.test_client()
    refused = []
    calls = [
        (method, path, operation, [*item.get("parameters", ()), *operation.get("parameters", ())])
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method in IN_ORDER and not path.endswith("/stream")  # which does not end
    ]
    for method, path, operation, parameters in sorted(
        calls, key=lambda call: IN_ORDER.index(call[0])
    ):
        url, query = path, {}
        for parameter in parameters:
            if parameter.get("in") == "path":
                url = url.replace(f"{{{parameter['name']}}}", quote(parameter["example"], safe=""))
            elif example := parameter.get("example", parameter.get("schema", {}).get("example")):
                query[parameter["name"]] = example
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        answer = client.open(
            url, method=method, query_string=query, json=content and content.get("example")
        )
        if answer.status_code >= 400:
            refused.append((method, url, answer.get_data(as_text=True)))
    assert len(calls) > 40
    assert refused == []
