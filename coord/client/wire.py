"""One call over HTTP/1.1, with a deadline that holds whatever the other side does: refuses, hangs,
trickles, or has a name nobody resolves.

`http.client` would do the same for 25 ms more at each start of a hook, and its timeout is for each
read, not for the call.
"""

from __future__ import annotations

import os
import time

from coord import __version__
from coord.client import API
from coord.client.answer import Answer
from coord.client.lean import dumps, socket
from coord.client.percent import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MAX_DETAIL = 300  # characters of what an answer says that is none
MAX_ANSWER_BYTES = 64 * 1024 * 1024  # of an answer: a page of 500 long messages has a tenth of that
AGENT = f"coord/{__version__}"
CLIENT = f"{__version__}; api={API}"
_CHUNK = 65536
_TLS_ALERT = "\x15\x03"
# How nginx, Apache and those written in Go answer http where they speak https.
_NO_HTTP = (b"sent to HTTPS port", b"SSL-enabled server port", b"HTTP request to an HTTPS server")
_OF_PROXIES = (429, 502, 503, 504)  # before a coord that is away
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")  # as OpenSSL names it
_ISSUER_UNKNOWN = (18, 19, 20, 21)  # X509_V_ERR_… of OpenSSL's x509_vfy.h
_SLICE_S = 0.25 if os.name == "nt" else float("inf")  # nothing else lets Ctrl-C in there


class Away(Exception):
    """coord cannot be reached, or says that it cannot answer now (5xx, 429), or not to this client
    (403 `client_too_old`). The same call may be sent again later.

    `retry_after`: seconds that it asks to wait, when it answered at all. `waited`: seconds that
    finding out took.
    """

    def __init__(self, why: str, retry_after: float | None = None, waited: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.waited = waited


class BadUrl(Away):
    """`COORD_URL` (or `url` in `.coord.toml`) is not an address of a server.

    What cannot be sent for that is kept like any other call.
    """


def call(
    url: str,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
    *,
    any_status: bool = False,
) -> Answer:
    """One call. `timeout`: seconds for the whole of it. Raises Away and BadUrl. A 5xx and a 429 are
    Away too, and what a newer client may send again; all else is an answer, and with `any_status`
    those are. No redirect is followed."""
    began = time.monotonic()
    secure, host, port, prefix = _parts(url)
    named = f"[{host.partition('%')[0]}]" if ":" in host else host  # a zone is this machine's word
    sent = _request(method, prefix + path, named, port, body, headers or {})
    try:
        connection = _connect(host, port, secure, began + timeout)
        try:
            answer = _exchange(connection, sent, began + timeout, head=method == "HEAD")
        finally:
            connection.close()
    except (OSError, ValueError) as error:
        if secure and getattr(error, "reason", "") in _NO_TLS:
            raise BadUrl(
                f"{url} speaks http, not https. Mend COORD_URL, or url in .coord.toml."
            ) from None
        waited = time.monotonic() - began
        raise Away(f"{url} does not answer: {_reason(error)}", waited=waited) from None
    if not secure and answer.status >= 300:
        _check_scheme(url, named, answer)
    is_refused = answer.status == 403 and answer.error == "client_too_old"
    if not any_status and (answer.status >= 500 or answer.status == 429 or is_refused):
        raise _away(url, answer, time.monotonic() - began)
    return answer


def _away(url: str, answer: Answer, waited: float) -> Away:
    from coord.client.others_text import one_line

    after = answer.headers.get("retry-after", "")
    seconds = float(after) if after.isascii() and after.isdecimal() else None
    may_be_coord = answer.is_coords or answer.status in _OF_PROXIES
    unexplained = "no reason given" if may_be_coord else "is it coord? coord doctor tells"
    detail = one_line(answer.detail, MAX_DETAIL) or unexplained
    return Away(f"{url} answers {answer.status}: {detail}", seconds, waited)


def _check_scheme(url: str, host: str, answer: Answer) -> None:
    """Raises BadUrl where the answer says that https is spoken there: a redirect to it, or what a
    server for https says to a call that is none.
    """
    scheme, _, place = answer.headers.get("location", "").lower().partition("://")
    is_same_host = place.startswith(host.lower()) and place[len(host) :][:1] in ("", ":", "/")
    redirects = 300 <= answer.status < 400 and scheme == "https" and is_same_host
    refuses = answer.status == 400 and any(marker in answer.body[:4096] for marker in _NO_HTTP)
    if redirects or refuses:
        raise BadUrl(f"{url} speaks https, not http. Mend COORD_URL, or url in .coord.toml.")


def check(url: str) -> None:
    """Raises BadUrl when it is not the address of a server."""
    _parts(url)


def _parts(url: str) -> tuple[bool, str, int, str]:
    scheme, separator, rest = url.partition("://")
    authority, _, prefix = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = authority, ""
    secure = scheme.lower() == "https"
    host = _host(host)
    number = (
        int(port or (443 if secure else 80))
        if not port or (port.isascii() and port.isdecimal())
        else 0
    )
    if (
        not separator
        or scheme.lower() not in ("http", "https")
        or not host
        or "@" in host
        or not 0 < number < 65536
        or _unsafe(prefix)
    ):
        shown, why = url, "is not the address of a coord server"
        if "@" in authority:  # what stands before it is a secret
            shown = f"{scheme}://…@{authority.rpartition('@')[2]}"
            why = "has a user in it, and coord knows none"
        raise BadUrl(
            f"{shown!r} {why}. Set COORD_URL, or url in .coord.toml, to one like"
            " http://127.0.0.1:8001."
        )
    return secure, host, number, f"/{prefix}".rstrip("/")


def _host(text: str) -> str:
    """Nothing when it is none. Only what stands in brackets has colons and a zone."""
    if text[:1] == "[" and text[-1:] == "]" and ":" in text:
        return _ascii(text[1:-1].replace("%25", "%"))  # as RFC 6874 has a zone in an address
    return "" if any(character in text for character in "[]:%") else _ascii(text)


def _ascii(host: str) -> str:
    """As the name server knows it; nothing when it is no name."""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return ""
    return (
        host
        if all(0 < len(part) < 64 for part in host.rstrip(".").split(".")) and not _unsafe(host)
        else ""
    )


def _unsafe(text: str) -> bool:
    return not (text.isascii() and text.isprintable()) or any(
        character in " ?#\\" for character in text
    )


def _request(
    method: str, path: str, host: str, port: int, body: object, headers: Mapping[str, str]
) -> bytes:
    lines = [
        f"{method} {safe(path)} HTTP/1.1",
        f"Host: {host}:{port}",
        f"User-Agent: {AGENT}",
        f"X-Coord-Client: {CLIENT}",
    ]
    lines.append("Connection: close")
    content = b""
    if body is not None:
        content = _utf8(dumps(body))
        lines.append("Content-Type: application/json")
    if content or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(content)}")
    lines += [
        f"{name}: {value}"
        for name, value in headers.items()
        if value.isascii() and value.isprintable()
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii", "replace") + content


def _utf8(text: str) -> bytes:
    """A byte of a file's name that is no UTF-8, as agents write it: U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        halves = text.encode("utf-16-le", "surrogatepass")
        return halves.decode("utf-16-le", "replace").encode()


def _connect(host: str, port: int, secure: bool, deadline: float) -> socket.socket:
    """A connection to the first of the host's addresses that takes one. Raises OSError."""
    failed: OSError = TimeoutError("timed out")
    addresses = _addresses(host, port, deadline)
    for nth, (family, kind, proto, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, proto)
        try:
            # none of several addresses takes the time of the others
            share = _remaining(deadline) / (len(addresses) - nth)
            connection.settimeout(share)
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(_remaining(deadline))
            return _wrap_tls(connection, host, deadline) if secure else connection
        except OSError as error:
            connection.close()
            failed = error
    raise failed


def _wrap_tls(connection: socket.socket, host: str, deadline: float) -> socket.socket:
    import socket as full_socket
    import ssl

    connected = full_socket.socket(fileno=connection.detach())
    connected.settimeout(_remaining(deadline))
    return ssl.create_default_context().wrap_socket(connected, server_hostname=host)


def _addresses(host: str, port: int, deadline: float) -> list[Any]:
    """What the name stands for.

    Asked in a thread, since nothing else ends a question to a name server that is away.
    """
    name = host.encode()  # bytes: text would load the tables of IDNA, 1 ms
    if host.replace(".", "").isdigit() or ":" in host:
        return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    import _thread

    resolved: list[Any] = []
    done = _thread.allocate_lock()
    done.acquire()

    def ask() -> None:
        try:
            resolved.append(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
        except Exception as error:
            resolved.append(error)
        finally:
            done.release()

    _thread.start_new_thread(ask, ())
    if not done.acquire(timeout=_remaining(deadline)):
        raise TimeoutError(f"the name {host} is not resolved in time")
    if isinstance(resolved[0], Exception):
        raise resolved[0]
    addresses = list(resolved[0])
    if os.name == "nt" and host.lower() == "localhost":
        # ::1 comes first, and Windows asks it three times, half a second apart, if nobody listens.
        addresses.sort(key=lambda info: int(info[0] != socket.AF_INET))
    return addresses


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds


def _exchange(connection: socket.socket, sent: bytes, deadline: float, *, head: bool) -> Answer:
    connection.sendall(sent)
    reader = _Reader(connection, deadline)
    status, headers = _head(reader)
    while 100 <= status < 200:
        status, headers = _head(reader)
    if head or status in (204, 304):
        return Answer(status, headers, b"")
    if headers.get("transfer-encoding", "").lower().endswith("chunked"):
        return Answer(status, headers, b"".join(iter(lambda: _chunk(reader), b"")))
    length = headers.get("content-length")
    return Answer(
        status, headers, reader.exactly(int(length)) if length is not None else reader.rest()
    )


def _head(reader: _Reader) -> tuple[int, dict[str, str]]:
    first = reader.line().split(" ", 2)
    if first[0].startswith(_TLS_ALERT):
        raise ValueError("what listens there speaks https, not http")
    if not first[0].startswith("HTTP/1.") or len(first) < 2 or not first[1].isdigit():
        raise ValueError("what listens there does not speak HTTP")
    headers: dict[str, str] = {}
    while line := reader.line():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(first[1]), headers


def _chunk(reader: _Reader) -> bytes:
    size = int(reader.line().partition(";")[0], 16)
    if size == 0:
        while reader.line():  # trailers
            pass
        return b""
    content = reader.exactly(size)
    reader.line()
    return content


class _Reader:
    """What comes in, read only as far as it is asked for. Raises OSError when it ends too early or
    comes too late, ValueError when there is too much of it."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._buffer = bytearray()
        self._room = MAX_ANSWER_BYTES

    def _more(self) -> bool:
        data = self._receive()
        self._buffer += data
        self._room -= len(data)
        if self._room < 0:
            raise ValueError("the answer is too long")
        return bool(data)

    def _receive(self) -> bytes:
        while True:
            remaining = _remaining(self._deadline)
            self._connection.settimeout(min(remaining, _SLICE_S))
            try:
                return self._connection.recv(_CHUNK)
            except socket.timeout:
                if remaining <= _SLICE_S:
                    raise

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def line(self) -> str:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if not self._more():
                raise ConnectionError("the connection was closed before the answer")
        return self._take(end + 1).rstrip(b"\r\n").decode("latin-1")

    def exactly(self, count: int) -> bytes:
        if not 0 <= count <= MAX_ANSWER_BYTES:
            raise ValueError("the answer is too long")
        while len(self._buffer) < count:
            if not self._more():
                raise ConnectionError("the connection was closed in the middle of the answer")
        return self._take(count)

    def rest(self) -> bytes:
        while self._more():
            pass
        return bytes(self._buffer)


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return str(error) if str(error).startswith("the name") else "timed out"
    verified = getattr(error, "verify_message", None)
    if verified:
        is_unknown = getattr(error, "verify_code", 0) in _ISSUER_UNKNOWN
        cure = ". SSL_CERT_FILE names those that are" if is_unknown else ""
        return f"its certificate is not to be trusted: {verified}{cure}"
    # what ssl numbers means something else
    if isinstance(error, OSError) and error.errno and not hasattr(error, "library"):
        return (os.strerror(error.errno) if os.name != "nt" else str(error.strerror)).lower()
    return str(error) or type(error).__name__
