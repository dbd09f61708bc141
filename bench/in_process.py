"""Calls an app in this process, as gunicorn calls it but without a socket."""

import io
import json
import sys
import time
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication


def call(
    app: WSGIApplication,
    method: str,
    target: str,
    body: Any = None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[int, bytes, float]:
    """Status and body of the answer, and the seconds that it took by the clock."""
    environ = _environ(method, target, body)
    statuses: list[int] = []

    def start_response(line: str, headers: Any, exc_info: Any = None, /) -> Any:
        statuses.append(int(line[:3]))

    began = clock()
    answer = app(environ, start_response)
    content = b"".join(answer)
    close = getattr(answer, "close", None)
    if close is not None:
        close()
    return statuses[0], content, clock() - began


def _environ(method: str, target: str, body: Any) -> dict[str, Any]:
    path, _, query = target.partition("?")
    payload = b"" if body is None else json.dumps(body).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "RAW_URI": target,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8001",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8001",
        "HTTP_USER_AGENT": "bench",
        "HTTP_ACCEPT": "*/*",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(payload),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if body is not None:
        environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(payload))}
    return environ
