"""The API document: flask-smorest's, with coord's fields, error answers, token and session
header.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from flask import Flask
from flask_smorest import Api

from coord.web import fields
from coord.web.error_docs import ErrorSchema, shared_errors
from coord.web.paths import BASE_PATH, NameConverter
from coord.web.requests import SESSION_HEADER


class CoordApi(Api):
    """flask-smorest's Api without its error handlers: ours keep headers and the contract's
    shape.
    """

    ERROR_SCHEMA: Any = ErrorSchema
    DEFAULT_ERROR_RESPONSE_NAME: Any = None  # a view names its answers, each of them

    def _register_error_handlers(self) -> None:
        """Errors are answered by coord.web.answers."""


DESCRIPTION = f"""Locks, component states, workflows, messages: what sessions that work side by side coordinate through.

The caller names itself with `session_id` in the body, in the query or in the header `{SESSION_HEADER}`, on any call; where it is said to
be required, one of the three is. What a `DELETE` or `PUT` takes as parameters, it takes as a JSON body as well. Lists are paged with
`limit` and `cursor`. Every create takes an `id` chosen by the client and may be repeated safely. Errors are
`{{"detail", "error", …}}`; a 503 may be sent again after `Retry-After` seconds. The protocol in prose: `/llms.txt`."""  # noqa: E501 (as it is shown)

SESSION_EXAMPLE = "web-1/claude"
_SESSION = {
    "name": SESSION_HEADER,
    "in": "header",
    "required": False,
    "description": "Who is calling, where neither body nor query names `session_id`. UTF-8.",
    "schema": {"type": "string", "minLength": 1, "maxLength": fields.SESSION_LENGTH},
}


def api_of(app: Flask, version: str) -> CoordApi:
    app.config.setdefault("OPENAPI_URL_PREFIX", None)  # served by the area `documentation`
    token: dict[str, list[str]] = {"bearer": []}
    api = CoordApi(
        app,
        spec_kwargs={
            "title": "coord",
            "version": version,
            "openapi_version": "3.1.0",
            "info": {"description": DESCRIPTION},
            "security": [token] if app.config["TOKENS"] else [{}, token],
        },
    )
    for kind in (fields.Text, fields.Name, fields.SessionId, fields.ProjectKey, fields.Choice):
        api.register_field(kind, "string", None)
    api.register_field(fields.Uuid, "string", "uuid")
    api.register_field(fields.Time, "string", "date-time")
    api.register_field(fields.Number, "number", None)
    api.register_field(fields.Integer, "integer", None)
    api.register_field(fields.Boolean, "boolean", None)
    api.register_converter(NameConverter, lambda converter: {"type": "string", "minLength": 1})
    api.spec.components.security_scheme(
        "bearer",
        {
            "type": "http",
            "scheme": "bearer",
            "description": "The token, where the operator has set one (COORD_TOKEN).",
        },
    )
    api.spec.components.parameter("session", "header", dict(_SESSION))
    for name, response in shared_errors().items():
        api.spec.components.response(name, response)
    app.extensions["coord.api"] = api
    return api


def document(app: Flask) -> dict[str, Any]:
    """The whole document, as it is sent; put together at the first call, when every area has been
    registered.
    """
    spec: dict[str, Any] | None = app.extensions.get("coord.openapi")
    if spec is None:
        spec = app.extensions["coord.openapi"] = _make_document(app.extensions["coord.api"])
    return spec


def _make_document(api: CoordApi) -> dict[str, Any]:
    spec: dict[str, Any] = deepcopy(api.spec.to_dict())
    for parts_of_a_page in ("/docs/{asset}", "/page/{area}/{file}", "/favicon.ico"):
        spec["paths"].pop(parts_of_a_page, None)
    for _, operation in _operations(spec):
        for parameter in operation.get("parameters", ()):
            _without_null(parameter)
    _add_examples(spec["paths"])
    for path, operation in _operations(spec):
        if path.startswith(BASE_PATH):
            operation.setdefault("parameters", []).append(
                {"$ref": "#/components/parameters/session"}
            )
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return spec


def _operations(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in spec["paths"].items():
        for operation in _operations_of(item):
            yield path, operation


def _without_null(parameter: dict[str, Any]) -> None:
    """A parameter is there or not; there is no null in a query."""
    schema = parameter.get("schema", {})
    if isinstance(schema.get("type"), list):
        (schema["type"],) = [kind for kind in schema["type"] if kind != "null"]
    if "default" in schema and schema["default"] is None:
        del schema["default"]


def _add_examples(paths: dict[str, Any]) -> None:
    """Needed parameters name what the example bodies create, so that each call can be tried as it
    stands, creates first.
    """
    for path, item in paths.items():
        created = {
            "session_id": SESSION_EXAMPLE,
            **_created_in(paths.get(path.partition("/{")[0], {})),
        }
        for parameters, is_needed in (
            (item.get("parameters", ()), _is_in_path),
            *((operation.get("parameters", ()), _is_in_path) for operation in _operations_of(item)),
            (item.get("delete", {}).get("parameters", ()), _is_in_query),
        ):
            for parameter in filter(is_needed, parameters):
                example = created.get(parameter["name"])
                if example is None and _is_in_path(parameter):
                    example = created.get("id")
                if example is not None:
                    parameter["example"] = example


def _is_in_path(parameter: dict[str, Any]) -> bool:
    return parameter.get("in") == "path"


def _is_in_query(parameter: dict[str, Any]) -> bool:
    return parameter.get("in") == "query"


def _operations_of(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of one path."""
    return (operation for name, operation in item.items() if name != "parameters")


def _created_in(collection: dict[str, Any]) -> dict[str, Any]:
    """The example body of the call that creates something there."""
    creating = collection.get("post") or collection.get("put") or {}
    content = creating.get("requestBody", {}).get("content", {}).get("application/json", {})
    return dict(content.get("example", {}))
