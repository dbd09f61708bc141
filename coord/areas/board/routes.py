"""HTTP of the board area: the page, its files, and what it reads."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, cast

from flask import Response, current_app, request, send_file, stream_with_context

from coord import __version__
from coord.area import BoardPart
from coord.areas.board import past as read_past
from coord.areas.board import repository
from coord.areas.board.news import PACE_S, follow
from coord.areas.board.offers import offers
from coord.areas.board.schemas import (
    BoardQuery,
    BoardSchema,
    CountsSchema,
    HistoryQuery,
    HistorySchema,
    PastQuery,
    PastSchema,
    TimelineQuery,
    TimelineSchema,
)
from coord.areas.board.shared import BoardAnswer, SharedAnswers
from coord.areas.board.timeline import timeline as read_timeline
from coord.errors import NotFound, TooMany
from coord.live import subscribe
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
ICON = Path(__file__).parent / "static" / "icon.svg"
WORKER = "_worker.js"  # runs beside the page, and is no module of it
BUSY_S = 5
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

_board_schema = BoardSchema()

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
<script type="module" src="page/board/first.js"></script>
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
    parts = "\n".join(tag for area, part in offers() for tag in _tags(area, part))
    response = Response(_PAGE.format(parts=parts), mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _tags(area: str, part: BoardPart) -> Iterator[str]:
    """Every module is named, so that the browser asks for them at once and not one after another
    as it meets their imports.
    """
    if part.style is not None:
        yield f'<link rel="stylesheet" href="page/{escape(area)}/{escape(part.style)}">'
    for file in sorted(_files(part.folder)):
        if file.endswith(".js") and not file.endswith(WORKER):
            yield f'<link rel="modulepreload" href="page/{escape(area)}/{escape(file)}">'
    yield f'<script type="module" src="page/{escape(area)}/{escape(part.module)}"></script>'


@blp.route("/page/<name:area>/<path:file>", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, content_type="application/octet-stream", description="A file of the page.")
@blp.raises(NotFound)
def page_file(query: dict[str, Any], area: str, file: str) -> Response:
    """A file of the page."""
    folder = next((part.folder for owner, part in offers() if owner == area), None)
    path = None if folder is None else _files(folder).get(file)
    if path is None:
        raise NotFound(f"There is no {shortened(request.path)}. The page is at /.")
    return _sent(path)


@blp.route("/favicon.ico", methods=["GET"], needs_token=False)
@blp.arguments(Query)
@blp.response(200, content_type="image/svg+xml", description="A picture.")
def icon(query: dict[str, Any]) -> Response:
    """The icon, where browsers look for one by themselves."""
    return _sent(ICON)


def _sent(path: Path) -> Response:
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
def board(query: dict[str, Any]) -> Response:
    """Everything that the page shows, in one bounded read; with `after`, what changed since.

    Each area adds its lists. Of a list the newest 5,000 items are shown.
    """
    answer = None
    if query["after"] is not None:
        answer = _shared().changes(query["after"], query["max_age"], _read_changes)
    parts = (answer or _shared().all(query["max_age"], _read_all)).parts
    response = Response(parts, mimetype="application/json")
    response.content_length = sum(map(len, parts))
    return response


def _shared() -> SharedAnswers:
    shared: SharedAnswers = current_app.extensions.setdefault("coord.board", SharedAnswers())
    return shared


def _lists() -> list[repository.ListOfArea]:
    return [(area, shown) for area, part in offers() for shown in part.lists]


def _read_all() -> BoardAnswer:
    began = time.monotonic()
    return _rendered(began, read(repository.read_all, _lists()))


def _read_changes(after: int, upto: int | None) -> BoardAnswer | None:
    began = time.monotonic()
    answer = read(repository.changes_since, _lists(), after, upto)
    return None if answer is None else _rendered(began, answer)


def _rendered(began: float, answer: Row) -> BoardAnswer:
    ended = time.monotonic()
    body = _board_schema.dump({**answer, "version": __version__})
    del body["generated_at"]
    text = cast(Response, current_app.json.response(body)).get_data()
    return BoardAnswer(answer["cursor"], answer["generated_at"], began, ended, text)


@blp.route(f"{BASE_PATH}/board/stream", methods=["GET"])
@blp.arguments(Query)
@blp.response(
    200,
    content_type="text/event-stream",
    description=(
        "Server-Sent Events: `id` is a revision, `data` has `answer`, what `/board` answers since"
        " the revision `after`. Without data there is too much to tell: read `/board`."
    ),
)
@blp.raises(TooMany)
def stream(query: dict[str, Any]) -> Response:
    """Follow what changes on the page, from now on; at most five times a second."""
    with ExitStack() as stack:
        subscription = stack.enter_context(subscribe(lambda entry: True, streams=True))
        if subscription is None:
            detail = "No more calls may wait here. Read /api/coord/board now and then instead."
            raise TooMany(detail, headers={"Retry-After": str(BUSY_S)})
        response = Response(
            stream_with_context(follow(subscription, _shared_changes)),
            mimetype="text/event-stream",
        )
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold the events back
        response.call_on_close(stack.pop_all().close)
    return response


def _shared_changes(after: int) -> BoardAnswer | None:
    return _shared().changes(after, PACE_S, _read_changes)


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


@blp.route(f"{BASE_PATH}/board/timeline", methods=["GET"])
@blp.arguments(TimelineQuery)
@blp.response(200, TimelineSchema)
def timeline(query: dict[str, Any]) -> Row:
    """Who held and waited for what in a stretch of time, as far back as anything is kept.

    The newest 20,000 spans; `complete` is false where there were more.
    """
    return read(read_timeline, query["since"], query["until"], query["project_key"])


@blp.route(f"{BASE_PATH}/board/past", methods=["GET"])
@blp.arguments(PastQuery)
@blp.response(200, PastSchema)
def past(query: dict[str, Any]) -> Row:
    """How components, work items, sessions and whatever areas add stood at a moment, rebuilt from
    the journal.
    """
    return read(read_past.at_moment, query["at"], query["project_key"])


@blp.route(f"{BASE_PATH}/board/counts", methods=["GET"])
@blp.arguments(TimelineQuery)
@blp.response(200, CountsSchema)
def counts(query: dict[str, Any]) -> Row:
    """How often things happened in a stretch of time: over time, by project and by session."""
    return read(read_past.counts, query["since"], query["until"], query["project_key"])
