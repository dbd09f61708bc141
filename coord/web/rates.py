"""How much a peer and a session may ask for in a time: far more than agents do, and less than what
would fill the disk in an hour.

Each worker counts for itself, in memory.
"""

import math
import time

from flask import Flask, Response, current_app, request

from coord.errors import TooMany
from coord.web.bounds import MAX_BODY_BYTES

PEER = "coord.peer"
SESSION = "coord.session"
CHARGED = "coord.charged"
"""In the environ: the address of who calls, empty for a socket file; its name; whether the call
counts.
"""

OVER_S = 10.0  # a rate holds on average over this time: what is saved up may come at once
UNIT_BYTES = 2048  # of a body, which count as a call more
UNIT_ANSWER_BYTES = 16 * 1024  # of an answer, the same: it costs less than what is stored
UNKNOWN_BYTES = 64 * 1024  # a body that comes in chunks counts as so many
MAX_NAMES = 10_000  # anybody may make names up
MAX_NAME = 200


class Rate:
    """For each name, the moment until which its calls so far would last at this rate.

    A call may be made while that is less than OVER_S ahead. (The generic cell rate algorithm: a
    token bucket in one number.) Threads that meet may lose a unit, which is no harm.
    """

    def __init__(self, per_second: float) -> None:
        self._unit_s = 1 / per_second if per_second else 0.0
        self._used_until: dict[str, float] = {}

    def take(self, name: str, units: int) -> float:
        """0 when there is room for so many units; else the seconds until there is."""
        if not self._unit_s:
            return 0.0
        now = time.monotonic()
        begin = max(now, self._used_until.get(name, 0.0))
        wait = begin - now - OVER_S
        if wait > 0:
            return wait
        if len(self._used_until) >= MAX_NAMES and name not in self._used_until:
            self._forget(now)
        self._used_until[name] = begin + units * self._unit_s
        return 0.0

    def add(self, name: str, units: int) -> None:
        """Further units, for a call that `take` has let through."""
        if name in self._used_until:
            self._used_until[name] += units * self._unit_s

    def _forget(self, now: float) -> None:
        """Those that have used nothing up; all of them, where that makes no room."""
        used = {name: until for name, until in self._used_until.copy().items() if until > now}
        self._used_until = used if len(used) < MAX_NAMES else {}


def install(app: Flask) -> None:
    app.extensions["coord.rates"] = {
        "peer": Rate(app.config["PEER_RATE"]),
        "session": Rate(app.config["SESSION_RATE"]),
    }


def charge_peer(address: str) -> None:
    """Raises TooMany. A socket file is no peer."""
    request.environ[CHARGED] = True
    if address:
        _charge("peer", address, "This address calls", "COORD_PEER_RATE")


def charge_answer(response: Response) -> Response:
    """Counts a long answer as further calls: how long it is, is known only now."""
    units = (response.content_length or 0) // UNIT_ANSWER_BYTES
    if units and CHARGED in request.environ:
        by_kind: dict[str, Rate] = current_app.extensions["coord.rates"]
        by_kind["peer"].add(request.environ.get(PEER, ""), units)
        by_kind["session"].add(request.environ.get(SESSION, ""), units)
    return response


def charge_session(name: str) -> None:
    """Raises TooMany."""
    name = name[:MAX_NAME]
    request.environ[SESSION] = name
    _charge("session", name, "This session calls", "COORD_SESSION_RATE")


def _charge(kind: str, name: str, subject: str, setting: str) -> None:
    rate: Rate = current_app.extensions["coord.rates"][kind]
    wait = rate.take(name, _units())
    if wait:
        seconds = math.ceil(wait)
        raise TooMany(
            f"{subject} more often, or sends more, than coord takes. Call again in {seconds} s; the"
            f" operator can raise {setting}.",
            headers={"Retry-After": str(seconds)},
        )


def _units() -> int:
    length = request.content_length
    if length is None:
        length = UNKNOWN_BYTES if "HTTP_TRANSFER_ENCODING" in request.environ else 0
    return 1 + min(length, MAX_BODY_BYTES) // UNIT_BYTES
