"""Who may call: networks, host names, origins, rates and, if one is set, the token. All before any
area sees the request, and before its body is read.

There are no accounts: the service lives on a private network. What must not happen is that a web
page in a colleague's browser uses that browser to reach it, so a foreign `Host` (DNS rebinding) or
`Origin` (cross-site request) is refused.
"""

import hmac
import ipaddress
import re
import socket
from functools import lru_cache
from typing import Any

from flask import Flask, Response, current_app, request

from coord.errors import Forbidden, Invalid
from coord.layout import default
from coord.web import rates
from coord.web.blueprint import NEEDS_TOKEN
from coord.web.rates import PEER
from coord.web.requests import PROJECT_HEADER, SESSION_HEADER
from coord.web.schemas import shortened
from coord.web.telemetry import REQUEST_ID

_SENT_BY_PAGES = (
    "Authorization", "Content-Type", "If-None-Match", "Last-Event-ID",
    SESSION_HEADER, PROJECT_HEADER, REQUEST_ID,
    "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name",
)  # fmt: skip

# name, IPv4 address or [IPv6 address], and a port. Nothing else is a Host that a browser or a
# client of ours sends.
_HOST = re.compile(r"(?P<name>[\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
_PREFIX = re.compile(r"(/[\w.~-]+)+", re.ASCII)
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]+|\[(.+)\](?::[0-9]+)?")

_THIS_MACHINE = default.networks("127.0.0.0/8, ::1/128")

Environ = dict[str, Any]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def install(app: Flask) -> None:
    app.before_request(guard)
    app.after_request(add_browser_headers)
    app.after_request(rates.charge_answer)


def guard() -> None:
    """Raises Forbidden, TooMany, or Invalid for an address or a query that is not UTF-8."""
    # each use of Flask's `request` and `current_app` is a search, so what is asked again is kept
    config, environ, needs_token = current_app.config, request.environ, _needs_token()
    proxies = config["TRUSTED_PROXIES"]
    peer = _peer(environ)
    behind_proxy = _behind_proxy(peer, proxies)
    caller = _caller(peer, proxies) if behind_proxy else peer
    _check_network(caller, config)
    host, scheme = environ.get("HTTP_HOST"), environ["wsgi.url_scheme"]
    own = f"{scheme}://{host}"
    _check_host(host, caller, config, needs_token)
    if behind_proxy:
        host = _forwarded("X-Forwarded-Host") or host
        own = f"{_forwarded('X-Forwarded-Proto') or scheme}://{host}"
        _check_host(host, caller, config, needs_token)
    _check_origin(own, environ, config)
    environ[PEER] = caller
    if needs_token:
        rates.charge_peer(caller)
        _check_token(environ, config)
    bad = environ.get("coord.bad_encoding")
    if bad:
        raise Invalid(
            {
                bad: [
                    "Not percent-encoded UTF-8, or contains NUL. With curl: -G --data-urlencode"
                    " 'name=value'."
                ]
            }
        )


def add_browser_headers(response: Response) -> Response:
    """Answers are neither guessed at nor embedded by browsers; pages of allowed origins may read
    them.
    """
    if response.status_code == 204:
        response.headers.pop("Content-Type", None)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    origins = current_app.config["ALLOWED_ORIGINS"]
    if origins:
        response.headers.add("Vary", "Origin")
    origin = request.environ.get("HTTP_ORIGIN")
    if origin is not None and origin in origins:
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = f"Retry-After, ETag, {REQUEST_ID}"
        if _is_preflight():
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Headers"] = ", ".join(_SENT_BY_PAGES)
    return response


def _caller(peer: str, proxies: tuple[default.Network, ...]) -> str:
    """The nearest address in X-Forwarded-For that is not one of our proxies: those further left,
    the caller may have made up.
    """
    chain = [
        _without_port(part.strip())
        for part in request.headers.get("X-Forwarded-For", "").split(",")
        if part.strip()
    ]
    for address in reversed(chain):
        if not _inside(address, proxies):
            return address
    return chain[0] if chain else peer


def _without_port(address: str) -> str:
    match = _WITH_PORT.fullmatch(address)
    return (match[1] or match[2]) if match else address


def _forwarded(header: str) -> str:
    """What the nearest proxy said, the last of a list."""
    return request.headers.get(header, "").rpartition(",")[2].strip()


def own_url() -> str:
    """The service's address as the caller has it, without a slash at its end.

    The names in it have passed `guard`.
    """
    scheme, host, prefix = (
        request.scheme,
        request.headers.get("Host") or request.host,
        request.root_path,
    )
    if _behind_proxy(_peer(request.environ), current_app.config["TRUSTED_PROXIES"]):
        forwarded = _forwarded("X-Forwarded-Proto").lower()
        scheme = forwarded if forwarded in ("http", "https") else scheme
        host = _forwarded("X-Forwarded-Host") or host
        before = _forwarded("X-Forwarded-Prefix").rstrip("/")
        prefix = before + prefix if _PREFIX.fullmatch(before) else prefix
    return f"{scheme}://{host}{prefix}".rstrip("/")


def _peer(environ: Environ) -> str:
    """Empty for a socket file, whose permissions say who may call."""
    return environ.get("REMOTE_ADDR") or ""


def _behind_proxy(peer: str, proxies: tuple[default.Network, ...]) -> bool:
    return bool(proxies) and (not peer or _inside(peer, proxies))


def _check_network(caller: str, config: Any) -> None:
    if caller and not _inside(caller, config["ALLOWED_NETWORKS"]):
        address = shortened(caller)
        raise Forbidden(
            f"Calls from {address} are not allowed. The operator lists the networks that may call"
            " in COORD_ALLOWED_NETWORKS."
        )


def _check_host(host: str | None, caller: str, config: Any, needs_token: bool) -> None:
    """A browser always names the host; a load balancer's plain HTTP/1.0 probe may leave it out."""
    further, is_local = config["ALLOWED_HOSTS"], needs_token and _inside(caller, _THIS_MACHINE)
    if host is not None and not host_allowed(host, further, is_local):
        name = shortened(host)
        raise Forbidden(
            f"This service is not called {name!r}. Use its address, or let the operator add the"
            " name to COORD_ALLOWED_HOSTS."
        )


def _check_origin(own: str, environ: Environ, config: Any) -> None:
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None:
        if origin.lower() != own.lower() and origin not in config["ALLOWED_ORIGINS"]:
            name = shortened(origin)
            raise Forbidden(
                f"Pages of {name!r} may not call this service. The operator lists those that may in"
                " COORD_ALLOWED_ORIGINS."
            )
        return
    followed_a_link = environ.get("HTTP_SEC_FETCH_MODE") == "navigate" and environ[
        "REQUEST_METHOD"
    ] in ("GET", "HEAD")
    if environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site") and not followed_a_link:
        raise Forbidden(
            "Pages of other sites may not use this service through a browser. Open it itself, or"
            " call it with a client like curl."
        )


def is_trusted_proxy(address: str, proxies: tuple[default.Network, ...]) -> bool:
    """Whether it calls for others, whom it names."""
    return _inside(address, proxies)


def _needs_token() -> bool:
    """Whether the call shows or changes data."""
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, NEEDS_TOKEN, True))


def _is_preflight() -> bool:
    """Whether a browser asks if it may send the real call, which it does without a token."""
    return (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


def _check_token(environ: Environ, config: Any) -> None:
    """For a call that shows or changes data."""
    tokens: tuple[default.Token, ...] = config["TOKENS"]
    if not tokens or _is_preflight():
        return
    kind, _, sent = request.headers.get("Authorization", "").partition(" ")
    value = sent.strip().encode("latin-1", "replace")  # WSGI hands headers over as Latin-1
    # All are compared, each in constant time: how long it takes tells nothing of the one that fits.
    fitting = [token for token in tokens if hmac.compare_digest(value, token.value.encode())]
    if kind.lower() != "bearer" or not fitting:
        problem = "is wrong" if sent else "is missing"
        raise Forbidden(
            f"The token {problem}. Send the header 'Authorization: Bearer TOKEN'; the operator"
            " has it."
        )
    environ["coord.token_name"] = fitting[0].name


@lru_cache(maxsize=4096)
def _inside(address: str, networks: tuple[default.Network, ...]) -> bool:
    try:
        parsed: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed.version == network.version and parsed in network for network in networks)


@lru_cache(maxsize=4096)
def host_allowed(host: str, further: tuple[str, ...], is_local: bool) -> bool:
    """Whether `Host` is a name of ours. `is_local`: the call is made on this machine, and shows or
    changes data.

    An address cannot be a foreign site that was pointed at us. For a name without a dot every host
    on the link may answer (LLMNR, NetBIOS): such a page reaches no more than that host could
    itself, unless the browser is on this machine.
    """
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"].lower().rstrip(".")
    if not name or name.startswith("["):
        return bool(name)
    if "." not in name and not is_local:
        return True
    if name == "localhost" or name.endswith(".localhost") or name in map(str.lower, further):
        return True
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return name in own_names()
    return True


@lru_cache(maxsize=1)
def own_names() -> frozenset[str]:
    host = socket.gethostname().lower()
    short = host.partition(".")[0]
    return frozenset({host, short, f"{host}.local", socket.getfqdn().lower()})
