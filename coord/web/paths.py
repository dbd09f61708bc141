"""Paths whose parts contain a slash: `/components/shop/web%2Fapi` names the component `web/api`.

WSGI hands the path over decoded, so an encoded slash can no longer be told from a separator. The
server's raw request line still has it: it becomes NUL (which no name may contain) until the router
has cut the path, and a slash again in the part.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.routing import BaseConverter

_ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)
_ORIGIN = re.compile("^https?://[^/?]*", re.IGNORECASE)  # a request line may name the whole URL
STAND_IN = "\x00"
BASE_PATH = "/api/coord"


class NameConverter(BaseConverter):
    """One part of a path, encoded slashes included: `<name:component>`."""

    regex = r"[^/]+"
    # werkzeug would take it, by the slash in the expression, for one that spans parts
    part_isolating = True

    def to_python(self, value: str) -> str:
        return value.replace(STAND_IN, "/")


class EncodedSlashes:
    """WSGI middleware that keeps encoded slashes apart from separators, and marks paths and queries
    that are not UTF-8.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
        path, _, query = _ORIGIN.sub("", raw, count=1).partition("?")
        if "%" in path:
            decoded = unquote_to_bytes(path)
            if b"\x00" not in decoded:
                decoded = unquote_to_bytes(_ENCODED_SLASH.sub("%00", path))
            environ["PATH_INFO"] = decoded.decode("latin-1").removeprefix(
                environ.get("SCRIPT_NAME", "")
            )
        environ["coord.bad_encoding"] = _bad_encoding(path, query)
        return self._app(environ, start_response)


def _bad_encoding(path: str, query: str) -> str | None:
    """Which of the two is not percent-encoded UTF-8, or has a NUL; None when both are fine."""
    for name, part in (("path", path), ("query", query)):
        if "%" not in part and part.isascii():
            continue
        decoded = unquote_to_bytes(part.encode("latin-1", "replace").decode("latin-1"))
        try:
            if "\x00" in decoded.decode("utf-8"):
                return name
        except UnicodeDecodeError:
            return name
    return None


def install(app: Flask) -> None:
    app.url_map.converters["name"] = NameConverter
    app.wsgi_app = EncodedSlashes(app.wsgi_app)  # type: ignore[method-assign]  # Flask's way to wrap
