"""A tool's call, made as if its caller had made it over HTTP, in the same thread.

It passes through everything that a call from outside does: access, validation, the error answers,
the log and the counters. So a tool cannot do or see more than its caller could with curl, and fails
with the same words. The connection is the caller's own: if it hangs up while the call waits, the
call waits no longer.
"""

import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

from flask import current_app, request

from coord.area import ToolCall
from coord.live import ClientHungUp
from coord.web import BASE_PATH, REQUEST_ID, SESSION_HEADER, JsonObject

_OF_THE_MESSAGE = {  # said of the message that the tool came in
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_EXPECT",
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
    "HTTP_RANGE",
    "HTTP_TRANSFER_ENCODING",
    "REQUEST_URI",
    "werkzeug.request",
}


def perform(call: ToolCall, caller: str | None) -> tuple[int, JsonObject]:
    """Status and body of the answer; an error's `Retry-After` is in the body.

    Raises ClientHungUp.
    """
    environ = _environ(call, caller)
    status, headers, body = _answered(environ)
    if "coord.waited" in environ:
        request.environ["coord.waited"] = environ["coord.waited"]
    if status == 499:
        raise ClientHungUp
    answer: JsonObject = json.loads(body) if body else {"detail": call.if_empty}
    if status >= 400 and "retry-after" in headers:
        answer.setdefault("retry_after", int(headers["retry-after"]))
    return status, answer


def _answered(environ: JsonObject) -> tuple[int, dict[str, str], bytes]:
    head: list[Any] = []
    chunks_written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        head[:] = [int(status[:3]), {name.lower(): value for name, value in headers}]
        return chunks_written.append

    chunks: Iterable[bytes] = current_app.wsgi_app(environ, start_response)
    try:
        body = b"".join(chunks_written) + b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return head[0], head[1], body


def _environ(call: ToolCall, caller: str | None) -> JsonObject:
    kept = {
        name: value
        for name, value in request.environ.items()
        if name not in _OF_THE_MESSAGE and not name.startswith("coord.")
    }
    query = _query(call.arguments) if call.method == "GET" else ""
    body = b"" if call.method == "GET" else json.dumps(call.arguments).encode()
    path = f"{kept.get('SCRIPT_NAME', '')}{BASE_PATH}{call.path}"
    own = {
        "REQUEST_METHOD": call.method,
        "RAW_URI": f"{path}?{query}" if query else path,
        "PATH_INFO": unquote_to_bytes(BASE_PATH + call.path).decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        _variable(REQUEST_ID): request.environ["coord.request_id"],
    }
    if caller is not None:
        # as WSGI hands headers over
        own[_variable(SESSION_HEADER)] = caller.encode().decode("latin-1")
    return {**kept, **own}


def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


def _query(sent: Mapping[str, Any]) -> str:
    def text(value: object) -> object:
        return str(value).lower() if isinstance(value, bool) else value

    return urlencode(
        {name: text(value) for name, value in sent.items() if value is not None}, doseq=True
    )
