"""Which clients the service serves: each side says its version and the API that it speaks, and an
older client goes on working.

The API counts what broke the wire contract; what is added to the contract leaves it as it is. The
service serves every API from the oldest on. A client of an older one is refused before its call has
done anything, and keeps it: see docs/design.md.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from flask import Flask, Response, request

from coord import __version__
from coord.errors import CoordError
from coord.web.paths import BASE_PATH

API = 1
OLDEST_API = 1
SERVER_HEADER = "X-Coord-Server"
_CLIENT_KEY = "HTTP_X_COORD_CLIENT"  # X-Coord-Client, as WSGI calls it
MAX_VERSIONS = 50  # that are told apart in `/metrics`: a caller may make them up

_CLIENT = re.compile(
    r"(?P<version>\d{1,4}\.\d{1,4}\.\d{1,4}([-.+]?[A-Za-z0-9]{1,12}){0,3}); ?api=(?P<api>\d{1,4})",
    re.ASCII,
)
_counted: set[str] = set()


class ClientTooOld(CoordError):
    """The client speaks an API that is no longer served.

    It keeps what it queued; `coord upgrade` makes it a newer one.
    """

    status, code = 403, "client_too_old"


@dataclass(frozen=True)
class Client:
    """coord's own client, as it says of itself."""

    version: str
    api: int


@lru_cache(maxsize=256)
def parse_client(header: str) -> Client | None:
    """What the header says; None when it says nothing that makes sense, as if it were not there."""
    match = _CLIENT.fullmatch(header)
    return Client(match["version"], int(match["api"])) if match else None


def client() -> Client | None:
    """Who makes this call, when it is coord's own client."""
    header = request.environ.get(_CLIENT_KEY)
    return parse_client(header) if header is not None else None


def label(caller: Client | None) -> str:
    """The version as `/metrics` shows it: `none` for other clients, `other` for more versions than
    there can be.
    """
    if caller is None:
        return "none"
    if caller.version not in _counted:
        if len(_counted) >= MAX_VERSIONS:
            return "other"
        _counted.add(caller.version)
    return caller.version


def install(app: Flask) -> None:
    app.before_request(_refuse_older)
    app.after_request(_answer)


def _refuse_older() -> None:
    """Raises ClientTooOld. Not for what is at the root: health, and the newer client itself."""
    caller = client()
    if caller is not None and caller.api < OLDEST_API and request.path.startswith(f"{BASE_PATH}/"):
        served = f"API {OLDEST_API}" if OLDEST_API == API else f"API {OLDEST_API} to {API}"
        raise ClientTooOld(
            f"This coord {caller.version} speaks API {caller.api}, and the server (coord"
            f" {__version__}) {served}. Run: coord upgrade. What is queued stays, and is sent by"
            " the newer client.",
            oldest_api=OLDEST_API,
        )


def _answer(response: Response) -> Response:
    if _CLIENT_KEY in request.environ:
        response.headers[SERVER_HEADER] = f"{__version__}; api={API}; oldest-api={OLDEST_API}"
    return response
