"""Refusals that the app has no part in: what is not HTTP, and what is more than a peer may send at
once.
"""

import json
import logging
import socket
import uuid
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors

log = logging.getLogger("coord.access")

BUSY_S = 1
TOO_MANY_CONNECTIONS = (
    "Too many calls of yours are under way here at once. Try again in a second, on fewer"
    " connections; the operator can raise COORD_PEER_CONNECTIONS."
)
TOO_LARGE = "The body is over 1 MiB. Send less, or split it."
TLS = "This port speaks http, not https: call it with http:// in front."
TOO_MUCH_AT_ONCE = "You send too many long bodies at once. Try again in a second, one by one."

_TOO_LONG = (
    "The request line is over 8190 bytes. Send the parameters in a JSON body with the same names."
)
_ENCODE = (
    "The request line is not HTTP: path and query must be percent-encoded. With curl: -G"
    " --data-urlencode 'name=value'."
)
NOT_HTTP: dict[type[Exception], tuple[int, str]] = {
    errors.InvalidRequestLine: (400, _ENCODE),
    # a blank in the query: what follows it stands where the version should
    errors.InvalidHTTPVersion: (400, _ENCODE),
    errors.LimitRequestLine: (414, _TOO_LONG),
    errors.LimitRequestHeaders: (431, "The headers are too many, or one is over 8190 bytes."),
    errors.UnsupportedTransferCoding: (501, "Of the transfer codings only chunked is known here."),
    errors.ExpectationFailed: (417, "Of the expectations only 100-continue is known here."),
}
_OTHERWISE = (400, "The request is not HTTP/1.1 as it should be: {}.")


def of(refused: Exception) -> tuple[int, str]:
    """Status and detail for what gunicorn takes for no request."""
    status, detail = next(
        (refusal for kind, refusal in NOT_HTTP.items() if isinstance(refused, kind)), _OTHERWISE
    )
    return status, detail.format(type(refused).__name__)


def of_unread(progress: str, data: bytearray) -> tuple[int, str, str]:
    """Status, code and detail for a request of which no more is read, by the name of its
    progress."""
    if progress == "TLS":
        return 400, code_of(400), TLS
    if progress == "BODY_TOO_LONG":
        return 413, "too_large", TOO_LARGE
    has_line = b"\r\n" in data
    status, detail = NOT_HTTP[errors.LimitRequestHeaders if has_line else errors.LimitRequestLine]
    return status, code_of(status), detail


def send(connection: socket.socket, address: Any, status: int, code: str, detail: str) -> None:
    """Without waiting for whoever reads it. `detail` goes to the log too, and repeats nothing that
    was sent: it may hold a token.
    """
    request_id = uuid.uuid4().hex
    peer = address[0] if address else None
    facts = {"status": status, "reason": detail, "peer": peer, "request_id": request_id}
    log.info("refused", extra=facts)
    try:
        connection.setblocking(False)
        connection.send(answer(status, code, detail, request_id))
    except OSError:
        log.debug("nobody was there to hear the refusal", exc_info=True)


def code_of(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")


def answer(status: int, code: str, detail: str, request_id: str) -> bytes:
    """The whole answer, after which the connection is closed."""
    body = json.dumps({"detail": detail, "error": code}) + "\n"
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body.encode())}",
        "X-Content-Type-Options: nosniff",
        f"X-Request-Id: {request_id}",
        *([f"Retry-After: {BUSY_S}"] if status == 429 else []),
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
