"""What a setting's value may be. Each function gives what the text means, or raises ValueError with
the reason why it cannot be used.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?")

_NAMED_TOKEN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,63}):\s*(?P<value>.*)")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def has_control(value: str) -> bool:
    return _CONTROL.search(value) is not None


def text(value: str) -> str:
    return value.strip()


def file_name(value: str) -> str:
    """Empty for none. A blank one is refused: whoever set it wanted what is in the file."""
    if value and not value.strip():
        raise ValueError("it is blank; unset it to do without")
    return value.strip()


def words(value: str) -> tuple[str, ...]:
    """Comma- or space-separated words, in order, empty ones left out."""
    return tuple(value.replace(",", " ").split())


def token(value: str) -> str:
    """Empty for none.

    A blank one is refused: whoever set it wanted a token, and must not get an open service.
    """
    if not value:
        return ""
    if not value.strip():
        raise ValueError("it is blank; unset it to serve without a token")
    if has_control(value.strip()):
        raise ValueError("it has a control character in it, which no header can carry")
    if not value.isprintable():
        raise ValueError("it is not UTF-8")
    return value.strip()


@dataclass(frozen=True)
class Token:
    """A token that opens the service.

    The name, where it has one, says in the log whose call it was.
    """

    value: str
    name: str | None = None


def parsed_tokens(content: str) -> tuple[Token, ...]:
    """One a line; empty lines and those that begin with # are left out."""
    tokens = []
    # not splitlines, for which there are more ends of lines: it would make two of a token
    for number, line in enumerate(content.split("\n"), 1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        if has_control(entry):
            raise ValueError(f"line {number} has a control character, which no header can carry")
        match = _NAMED_TOKEN.fullmatch(entry)
        if match and not match["value"]:  # whoever guesses the name would be in
            raise ValueError(f"line {number} names a token, and has none behind the colon")
        tokens.append(Token(match["value"], match["name"]) if match else Token(entry))
    if not tokens:
        raise ValueError("there is no token in it; write one on a line")
    return tuple(tokens)


class Networks(tuple[Network, ...]):
    """A tuple that works its hash out once: every call looks its caller up in a cache by it."""

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()


def networks(value: str) -> Networks:
    return Networks(ipaddress.ip_network(word) for word in words(value))


def choice(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip().lower() not in allowed:
            raise ValueError(f"not one of {', '.join(allowed)}")
        return value.strip().lower()

    return parse


def number_from(low: float, high: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError("it is not a number") from None
        if not low <= number <= high:
            raise ValueError(f"not between {low:g} and {high:g}")
        return number

    return parse


def whole_from(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError("it is not a whole number") from None
        if not low <= number <= high:
            raise ValueError(f"not between {low} and {high}")
        return number

    return parse


def optional(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda value: parse(value) if value.strip() else None


def bind_address(value: str) -> str:
    """`host:port`, `[address]:port`, `unix:/path` or `fd://number`."""
    address = value.strip()
    if address.startswith("unix:"):
        if not address.removeprefix("unix:").strip("/"):
            raise ValueError("it names no socket file")
        return address
    if address.startswith("fd://"):
        whole_from(0, 1_000_000)(address.removeprefix("fd://"))
        return address
    host, _, port = address.rpartition(":")
    if not host:
        raise ValueError("it is not an address and a port, like 127.0.0.1:8001")
    _check_host(host)
    _check_port(port)
    return address


def nodes(value: str) -> tuple[str, ...]:
    """`host` or `host:port`, each; an address of IPv6 in brackets."""
    for node in words(value):
        host, colon, port = node.partition("]:" if node.startswith("[") else ":")
        _check_host(host + colon[:-1])
        if colon:
            _check_port(port)
    return words(value)


def host_names(value: str) -> tuple[str, ...]:
    for name in words(value):
        _check_host(name)
    return words(value)


def origins(value: str) -> tuple[str, ...]:
    for origin in words(value):
        parts = urlsplit(origin)
        if not parts.scheme or not parts.netloc or parts.path or parts.query or parts.fragment:
            raise ValueError(f"{origin!r} is not an origin, like https://tools.example")
    return words(value)


def database_url(value: str) -> str:
    url = value.strip()
    if not url:
        return ""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: its port is no number
        raise ValueError("it is not a URL of a database") from None
    backend = parsed.drivername.partition("+")[0]
    if backend not in ("sqlite", "mysql", "mariadb"):
        raise ValueError(f"it names {backend}; coord runs on SQLite and MariaDB")
    if parsed.database in (None, "", ":memory:"):
        kind = "no file" if backend == "sqlite" else "no database on the server"
        raise ValueError(f"it names {kind}")
    if backend != "sqlite" and not parsed.host and "unix_socket" not in parsed.query:
        raise ValueError("it names no host")
    return url


def _check_host(host: str) -> None:
    if host.startswith("[") and host.endswith("]"):
        ipaddress.IPv6Address(host[1:-1])
    elif not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is not the name or address of a host")


def _check_port(port: str) -> None:
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{port!r} is not a port")
