"""What the service says of itself: a request id on every answer, one JSON log line per call, and
the counters behind `/metrics`.
"""

import json
import logging
import os
import re
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from flask import Flask, Response, request
from pythonjsonlogger.json import JsonFormatter

from coord.metric_files import Counter, Histogram
from coord.web import names, negotiation
from coord.web.output import Output
from coord.web.paths import STAND_IN

REQUEST_ID = "X-Request-Id"
_SENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# any other word is counted as "other": a caller may make them up
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

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
_encode = json.JSONEncoder(ensure_ascii=False).encode


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
            JsonLines(
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
    if not hasattr(record, "request_id") and request:
        record.request_id = request.environ.get("coord.request_id")
    return True


class JsonLines(JsonFormatter):
    """A record as a line of JSON; a call's, of which there are most, is put together here."""

    def format(self, record: logging.LogRecord) -> str:
        if not isinstance(record, CallRecord):
            return names.escaped(super().format(record))
        line = {"level": record.levelname, "logger": record.name, "message": record.msg}
        at = datetime.fromtimestamp(record.created, tz=UTC).isoformat()
        return names.escaped(_encode({**line, **record.facts, "timestamp": at}))


class CallRecord(logging.LogRecord):
    """The log record of a call. `facts` are its attributes too, as `extra` would make them."""

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__(log.name, logging.INFO, __file__, 0, "call", None, None)
        self.facts = facts
        self.__dict__.update(facts)


def _begin() -> None:
    environ = request.environ
    sent = environ.get("HTTP_X_REQUEST_ID")
    environ["coord.request_id"] = (
        sent if sent is not None and _SENT_ID.fullmatch(sent) else os.urandom(16).hex()
    )
    environ["coord.began"] = time.perf_counter()


def _end(response: Response) -> Response:
    environ: dict[str, Any] = request.environ
    rule, status, request_id = (
        request.url_rule,
        response.status_code,
        environ.get("coord.request_id", ""),
    )
    waited = environ.get("coord.waited", 0.0)  # by the caller's wish
    seconds = time.perf_counter() - environ.get("coord.began", time.perf_counter()) - waited
    response.headers[REQUEST_ID] = request_id
    caller = negotiation.client()
    _count(environ["REQUEST_METHOD"], rule.rule if rule else "(none)", status, seconds, caller)
    if log.isEnabledFor(logging.INFO):
        log.handle(CallRecord(_facts(environ, status, seconds, waited, caller)))
    return response


def _count(
    method: str, route: str, status: int, seconds: float, caller: negotiation.Client | None
) -> None:
    calls, times = _counters(method if method in METHODS else "other", route, status)
    calls.inc()
    times.observe(seconds)
    BY_CLIENT.labels(negotiation.label(caller)).inc()


@lru_cache(maxsize=4096)  # routes are coord's own: what callers make up is counted as one
def _counters(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return CALLS.labels(method, route, status), SECONDS.labels(route)


def _facts(
    environ: dict[str, Any],
    status: int,
    seconds: float,
    waited: float,
    caller: negotiation.Client | None,
) -> dict[str, Any]:
    """What the log says of a call."""
    facts: dict[str, Any] = {
        "method": environ["REQUEST_METHOD"],
        "path": request.path.replace(STAND_IN, "%2F"),
        "status": status,
        "ms": round(seconds * 1000, 2),
    }
    if waited:
        facts["waited_ms"] = round(waited * 1000)
    if caller:
        facts["client"] = caller.version
    if environ.get("coord.token_name"):
        facts["token"] = environ["coord.token_name"]
    facts["peer"] = environ.get("REMOTE_ADDR")
    facts["request_id"] = environ.get("coord.request_id")
    return facts
