"""Loading requests. The caller may name itself in the body, in the query or in a header; a DELETE
may carry its parameters in either.

flask-smorest's own parser takes one source per call, so this is ours.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import marshmallow as ma
from flask import current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from coord.errors import BadJson, Invalid, NotJson, TooLarge
from coord.web import rates
from coord.web.bounds import MAX_BODY_BYTES
from coord.web.names import SERVICE, looks_like_the_service
from coord.web.refusals import TOO_LARGE
from coord.web.schemas import MAX_UNKNOWN, Body, Schema, shortened, unknown_name

SESSION_HEADER = "X-Coord-Session"
PROJECT_HEADER = (  # only MCP clients need it: everywhere else the project is a parameter
    "X-Coord-Project"
)
BROKEN_OFF = (
    "The body could not be read: it broke off, or its length or chunks are not as announced. Send"
    " it again."
)
TWICE = "Given more than once, with different values."
IN_BODY = "Not a parameter of this call: send it in the JSON body."


class NotAnObject(BadJson):
    """The body is JSON, but not an object."""


def load_body(schema: Schema) -> dict[str, Any]:
    """The JSON body through the schema.

    In the query there may be a `session_id` beside it, nothing else.
    """
    sent = json_body(null_is_empty=request.method == "PUT")
    _single(request.args, {"session_id": schema.fields["session_id"]}, in_body=schema.fields)
    data = _with_session(sent or {})
    try:
        return _load_and_note(schema, data)
    except Invalid as refused:
        if sent is None:
            raise BadJson(
                f"The body is empty. Send a JSON object, like {_like(schema)}."
            ) from refused
        raise


def load_query(schema: Schema) -> dict[str, Any]:
    """The query through the schema; the same names may come in a JSON body instead, which goes
    before.
    """
    data = {**_single(request.args, schema.fields), **(json_body(null_is_empty=True) or {})}
    return _load_and_note(schema, data if schema.filters_by_session else _with_session(data))


def load_parameters(schema: Schema) -> dict[str, Any]:
    """The query alone through the schema, for a call whose body is something else."""
    return load(schema, _single(request.args, schema.fields))


def _like(schema: Schema) -> str:
    example = schema.example if isinstance(schema, Body) else None
    return (
        json.dumps(dict(example), ensure_ascii=False) if example else '{"project_key": "shop", …}'
    )


_CALLERS = ("session_id", "from_session", "updated_by", "created_by")


def _load_and_note(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """Also notes who calls, which is a sign of life whatever comes of the call.

    In a read only `session_id` is the caller.
    """
    loaded = load(schema, data)
    if schema.filters_by_session:
        data = {"session_id": sent_header(SESSION_HEADER)}
    fields = _CALLERS[:1] if request.method in ("GET", "HEAD") else _CALLERS
    callers = {name: data[name] for name in fields if data.get(name) is not None}
    _refuse_the_services_name(callers)
    if callers:
        rates.charge_session(next(iter(callers.values())))
    if schema.names_caller and callers:
        current_app.extensions["coord.activity"].note(next(iter(callers.values())))
    return loaded


def _refuse_the_services_name(callers: Mapping[str, str]) -> None:
    for field, caller in callers.items():
        if looks_like_the_service(caller):
            raise Invalid(
                {
                    field: [
                        f"{SERVICE!r} is the service's own name, and this reads like it. Call"
                        " yourself HOST/agent."
                    ]
                }
            )


def json_body(*, null_is_empty: bool = False) -> dict[str, Any] | None:
    """The body as an object; None when there is none.

    `null_is_empty`: the queue's shell loop sends `null` for a call without a body.
    """
    raw = _raw_body()
    if not raw:
        return None
    if request.environ.get("CONTENT_TYPE") != "application/json":
        _refuse_unless_json(request.mimetype)
    try:
        data = _decode(raw.decode("utf-8-sig"))
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


def _refuse_unless_json(mimetype: str) -> None:
    if mimetype != "application/json" and not mimetype.endswith("+json"):
        sent = f"as {mimetype}" if mimetype else "without a Content-Type"
        raise NotJson(
            f"The body must be JSON, but came {sent}. With curl: -H 'Content-Type:"
            " application/json' -d '…'."
        )


def _raw_body() -> bytes:
    """Raises TooLarge, NotJson for a compressed body, and BadJson for one that broke off."""
    environ = request.environ
    if not environ.get("CONTENT_LENGTH") and "HTTP_TRANSFER_ENCODING" not in environ:
        return b""
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in ("", "identity"):
        raise NotJson(
            f"The body came with Content-Encoding: {shortened(encoding)}, which is not decoded"
            " here. Send it uncompressed, without that header."
        )
    length = request.content_length  # None: it comes in chunks
    if (length or 0) > MAX_BODY_BYTES:
        raise TooLarge(TOO_LARGE)
    try:
        # werkzeug's own stream would clear 64 KB for each part that it reads, and for the end
        raw = request.get_data(cache=False) if length is None else _read(environ, length)
    except RequestEntityTooLarge:
        raise TooLarge(TOO_LARGE) from None
    except Exception:  # the server's own error for a chunk that is none
        raise BadJson(BROKEN_OFF) from None
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(TOO_LARGE)
    if len(raw) < (length or 0):
        raise BadJson(BROKEN_OFF)
    return raw


def _read(environ: Mapping[str, Any], length: int) -> bytes:
    raw: bytes = environ["wsgi.input"].read(length)
    return raw


def _refuse_constant(name: str) -> NoReturn:
    raise BadJson(
        f"The body is not JSON: there is no {name} in it. Leave the field out, or send null."
    )


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members.

    Raises Invalid for a name that comes twice with different values: one of them would be lost
    unseen.
    """
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next((name for name, value in pairs if members[name] != value), None)
        if twice is not None:
            raise Invalid({shortened(twice): [TWICE]})
    return members


_decode = json.JSONDecoder(
    parse_constant=_refuse_constant, object_pairs_hook=_members
).decode  # `json.loads` would make one for each body


def load(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data through the schema. Raises Invalid."""
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ma.ValidationError as error:
        messages = error.messages_dict
        raise Invalid({str(name): _flat(texts) for name, texts in messages.items()}) from None
    return loaded


def _flat(messages: Any, where: str = "") -> list[str]:
    """A field's messages as one list; those about a part of its value say which."""
    if isinstance(messages, Mapping):
        if [*messages] == [0] and not where and not isinstance(messages[0], Mapping):
            return _flat(messages[0])  # the only value of a repeatable parameter
        return [
            text for part, inner in messages.items() for text in _flat(inner, f"{where}[{part}]")
        ]
    return [
        f"{where}: {text}" if where else str(text)
        for text in (messages if isinstance(messages, list) else [messages])
    ]


def _with_session(data: dict[str, Any]) -> dict[str, Any]:
    """The caller's name from wherever it is: the body goes before the query, the query before the
    header.
    """
    if data.get("session_id") is None:
        named = request.args.get("session_id") or sent_header(SESSION_HEADER)
        if named:
            data = {**data, "session_id": named}
    return data


def sent_header(name: str) -> str | None:
    """A header whose value is a name of the caller's choice, in UTF-8. Raises Invalid."""
    sent: str | None = request.environ.get(f"HTTP_{name.upper().replace('-', '_')}")
    if sent is None:
        return None
    try:
        return sent.encode("latin-1").decode("utf-8")  # WSGI hands headers over as Latin-1
    except UnicodeError:
        raise Invalid({name: ["Not UTF-8."]}) from None


def _single(
    args: MultiDict[str, str], fields: Mapping[str, Any], in_body: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The parameters, each once.

    Raises Invalid for others than `fields`; those that belong in the body are told so.
    """
    data: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, values in args.lists() if args else ():
        field = fields.get(name)
        if len(errors) == MAX_UNKNOWN:
            break
        if field is None:
            errors[shortened(name)] = [
                IN_BODY if in_body and name in in_body else unknown_name(name, fields, "parameter")
            ]
        elif isinstance(field, ma.fields.List):
            data[name] = values
        elif len(set(values)) > 1:
            errors[name] = [TWICE]
        else:
            data[name] = values[0]
    if errors:
        raise Invalid(errors)
    return data
