"""What the service says of itself: a request id on every answer, one JSON log line per call, and
the counters behind `/metrics`.
"""

import logging
import re
import sys
import time
import uuid
from typing import Any

from flask import Flask, Response, request
from pythonjsonlogger.json import JsonFormatter

from coord.metric_files import Counter, Histogram
from coord.web import negotiation
from coord.web.output import Output
from coord.web.paths import STAND_IN

REQUEST_ID = "X-Request-Id"
_SENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = (
    "GET",
    "HEAD",
    "OPTIONS",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
)  # any other word is counted as "other": a caller may make them up

CALLS = Counter("coord_requests_total", "Calls answered.", ["method", "route", "status"])
BY_CLIENT = Counter(
    "coord_client_calls_total",
    "Calls answered, by the version of coord's client that made them.",
    ["version"],
)
SECONDS = Histogram(
    "coord_request_seconds",
    "Seconds from the arrival of a call to its answer, without those that it was asked to wait.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)

log = logging.getLogger("coord.access")


def install(app: Flask) -> None:
    set_up_logging(app.config["LOG_LEVEL"])
    app.before_request(_begin)
    app.after_request(_end)


def set_up_logging(level: str) -> None:
    """JSON lines on standard output for everything that logs through `coord` (and Flask's own
    logger of that name).
    """
    logger = logging.getLogger("coord")
    logger.setLevel(level.upper())
    if not logger.handlers:
        handler = Output(sys.stdout)
        handler.setFormatter(
            JsonFormatter(
                "%(levelname)s %(name)s %(message)s",
                timestamp=True,
                rename_fields={"levelname": "level", "name": "logger"},
                json_ensure_ascii=False,
            )
        )
        handler.addFilter(_add_request_id)
        logger.addHandler(handler)
        logger.propagate = False


def _add_request_id(record: logging.LogRecord) -> bool:
    if request and not hasattr(record, "request_id"):
        record.request_id = request.environ.get("coord.request_id")
    return True


def _begin() -> None:
    sent = request.headers.get(REQUEST_ID, "")
    request.environ["coord.request_id"] = sent if _SENT_ID.fullmatch(sent) else uuid.uuid4().hex
    request.environ["coord.began"] = time.perf_counter()


def _end(response: Response) -> Response:
    environ: dict[str, Any] = request.environ
    rule, method, status, request_id = (
        request.url_rule,
        request.method,
        response.status_code,
        environ.get("coord.request_id"),
    )
    waited = environ.get("coord.waited", 0.0)  # by the caller's wish
    seconds = time.perf_counter() - environ.get("coord.began", time.perf_counter()) - waited
    route = rule.rule if rule else "(none)"
    response.headers[REQUEST_ID] = request_id or ""
    CALLS.labels(method if method in METHODS else "other", route, status).inc()
    SECONDS.labels(route).observe(seconds)
    caller = negotiation.client()
    BY_CLIENT.labels(negotiation.label(caller)).inc()
    if log.isEnabledFor(logging.INFO):
        log.info(
            "call",
            extra={
                "method": method,
                "path": request.path.replace(STAND_IN, "%2F"),
                "status": status,
                "ms": round(seconds * 1000, 2),
                **({"waited_ms": round(waited * 1000)} if waited else {}),
                **({"client": caller.version} if caller else {}),
                **(
                    {"token": environ["coord.token_name"]}
                    if environ.get("coord.token_name")
                    else {}
                ),
                "peer": environ.get("REMOTE_ADDR"),
                "request_id": request_id,
            },
        )
    return response
