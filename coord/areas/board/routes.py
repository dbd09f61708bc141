"""HTTP of the board area: the page, its files, and what it reads."""

from collections.abc import Iterator
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from flask import Response, request, send_file

from coord import __version__
from coord.area import Area, BoardPart, areas
from coord.areas.board import repository
from coord.areas.board.schemas import BoardQuery, BoardSchema, HistoryQuery, HistorySchema
from coord.errors import NotFound
from coord.store import Row, read
from coord.web import BASE_PATH, Blueprint, Query, shortened

blp = Blueprint("board", __name__, description="The page for people, and what it reads.")

KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain",
}
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # the icon with the number of troubles on it
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        # for the address of the shared worker, the one thing that could run and is not in the page
        "trusted-types coord",
    ]
)

# All addresses are relative, so that the page works below a proxy's prefix too.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>coord</title>
<link rel="icon" href="page/board/icon.svg" type="image/svg+xml">
{parts}
</head>
<body>
<div id="board"><noscript>This page needs JavaScript. Without it: <code>coord status --watch</code>, or the API at docs.</noscript></div>
</body>
</html>
"""  # noqa: E501 (as it is shown)


@blp.route("/", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, content_type="text/html", description="A page.")
def page(query: dict[str, Any]) -> Response:
    """The board: who is there, who holds what, what is broken and what waits for you."""
    parts = "\n".join(tag for area, part in _parts() for tag in _tags(area, part))
    response = Response(_PAGE.format(parts=parts), mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _parts() -> Iterator[tuple[Area, BoardPart]]:
    for area in areas():
        if area.board is not None:
            yield area, area.board


def _tags(area: Area, part: BoardPart) -> Iterator[str]:
    if part.style is not None:
        yield f'<link rel="stylesheet" href="page/{escape(area.name)}/{escape(part.style)}">'
    yield f'<script type="module" src="page/{escape(area.name)}/{escape(part.module)}"></script>'


@blp.route("/page/<name:area>/<path:file>", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, content_type="application/octet-stream", description="A file of the page.")
@blp.raises(NotFound)
def page_file(query: dict[str, Any], area: str, file: str) -> Response:
    """A file of the page."""
    folder = next((part.folder for each, part in _parts() if each.name == area), None)
    path = None if folder is None else _files(folder).get(file)
    if path is None:
        raise NotFound(f"There is no {shortened(request.path)}. The page is at /.")
    response = send_file(path, mimetype=KINDS[path.suffix], conditional=True, etag=True)
    response.headers["Cache-Control"] = (
        "no-cache"  # asked for again, and answered 304, so an upgrade is seen at once
    )
    return response


@lru_cache(maxsize=64)
def _files(folder: Path) -> dict[str, Path]:
    """What may be served, by its path in the folder; read once, so no path that is asked for
    reaches the file system.
    """
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in KINDS
    }


@blp.route(f"{BASE_PATH}/board", methods=["GET"])
@blp.arguments(BoardQuery)
@blp.response(200, BoardSchema)
def board(query: dict[str, Any]) -> Row:
    """Everything that the page shows, in one bounded read; with `after`, what changed since.

    Each area adds its lists. Of a list the newest 5,000 items are told.
    """
    lists = [(area.name, each) for area, part in _parts() for each in part.lists]
    return {**read(repository.board, lists, query["after"]), "version": __version__}


@blp.route(f"{BASE_PATH}/board/history", methods=["GET"])
@blp.arguments(HistoryQuery)
@blp.response(200, HistorySchema)
def history(query: dict[str, Any]) -> Row:
    """What the journal has about a session, a resource, or anything else that has a page; newest
    first.
    """
    named = {
        name: query[name]
        for name in ("project_key", "session_id", "kind", "subject_id", "resource")
    }
    items, cursor = read(
        repository.history, repository.About(**named), query["after"], query["limit"]
    )
    return {"items": items, "next_cursor": None if cursor is None else str(cursor)}
