"""Clients that follow the journal, by asking for page after page and by the stream, through every
fault; `feed`: the revisions that they saw.
"""

import contextlib
import http.client
import json
import threading
import time

from campaign.answers import Watched
from tests.service import BASE, Caller

CATCH_UP_S = 10.0
PAUSE_S = 0.1


class Pages:
    """Asks for the next page, and waits there for what is not yet."""

    def __init__(self, service: Watched, project: str, since: int, stop: threading.Event) -> None:
        self.name = "pages"
        self.feed: list[int] = []
        self.problems: list[str] = []
        self._service = service
        self._project = project
        self._cursor = str(since)
        self._stop = stop

    def run(self, head: "Head") -> None:
        with self._service.caller() as caller:
            while not (self._stop.is_set() and head.is_reached(int(self._cursor))):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self._read(caller)
                    continue
                time.sleep(PAUSE_S)

    def _read(self, caller: Caller) -> None:
        answer = caller.call(
            "GET", f"/events?project_key={self._project}&after={self._cursor}&limit=50&wait=1"
        )
        if answer.status == 200:
            self.feed += [event["revision"] for event in answer.json["items"]]
            self._cursor = answer.json["next_cursor"]
        elif answer.status not in (429, 503):
            self.problems.append(f"{self.name}: {answer}")
            self._stop.wait(1)
        else:
            time.sleep(PAUSE_S)


class Stream:
    """Reads the stream, and connects again from the last event that it saw."""

    def __init__(self, service: Watched, project: str, since: int, stop: threading.Event) -> None:
        self.name = "stream"
        self.feed: list[int] = []
        self.problems: list[str] = []
        self._port = service.service.port
        self._path = f"{BASE}/events/stream?project_key={project}"
        self._last = str(since)
        self._lines: dict[str, str] = {}
        self._stop = stop

    def run(self, head: "Head") -> None:
        while not self._is_done(head):
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._read(head)
            time.sleep(PAUSE_S)

    def _is_done(self, head: "Head") -> bool:
        return self._stop.is_set() and head.is_reached(int(self._last))

    def _read(self, head: "Head") -> None:
        self._lines.clear()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=1)
        try:
            connection.request("GET", self._path, headers={"Last-Event-ID": self._last})
            answer = connection.getresponse()
            if answer.status not in (200, 429, 503):
                self.problems.append(f"{self.name}: {answer.status} {answer.read(300)!r}")
                self._stop.wait(1)
            while answer.status == 200 and not self._is_done(head):
                line = answer.readline().decode().rstrip()
                if not line and answer.isclosed():
                    return
                self._take(line)
        finally:
            connection.close()

    def _take(self, line: str) -> None:
        """An event counts once the line behind it is there; it may be cut off in the middle."""
        name, _, value = line.partition(": ")
        if line:
            self._lines[name] = value
            return
        revision = json.loads(self._lines.get("data", "{}")).get("revision")
        if revision is not None:
            self.feed.append(revision)
        self._last = self._lines.get("id", self._last)
        self._lines.clear()


class Head:
    """How far the journal has come in the end, which followers go on to."""

    def __init__(self) -> None:
        self._revision: int | None = None
        self._until = 0.0

    def set(self, revision: int) -> None:
        self._revision = revision
        self._until = time.monotonic() + CATCH_UP_S

    def is_reached(self, cursor: int) -> bool:
        """Also when it has been waited for too long; the check finds what is missing."""
        if self._revision is None:
            return False
        return cursor >= self._revision or time.monotonic() > self._until


Follower = Pages | Stream
