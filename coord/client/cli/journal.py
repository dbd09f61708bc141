"""Reads the journal: what has happened, and what happens, across outages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Callable, TypeVar

from coord.client.cli.context import Body, Coord
from coord.client.cli.failures import CoordAway, Refused
from coord.client.cli.objects import Event
from coord.client.queue import seconds_of

WAIT_S = 50.0  # proxies close what is silent for longer, often after 60 s
PAGE = 500
FIRST_LOOK_BACK = 500  # revisions
LOOK_BACK_FACTOR = 8
NO_TYPE = "none.none"  # a type that no event has
RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0)  # between tries while coord is away
MIN_INTERVAL_S = 1.0

T = TypeVar("T")


class Journal:
    """The events of one project (None: of all) and of these types."""

    def __init__(self, coord: Coord, project: str | None, types: tuple[str, ...] = ()) -> None:
        self.coord = coord
        self.filters: Body = {"project_key": project, "type": list(types)}

    def page(
        self, after: int | None, *, wait: float = 0.0, **filters: Any
    ) -> tuple[list[Event], int]:
        """The events after this cursor, and the cursor after them."""
        values = {"limit": PAGE, "after": after, **self.filters, **filters}
        payload = self.coord.read("/events", wait=wait, **values)
        return payload["items"], int(payload["next_cursor"])

    def end(self) -> int:
        """The cursor at the end of the journal: a filter that nothing matches reads all of it."""
        after: int | None = None
        while True:
            _, cursor = self.page(after, type=[NO_TYPE], project_key=None)
            if after is not None and cursor - after < FIRST_LOOK_BACK:
                return cursor
            after = cursor

    def between(self, after: int | None, end: int) -> Iterator[Event]:
        while True:
            events, cursor = self.page(after)
            yield from (event for event in events if event["revision"] <= end)
            if cursor >= end or cursor == after:
                return
            after = cursor

    def last(self, count: int, end: int) -> list[Event]:
        """The last `count` events, oldest first; 0: all."""
        look_back = FIRST_LOOK_BACK
        while True:
            events = list(self.between(self._cursor_before(end, look_back), end))
            if (count and len(events) >= count) or look_back > end:
                return events[-count:]
            look_back *= LOOK_BACK_FACTOR

    def since(self, seconds: float, end: int) -> list[Event]:
        """What happened in that many seconds up to now."""
        start = time.time() - seconds
        look_back = FIRST_LOOK_BACK
        while True:
            after = self._cursor_before(end, look_back)
            first, _ = self.page(after, limit=1, project_key=None, type=[])
            if look_back > end or not first or _time_of(first[0]) <= start:
                return [event for event in self.between(after, end) if _time_of(event) > start]
            look_back *= LOOK_BACK_FACTOR

    def _cursor_before(self, end: int, count: int) -> int | None:
        """A cursor `count` revisions earlier; None: from the oldest that is kept."""
        after = max(0, end - count)
        try:
            self.page(after, limit=1)
        except Refused as refused:
            if refused.error != "cursor_gone":
                raise
            return None
        return after

    def follow(self, after: int) -> Iterator[list[Event]]:
        """What happens after this cursor, for ever, across outages. Yields an empty list now and
        then when nothing happens."""
        while True:
            start = time.monotonic()
            try:
                events, after = self.patiently(partial(self.page, after, wait=WAIT_S))
            except Refused as refused:
                if refused.error != "cursor_gone":
                    raise
                after = int(refused.payload["oldest"])
                self.coord.warn(f"some events are lost: {refused.message}")
                continue
            yield events
            if not events and time.monotonic() - start < MIN_INTERVAL_S:
                time.sleep(MIN_INTERVAL_S)  # coord has no room for one more waiter

    def patiently(self, ask: Callable[[], T]) -> T:
        """The answer to `ask`, however long coord is away."""
        tries = 0
        while True:
            try:
                answer = ask()
            except CoordAway as away:
                if not tries:
                    self.coord.warn(f"coord is away: {away.reason}. Continuing when it is back.")
                time.sleep(away.retry_after or RETRY_S[min(tries, len(RETRY_S) - 1)])
                tries += 1
            else:
                if tries:
                    self.coord.note("coord answers again.")
                return answer


def _time_of(event: Event) -> float:
    return seconds_of(event["at"]) or 0.0
