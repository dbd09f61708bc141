"""HTTP of the events area."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

from flask import Response, current_app, request, stream_with_context
from flask.typing import ResponseReturnValue

from coord.areas.events import repository
from coord.areas.events.errors import CursorGone
from coord.areas.events.schemas import MAX_CURSOR, EventList, EventSchema, EventsQuery, StreamQuery
from coord.errors import Invalid, Stopping, TooMany
from coord.live import ClientHungUp, Entry, Subscription, subscribe
from coord.store import Row, read
from coord.web import Blueprint, explain

blp = Blueprint(
    "events",
    __name__,
    url_prefix="/events",
    description="The journal of every change: read it, wait on it, follow it.",
)

HEARTBEAT_S = 15  # proxies close what is silent for longer, often after 60 s
RECONNECT_MS = 1000
RECONNECT_WHEN_AWAY_MS = 30_000
PAGE = 200
PIECE_BYTES = 64 * 1024
BUSY_S = 5
# a replica that was promoted a moment ago may not have come as far as the server before it
CATCHES_UP_S = 3.0
CATCHING_UP_POLL_S = 0.1

_event = EventSchema()


@blp.route("", methods=["GET"])
@blp.arguments(EventsQuery)
@blp.response(200, EventList)
@blp.raises(CursorGone)
def find(query: dict[str, Any]) -> ResponseReturnValue:
    """Read the journal, oldest first: every change once, in the order in which it was committed.

    `next_cursor` is the `after` of the next call, also when nothing is new. With a filter a page
    may be empty before the end is reached: go on with `next_cursor`. With `wait` the call answers
    as soon as there is something, or when the time is over.
    """
    until = time.monotonic() + query["wait"]
    wanted = repository.filter_of(query["project_key"], query["type"])
    after = query["after"]
    if not query["wait"]:
        return _answer(_next_page(wanted, after, query["limit"]))
    with subscribe(wanted.fits, until=until) as subscription:
        page = _next_page(wanted, after, query["limit"])
        while not page.items and subscription is not None and time.monotonic() < until:
            is_new = not page.at_end or subscription.wait(until)
            page = _seen_after(page, wanted, query["limit"], subscription, is_new) or _next_page(
                wanted, page.cursor, query["limit"]
            )
        return _answer(page)


def _seen_after(
    page: repository.Page,
    wanted: repository.Filter,
    limit: int,
    subscription: Subscription,
    is_new: bool,
) -> repository.Page | None:
    """The next page, of what this process has read. None: the journal is to be read, as it is when
    nothing is new: that tells whether it still goes on from here.
    """
    seen = subscription.seen_after(page.cursor) if is_new else None
    return None if seen is None else repository.page_of_seen(seen, wanted, limit)


def _next_page(wanted: repository.Filter, after: int | None, limit: int) -> repository.Page:
    """`repository.page`, which a cursor ahead of the journal gets once the journal has caught up.

    Raises CursorGone when it has not within CATCHES_UP_S.
    """
    try:
        return read(repository.page, wanted, after, limit)
    except CursorGone as gone:
        if not gone.is_ahead:
            raise
    until = time.monotonic() + CATCHES_UP_S
    with subscribe(wanted.fits) as subscription:
        while subscription is not None and time.monotonic() < until:
            subscription.wait(time.monotonic() + CATCHING_UP_POLL_S)
            with suppress(CursorGone):
                return read(repository.page, wanted, after, limit)
    return read(repository.page, wanted, after, limit)


def _answer(page: repository.Page) -> dict[str, Any]:
    items = [repository.as_answered(entry.row) for entry in page.items]
    return {"items": items, "next_cursor": str(page.cursor)}


@blp.route("/stream", methods=["GET"])
@blp.arguments(StreamQuery)
@blp.response(
    200,
    content_type="text/event-stream",
    description="Server-Sent Events: `id` is the revision, `event` the type, `data` the event.",
)
@blp.raises(CursorGone, TooMany)
def stream(query: dict[str, Any]) -> Response:
    """Follow the journal as Server-Sent Events.

    After a break the client sends `Last-Event-ID` (browsers do so by themselves) and misses
    nothing. A comment comes every 15 s when nothing happens. An event comes up to 0.25 s late where
    its caller's address has many streams. The stream ends when the worker stops or the database is
    away: connect again.
    """
    wanted = repository.filter_of(query["project_key"], query["type"])
    last_event_id = _last_event_id()
    after = query["after"] if last_event_id is None else last_event_id
    with ExitStack() as stack:
        subscription = stack.enter_context(subscribe(wanted.fits, streams=True))
        if subscription is None:
            detail = (
                "No more calls may wait here. Read /api/coord/events instead, or try again later;"
                " the operator can raise COORD_THREADS."
            )
            raise TooMany(detail, headers={"Retry-After": str(BUSY_S)})
        if after is None:
            after = read(repository.newest)
        first = _next_page(wanted, after, PAGE)
        response = Response(
            stream_with_context(_follow(wanted, first, subscription)), mimetype="text/event-stream"
        )
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold the events back
        response.call_on_close(stack.pop_all().close)
    return response


def _last_event_id() -> int | None:
    sent = request.headers.get("Last-Event-ID")
    if not sent:
        return None
    if not (sent.isascii() and sent.isdecimal() and len(sent) < 17 and int(sent) <= MAX_CURSOR):
        raise Invalid({"Last-Event-ID": ["Not the id of an event: leave it out to begin now."]})
    return int(sent)


def _follow(
    wanted: repository.Filter, page: repository.Page, subscription: Subscription
) -> Iterator[bytes]:
    """Everything from the first page on.

    Ends where it cannot go on, with a comment that says why.
    """
    yield b"retry: %d\n\n" % RECONNECT_MS
    try:
        while True:
            if page.items:
                yield from _pieces(page.items)
                subscription.rest()
            is_new = not page.at_end or subscription.wait(time.monotonic() + HEARTBEAT_S)
            if not is_new:
                yield b"id: %d\n: nothing new\n\n" % page.cursor
            page = _seen_after(page, wanted, PAGE, subscription, is_new) or _read_on(
                page, wanted, subscription
            )
    except ClientHungUp:
        return
    except Stopping:
        yield b": coord is restarting, connect again\n\n"
    except CursorGone as gone:
        yield f"event: cursor_gone\ndata: {json.dumps(gone.body())}\n\n".encode()
    except Exception as error:
        yield f"retry: {RECONNECT_WHEN_AWAY_MS}\n: {explain(error).detail}\n\n".encode()


def _read_on(
    page: repository.Page, wanted: repository.Filter, subscription: Subscription
) -> repository.Page:
    """The next page, from the journal."""
    with subscription.turn(), suppress(CursorGone):
        following = read(repository.page, wanted, page.cursor, PAGE)
        for entry in following.items:
            entry.encoded(_as_event)  # which takes longer than the reading
        return following
    return _next_page(wanted, page.cursor, PAGE)  # for as long as a journal may take to catch up


def _pieces(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The events in few parts, each of which a slow reader can take in its time."""
    piece = b""
    for entry in entries:
        piece += entry.encoded(_as_event)
        if len(piece) >= PIECE_BYTES:
            yield piece
            piece = b""
    if piece:
        yield piece


def _as_event(entry: Row) -> bytes:
    data = current_app.json.dumps(_event.dump(repository.as_answered(entry)))
    return f"id: {entry['revision']}\nevent: {entry['type']}\ndata: {data}\n\n".encode()
