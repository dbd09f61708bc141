"""The blueprint of an area: a flask-smorest one whose decorators load requests coord's way and
document every error.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar, cast

import flask_smorest
import marshmallow as ma
from flask import current_app
from flask_smorest.utils import (
    resolve_schema_instance,
    set_status_and_headers_in_response,
    unpack_tuple_response,
)
from werkzeug import Response

from coord.errors import CoordError
from coord.web.error_docs import ANY, error_response
from coord.web.requests import load_body, load_query
from coord.web.schemas import Body, Query, Schema

View = TypeVar("View", bound=Callable[..., Any])

# attributes of a view
APIDOC = "_apidoc"  # flask-smorest's: what it documents
NEEDS_TOKEN = "needs_token"


class Blueprint(flask_smorest.Blueprint):  # type: ignore[name-defined, misc]  # it is untyped
    """A flask-smorest blueprint (and so a Flask one) with coord's way of loading requests and
    documenting errors.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(self._prepare_errors_doc)

    def route(
        self, rule: str, *, needs_token: bool = True, **options: Any
    ) -> Callable[[View], View]:
        """`needs_token`: False for what shows and changes no data, so that it is open where a token
        is set.
        """
        register = cast(Callable[[View], View], super().route(rule, **options))

        def decorator(view: View) -> View:
            if needs_token:
                return register(view)
            setattr(view, NEEDS_TOKEN, False)
            return register(self.doc(security=[])(view))

        return decorator

    def response(
        self, status_code: int, schema: type[ma.Schema] | None = None, **options: Any
    ) -> Callable[[View], View]:
        """What the view returns goes through the schema and out as JSON; a response goes out as
        it is.
        """
        document = super().response(status_code, schema, **options)
        dump = None if schema is None else resolve_schema_instance(schema).dump

        def decorator(view: View) -> View:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> object:
                response, status, headers = unpack_tuple_response(view(*args, **kwargs))
                if not isinstance(response, Response):
                    body = response if dump is None else dump(response)
                    response = current_app.json.response(body)
                    status = status_code if status is None else status
                set_status_and_headers_in_response(response, status, headers)
                return response

            setattr(wrapper, APIDOC, getattr(document(view), APIDOC))
            return cast(View, wrapper)

        return decorator

    def alt_response(self, status_code: int, **options: Any) -> Callable[[View], View]:
        return _documenting(super().alt_response(status_code, **options))

    def doc(self, **options: Any) -> Callable[[View], View]:
        return _documenting(super().doc(**options))

    def arguments(self, schema: type[Schema], **kwargs: Any) -> Callable[[View], View]:
        """Loads the request and passes it on as a dict: a `Body` from JSON, a `Query` from the
        query (or a JSON body with the same names).

        Raises Invalid, BadJson, NotJson and TooLarge.
        """
        instance = schema()
        in_query = isinstance(instance, Query)
        required = any(field.required for field in instance.fields.values())
        documented: dict[str, Any] = {
            "in": "query" if in_query else "json",
            "required": required,
            "schema": instance,
        }
        if isinstance(instance, Body) and instance.example is not None:
            documented["example"] = dict(instance.example)

        def decorator(view: View) -> View:
            @wraps(view)
            def wrapper(*args: Any, **path: Any) -> object:
                return view(
                    *args, load_query(instance) if in_query else load_body(instance), **path
                )

            setattr(wrapper, APIDOC, {**_apidoc(view), "arguments": {"parameters": [documented]}})
            return cast(View, wrapper)

        return decorator

    def raises(self, *errors: type[CoordError]) -> Callable[[View], View]:
        """Documents the errors that a view raises besides those that any call may."""

        def decorator(view: View) -> View:
            apidoc = _apidoc(view)
            setattr(view, APIDOC, {**apidoc, "raises": [*apidoc.get("raises", ()), *errors]})
            return view

        return decorator

    def _store_endpoint_docs(
        self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any
    ) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        methods = {
            method: doc for method, doc in self._docs[endpoint].items() if method != "parameters"
        }
        for method, doc in methods.items():
            doc["operation_id"] = (
                f"{self.name}_{endpoint}"
                if len(methods) == 1
                else f"{self.name}_{endpoint}_{method}"
            )

    def _prepare_errors_doc(
        self, doc: dict[str, Any], info: dict[str, Any], **kwargs: Any
    ) -> dict[str, Any]:
        doc["operationId"] = info["operation_id"]
        responses = doc.setdefault("responses", {})
        by_status: dict[int, list[type[CoordError]]] = {}
        for error in info.get("raises", ()):
            by_status.setdefault(error.status, []).append(error)
        for error in ANY:
            if error.status in by_status:
                by_status[error.status].append(error)
            else:
                # a name stands for the response of `shared_errors`
                responses.setdefault(error.status, error.__name__)
        for status, kinds in by_status.items():
            responses.setdefault(status, error_response(*kinds))
        return doc


def _apidoc(view: Callable[..., Any]) -> dict[str, Any]:
    """What is documented of the view so far: a copy."""
    return deepcopy(getattr(view, APIDOC, {}))


def _documenting(decorator: Callable[[Any], Any]) -> Callable[[View], View]:
    """A decorator that only documents: the view takes over what it says, and is called
    without it.
    """

    def documented(view: View) -> View:
        setattr(view, APIDOC, getattr(decorator(view), APIDOC))
        return view

    return documented
