"""HTTP for areas: a blueprint whose decorators load requests and document answers, and pages of a list.

flask-smorest does the API document. Loading is our own: its parser takes one source per call, and here the caller may name itself in
the body, in the query or in a header, and a DELETE may carry its parameters in either.
"""

import base64
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import wraps
from typing import Any, ClassVar, TypeVar, cast
from zlib import crc32

import flask_smorest
import marshmallow as ma
from flask import current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from coord.errors import BadJson, CoordError, Forbidden, Invalid, NotJson, TooLarge, Unavailable
from coord.schemas import MOST_UNKNOWN, Body, Query, Schema, shortened, unknown_name

View = TypeVar("View", bound=Callable[..., Any])
BASE_PATH = "/api/coord"
SESSION_HEADER = "X-Coord-Session"
PROJECT_HEADER = "X-Coord-Project"  # only MCP clients need it: everywhere else the project is a parameter
MAX_BODY_BYTES = 1024 * 1024
BROKEN_OFF = "The body could not be read: it broke off, or its length or chunks are not as announced. Send it again."
TOO_LARGE = "The body is over 1 MiB. Send less, or split it."
TWICE = "Given more than once, with different values."
IN_BODY = "Not a parameter of this call: send it in the JSON body."


class NotAnObject(BadJson):
    """The body is JSON, but not an object."""


class ErrorSchema(ma.Schema):
    """Every error: a sentence to act on, a code for programs, and what else is known."""

    class Meta:
        unknown = ma.INCLUDE

    detail = ma.fields.String(required=True, metadata={"description": "What happened, why, and what to do next."})
    error = ma.fields.String(required=True, metadata={"description": "The code, for programs."})


class InvalidSchema(ErrorSchema):
    """What is wrong with which field or parameter."""

    errors = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.List(ma.fields.String()), required=True)


class UnavailableSchema(ma.Schema):
    """The one body of every 503."""

    detail = ma.fields.String(required=True)
    retry_after = ma.fields.Integer(required=True, metadata={"description": "Seconds; the same as in the header."})


class Blueprint(flask_smorest.Blueprint):  # type: ignore[name-defined, misc]
    """A flask-smorest blueprint (and so a Flask one) with coord's way of loading requests and documenting errors."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(self._prepare_errors_doc)

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        return cast(Callable[[View], View], super().route(rule, **options))

    def response(self, status_code: int, schema: type[ma.Schema] | None = None, **options: Any) -> Callable[[View], View]:
        return cast(Callable[[View], View], super().response(status_code, schema, **options))

    def alt_response(self, status_code: int, **options: Any) -> Callable[[View], View]:
        return _documenting(super().alt_response(status_code, **options))

    def doc(self, **options: Any) -> Callable[[View], View]:
        return _documenting(super().doc(**options))

    def arguments(self, schema: type[Schema], **kwargs: Any) -> Callable[[View], View]:
        """Loads the request and passes it on as a dict: a `Body` from JSON, a `Query` from the query (or a JSON body with the same names).

        Raises Invalid, BadJson, NotJson and TooLarge.
        """
        instance = schema()
        in_query = isinstance(instance, Query)
        required = any(field.required for field in instance.fields.values())
        documented: dict[str, Any] = {"in": "query" if in_query else "json", "required": required, "schema": instance}
        if isinstance(instance, Body) and instance.example is not None:
            documented["example"] = dict(instance.example)

        def decorator(view: View) -> View:
            @wraps(view)
            def wrapper(*args: Any, **path: Any) -> Any:
                return view(*args, load_query(instance) if in_query else load_body(instance), **path)

            wrapper._apidoc = deepcopy(getattr(view, "_apidoc", {}))  # type: ignore[attr-defined]
            wrapper._apidoc["arguments"] = {"parameters": [documented]}  # type: ignore[attr-defined]
            return wrapper  # type: ignore[return-value]

        return decorator

    def raises(self, *errors: type[CoordError]) -> Callable[[View], View]:
        """Documents the errors that a view raises besides those that any call may."""

        def decorator(view: View) -> View:
            view._apidoc = deepcopy(getattr(view, "_apidoc", {}))  # type: ignore[attr-defined]
            view._apidoc.setdefault("raises", []).extend(errors)  # type: ignore[attr-defined]
            return view

        return decorator

    ANY: ClassVar[Sequence[type[CoordError]]] = (BadJson, Forbidden, TooLarge, NotJson, Invalid, CoordError, Unavailable)
    """What any call may answer."""

    def _store_endpoint_docs(self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        methods = {method: doc for method, doc in self._docs[endpoint].items() if method != "parameters"}
        for method, doc in methods.items():
            doc["operation_id"] = f"{self.name}_{endpoint}" if len(methods) == 1 else f"{self.name}_{endpoint}_{method}"

    def _prepare_errors_doc(self, doc: dict[str, Any], info: dict[str, Any], **kwargs: Any) -> Any:
        doc["operationId"] = info["operation_id"]
        responses = doc.setdefault("responses", {})
        by_status: dict[int, list[type[CoordError]]] = {}
        for error in info.get("raises", ()):
            by_status.setdefault(error.status, []).append(error)
        for error in self.ANY:
            if error.status in by_status:
                by_status[error.status].append(error)
            else:
                responses.setdefault(error.status, error.__name__)  # a name stands for the response of `shared_errors`
        for status, kinds in by_status.items():
            responses.setdefault(status, error_response(*kinds))
        return doc


def _documenting(decorator: Callable[[Any], Any]) -> Callable[[View], View]:
    """A decorator that only documents: the view takes over what it says, and is called without it."""

    def documented(view: View) -> View:
        view._apidoc = decorator(view)._apidoc  # type: ignore[attr-defined]
        return view

    return documented


def shared_errors() -> dict[str, dict[str, Any]]:
    """The answers that any call may give, for the API document, by name."""
    return {kind.__name__: error_response(kind) for kind in Blueprint.ANY}


def error_response(*kinds: type[CoordError]) -> dict[str, Any]:
    """How errors of one status are documented: the code and the docstring of each."""
    text = " ".join(f"`{kind.code}`: {inspect.cleandoc(kind.__doc__ or '')}" for kind in kinds)
    schema: type[ma.Schema] = ErrorSchema
    if kinds == (CoordError,):
        text = "`internal`: a bug in coord; nothing was changed, and the log has it under the answer's `X-Request-Id`."
    elif kinds == (Unavailable,):
        text, schema = inspect.cleandoc(Unavailable.__doc__ or ""), UnavailableSchema
    elif kinds == (Invalid,):
        schema = InvalidSchema
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def load_body(schema: Schema) -> dict[str, Any]:
    """The JSON body through the schema. In the query there may be a `session_id` beside it, nothing else."""
    sent = json_body(null_is_empty=request.method == "PUT")
    _single(request.args, {"session_id": schema.fields["session_id"]}, in_body=schema.fields)
    data = _with_session(sent or {})
    try:
        return _load_and_note(schema, data)
    except Invalid as refused:
        if sent is None:
            raise BadJson(f"The body is empty. Send a JSON object, like {_like(schema)}.") from refused
        raise


def load_query(schema: Schema) -> dict[str, Any]:
    """The query through the schema; the same names may come in a JSON body instead, which goes before."""
    data = {**_single(request.args, schema.fields), **(json_body(null_is_empty=True) or {})}
    return _load_and_note(schema, data if schema.filters_by_session else _with_session(data))


def load_parameters(schema: Schema) -> dict[str, Any]:
    """The query alone through the schema, for a call whose body is something else."""
    return load(schema, _single(request.args, schema.fields))


def _like(schema: Schema) -> str:
    example = schema.example if isinstance(schema, Body) else None
    return json.dumps(dict(example), ensure_ascii=False) if example else '{"project_key": "shop", …}'


_CALLERS = ("session_id", "from_session", "updated_by", "created_by")


def _load_and_note(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """Also notes who calls, which is a sign of life whatever comes of the call. In a read only `session_id` is the caller."""
    loaded = load(schema, data)
    if schema.filters_by_session:
        data = {"session_id": sent_header(SESSION_HEADER)}
    if schema.names_caller:
        names = _CALLERS[:1] if request.method in ("GET", "HEAD") else _CALLERS
        caller = next((data[name] for name in names if data.get(name) is not None), None)
        if caller is not None:
            current_app.extensions["coord.activity"].note(caller)
    return loaded


def json_body(*, null_is_empty: bool = False) -> dict[str, Any] | None:
    """The body as an object; None when there is none. `null_is_empty`: the queue's shell loop sends `null` for a call without a body."""
    raw = _raw_body()
    if not raw:
        return None
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        sent = f"as {request.mimetype}" if request.mimetype else "without a Content-Type"
        raise NotJson(f"The body must be JSON, but came {sent}. With curl: --json '…', or -H 'Content-Type: application/json' -d '…'.")
    try:
        data = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant, object_pairs_hook=_members)
    except UnicodeDecodeError:
        raise BadJson("The body is not UTF-8. Send JSON encoded as UTF-8.") from None
    except RecursionError:
        raise BadJson("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise BadJson(f"The body is not JSON: {error}.") from None
    except ValueError:  # Python reads no whole number of over 4300 digits
        raise BadJson("The body is not JSON, or has a number of too many digits.") from None
    if data is None and null_is_empty:
        return {}
    if not isinstance(data, dict):
        raise NotAnObject('The body must be a JSON object, like {"project_key": "shop", …}.')
    return data


def _raw_body() -> bytes:
    """Raises TooLarge, and BadJson for a body that broke off."""
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise TooLarge(TOO_LARGE) from None
    except Exception:  # the server's own error for a chunk that is none
        raise BadJson(BROKEN_OFF) from None
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(TOO_LARGE)
    if len(raw) < (request.content_length or 0):
        raise BadJson(BROKEN_OFF)
    return raw


def _refuse_constant(name: str) -> Any:
    raise BadJson(f"The body is not JSON: there is no {name} in it. Leave the field out, or send null.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members. Raises Invalid for a name that comes twice with different values: one of them would be lost unseen."""
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next((name for name, value in pairs if members[name] != value), None)
        if twice is not None:
            raise Invalid({shortened(twice): [TWICE]})
    return members


def load(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data through the schema. Raises Invalid."""
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ma.ValidationError as error:
        messages: dict[Any, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        raise Invalid({str(name): _flat(each) for name, each in messages.items()}) from None
    return loaded


def _flat(messages: Any, where: str = "") -> list[str]:
    """A field's messages as one list; those about a part of its value say which."""
    if isinstance(messages, Mapping):
        if [*messages] == [0] and not where and not isinstance(messages[0], Mapping):
            return _flat(messages[0])  # the only value of a repeatable parameter
        return [text for part, inner in messages.items() for text in _flat(inner, f"{where}[{part}]")]
    return [f"{where}: {text}" if where else str(text) for text in (messages if isinstance(messages, list) else [messages])]


def _with_session(data: dict[str, Any]) -> dict[str, Any]:
    """The caller's name from wherever it is: the body goes before the query, the query before the header."""
    if data.get("session_id") is None:
        named = request.args.get("session_id") or sent_header(SESSION_HEADER)
        if named:
            data = {**data, "session_id": named}
    return data


def sent_header(name: str) -> str | None:
    """A header whose value is a name of the caller's choice, in UTF-8. Raises Invalid."""
    sent = request.headers.get(name)
    if sent is None:
        return None
    try:
        return sent.encode("latin-1").decode("utf-8")  # WSGI hands headers over as Latin-1
    except UnicodeError:
        raise Invalid({name: ["Not UTF-8."]}) from None


def _single(args: MultiDict[str, str], fields: Mapping[str, Any], in_body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The parameters, each once. Raises Invalid for others than `fields`; those that belong in the body are told so."""
    data: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, values in args.lists():
        field = fields.get(name)
        if len(errors) == MOST_UNKNOWN:
            break
        if field is None:
            errors[shortened(name)] = [IN_BODY if in_body and name in in_body else unknown_name(name, fields, "parameter")]
        elif isinstance(field, ma.fields.List):
            data[name] = values
        elif len(set(values)) > 1:
            errors[name] = [TWICE]
        else:
            data[name] = values[0]
    if errors:
        raise Invalid(errors)
    return data


# --- pages of a list -------------------------------------------------------------------------------------------------------------


def cursor_key(kind: str, cursor: str | None, length: int = 1) -> list[int] | None:
    """The key that a cursor stands for: whole numbers, `length` of them. Raises Invalid for one that this list did not give."""
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        named, *key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if named == name_of_list(kind) and len(key) == length and all(type(part) is int and abs(part) < 2**63 for part in key):
            return list(key)
    except (ValueError, TypeError, RecursionError):
        pass
    raise Invalid({"cursor": ["Not a cursor of this list. Pass next_cursor of the page before, or leave it out to start."]})


_NOT_THE_LIST = {"cursor", "limit", "wait", "session_id"}  # parameters that may change from page to page


def name_of_list(kind: str) -> str:
    """What a cursor belongs to: this kind of list, of these things. Another's would leave things out unseen."""
    asked = sorted((name, value) for name, value in request.args.items(multi=True) if name not in _NOT_THE_LIST)
    return f"{kind} {crc32(repr((request.path, asked)).encode()):08x}"


def page(kind: str, rows: list[dict[str, Any]], limit: int, key: Callable[[dict[str, Any]], Sequence[int]]) -> dict[str, Any]:
    """A page from `limit + 1` rows: the row too many only says that there is a next page."""
    items = rows[:limit]
    cursor = None
    if len(rows) > limit:
        text = json.dumps([name_of_list(kind), *key(items[-1])], separators=(",", ":"))
        cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return {"items": items, "next_cursor": cursor}
