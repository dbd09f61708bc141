"""Answers that are not a view's own: every error as JSON in the contract's shape, with its
headers.
"""

import difflib
import json
import logging
from collections.abc import Iterator
from typing import Any, cast

from flask import Response, current_app, request
from flask.json.provider import JSONProvider
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect, Rule
from werkzeug.wrappers import Response as BaseResponse

from coord.errors import CoordError, HeadBroken, NotFound, SchemaBehind, Unavailable
from coord.store import faults
from coord.web.bounds import bounded_error
from coord.web.long_answers import PART, in_parts
from coord.web.paths import BASE_PATH, STAND_IN
from coord.web.schemas import shortened

log = logging.getLogger(__name__)

MAX_COMPARED = 300  # characters of a path that is compared with the known ones
SUGGEST_FROM = 0.75  # similarity from which a path is worth suggesting
ALMOST_SURE = 0.9  # letters changed places, or one is missing


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class CompactJson(JSONProvider):
    """Compact UTF-8 JSON, keys in the order of the schema."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return _encode(obj)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return json.loads(s, **kwargs)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        obj = self._prepare_response_obj(args, kwargs)
        sent = b"".join([_utf8(text) for text in _parts_of(obj)])
        return Response(sent, mimetype="application/json")


def _parts_of(obj: Any) -> Iterator[str]:
    """The JSON text of an answer, to the end of its line. Its long lists come in parts."""
    if type(obj) is not dict or not any(map(_is_long, obj.values())):
        yield _encode(obj) + "\n"
        return
    before = "{"
    for name, value in obj.items():
        yield f"{before}{_encode(name)}:"
        before = ","
        if _is_long(value):
            yield from _parts_of_list(value)
        else:
            yield _encode(value)
    yield "}\n"


def _is_long(value: Any) -> bool:
    return type(value) is list and len(value) > PART


def _parts_of_list(items: list[Any]) -> Iterator[str]:
    before = "["
    for part in in_parts(items):
        yield before + _encode(part)[1:-1]
        before = ","
    yield "]"


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # An error that quotes half of a surrogate pair back: strict parsers would choke on it.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    response = cast(Response, current_app.json.response(body))
    response.status_code = status
    response.headers.update(headers or {})
    return response


def coord_error(error: CoordError) -> Response:
    return answer(error.status, bounded_error(error.body()), error.headers)


def client_hung_up(error: Exception) -> Response:
    """For the log: who called has hung up."""
    return Response(status=499)


def database_error(error: Exception) -> Response:
    """503 with Retry-After when the database is away or cannot write; 500 when a migration is
    missing or the statement is wrong.
    """
    return coord_error(explain(error))


def explain(error: Exception) -> CoordError:
    """The answer for a database error, logged as loudly as it deserves."""
    if isinstance(error, CoordError):
        return error
    kind = faults.classify(error)
    reason = " ".join(str(getattr(error, "orig", None) or error).split())
    if kind is faults.SCHEMA_BEHIND:
        log.error("A migration is missing, run: flask db upgrade", extra={"reason": reason})
        return SchemaBehind(reason)
    if kind is faults.HEAD_BROKEN:
        log.error("%s: see docs/operations.md, Backup and restore", reason)
        return HeadBroken(reason)
    if kind.unavailable:
        log.log(
            logging.ERROR if kind.loud else logging.WARNING,
            "Database unavailable: %s",
            kind.name,
            extra={"reason": reason},
        )
        return Unavailable(f"{kind.name}: {reason}")
    return _bug(error)


def unexpected_error(error: Exception) -> BaseResponse:
    if isinstance(error, RequestRedirect):
        return error.get_response()
    if isinstance(error, HTTPException):
        return _http_error(error)
    return coord_error(_bug(error))


def _bug(error: Exception) -> CoordError:
    log.error("unexpected error", exc_info=error)
    request_id = request.environ.get("coord.request_id")
    return CoordError(
        "A bug in coord, not in your call; nothing was changed. Report it with the request id"
        f" {request_id}."
    )


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 404:
        return coord_error(NotFound(_no_such_path()))
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() not in ("content-type", "content-length")
    }
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted({*(error.valid_methods or ())} - {"HEAD", "OPTIONS"}))
        headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        detail = f"{shortened(request.method)} is not possible at {_path()}. Possible: {allowed}."
        return answer(status, {"detail": detail, "error": "method_not_allowed"}, headers)
    code = error.name.lower().replace(" ", "_")
    return answer(status, {"detail": error.description or error.name, "error": code}, headers)


def _no_such_path() -> str:
    """Says which path is meant, that an id in it is not one, or how a slash in a name is
    written.
    """
    path = request.path.rstrip("/")
    rules = [rule for rule in current_app.url_map.iter_rules() if len(path) <= MAX_COMPARED]
    bases = [BASE_PATH] if path.startswith(BASE_PATH) else ["", BASE_PATH]
    similarity, nearest = max(
        (_compared(rule, path, base) for rule in rules for base in bases), default=(0.0, "")
    )
    hint = ""
    if nearest == path:
        hint = " An id in it is not a UUID."
    elif similarity < ALMOST_SURE and any(_takes_a_name_of(rule, path) for rule in rules):
        hint = " A '/' in a name is written %2F."
    elif similarity >= SUGGEST_FROM:
        hint = f" Did you mean {nearest.replace(STAND_IN, '%2F')}?"
    return (
        f"There is no {_path()}.{hint} All calls are listed at /openapi.json and explained at"
        " /llms.txt."
    )


def _compared(rule: Rule, path: str, base: str) -> tuple[float, str]:
    """How like the rule the path is, from 0 to 1, and what would fit the rule, with the caller's
    values at the places of its variables.

    What both may begin with, `base`, is not compared: it would make all of them alike.
    """
    expected, sent = rule.rule.removeprefix(base).split("/"), path.removeprefix(base).split("/")
    base = base if rule.rule.startswith(base) else ""
    variable = [at for at, part in enumerate(expected) if part.startswith("<")]
    if variable and len(expected) != len(sent):
        return 0.0, ""
    fixed, sent_fixed = (
        "/".join(part for at, part in enumerate(parts) if at not in variable)
        for parts in (expected, sent)
    )
    suggestion = base + "/".join(
        sent[at] if at in variable else part for at, part in enumerate(expected)
    )
    return difflib.SequenceMatcher(None, fixed, sent_fixed).ratio(), suggestion


def _takes_a_name_of(rule: Rule, path: str) -> bool:
    """Whether the path is the rule's with more parts, and the rule ends in a name."""
    fixed, _, last = rule.rule.rpartition("/")
    start = fixed.partition("<")[0]
    return (
        last.startswith("<name:")
        and "<" in fixed
        and path.startswith(start)
        and path.count("/") > rule.rule.count("/")
    )


def _path() -> str:
    """The path as an error repeats it."""
    return shortened(request.path.replace(STAND_IN, "%2F"))
