"""Calls to coord as the command line and the hooks make them: a write that cannot be sent now is queued, and nothing overtakes the queue."""

from __future__ import annotations

import time

from coord.client.locked import Busy
from coord.client.offline import BASE, CREATES, Call, Queue, QueueFull, Replayed, delivered, new_id
from coord.client.place import Place
from coord.client.wire import Answer, Away, call, safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from coord.client.offline import Place as Line


class Patience:
    """How long a caller can wait. `timeout`: seconds for one call. `retry_after`: the longest `Retry-After` that is waited for, once.
    `replay`: seconds that may go into sending what waits, or waiting for another process that does. `notice`: is told before a wait."""

    __slots__ = ("notice", "replay", "retry_after", "timeout")

    def __init__(
        self, timeout: float = 10.0, retry_after: float = 0.0, replay: float = 30.0, notice: Callable[[str], None] | None = None
    ) -> None:
        self.timeout = timeout
        self.retry_after = retry_after
        self.replay = replay
        self.notice = notice


class Queued(Exception):
    """coord did not answer; the call is kept and will be sent later. `why`: the reason, `call`: what is kept."""

    def __init__(self, why: str, kept: Call) -> None:
        super().__init__(why)
        self.call = kept


class NotKept(Exception):
    """coord did not answer, and the call could not be kept either: whoever made it must know."""


class Calls:
    """Calls of one session from one place.

    `offline`: coord is not even tried, every write is queued. `away`: why the last call had no answer; None when it had one.
    """

    def __init__(self, place: Place, session: str, patience: Patience | None = None) -> None:
        self.place = place
        self.session = session
        self.patience = patience or Patience()
        self.offline = False
        self.away: Away | None = None
        self.queue = Queue(place.queue)

    def read(self, path: str, *, timeout: float | None = None, headers: dict[str, str] | None = None) -> Answer:
        """GET of a path below the base path, or at the root. Counts as a sign of life. Raises Away."""
        return self._send(Call("GET", _full(path)), timeout, headers)

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        timeout: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """A write that makes sense only now, as a heartbeat or the claim of whatever work is next: it is never queued. Raises Away."""
        return self._patiently(Call(method, _full(path), body), timeout, headers)

    def write(self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout: float | None = None) -> Answer:
        """A write that is never lost. Raises Queued when it waits, and NotKept when not even that was possible.

        What waits is sent before it, so a newer call never comes before an older one. It has an id or the time of its decision, so it may
        arrive twice, and late.
        """
        made = _made(method, _full(path), body)
        direct = self._nothing_waits()
        why = "calls that were made before it wait"
        if direct:
            try:
                answer = self._patiently(made, timeout)
                if answer.is_coords:
                    return answer
                why = f"something that is not coord answers {answer.status} at {self.place.url}"
            except Away as away:
                why = str(away)
        kept = _kept(made)
        try:
            place = self.queue.append(kept)
        except (OSError, QueueFull, Busy) as error:
            raise NotKept(f"{why}. And the call could not be kept in {self.queue.path}: {error}") from None
        if direct or self.offline:
            raise Queued(why, kept)
        return self._overtaken_by_none(place, kept)

    def _nothing_waits(self) -> bool:
        try:
            return all(queue.is_empty for queue in self.queues())
        except OSError:
            return True  # nobody can have queued there, and what this call comes to is told

    def _overtaken_by_none(self, place: Line, kept: Call) -> Answer:
        """Sends what waits, up to the call at this place of the queue; the answer to it. Raises Queued."""
        try:
            replayed = self.replay(own=place)
            if replayed.answer is not None:
                return replayed.answer
            if self.queue.is_answered(place):
                return delivered(self._send, kept)  # another process sent it and had the answer: the same call again gets it too
            why = str(replayed.why or "another process is sending what waits")
        except (OSError, Busy, Away) as error:
            why = str(error)
        raise Queued(why, kept)

    def queues(self) -> list[Queue]:
        """All in which calls of this place may wait, the one that it writes to last."""
        others = [Queue(path) for path in reversed(self.place.queues[1:])]
        return [*(other for other in others if other.path != self.queue.path), self.queue]

    def replay(self, own: Line | None = None) -> Replayed:
        """Sends what waits, for as long as the patience allows. Raises OSError and Busy."""
        until = time.monotonic() + self.patience.replay
        done = Replayed()
        for queue in self.queues():
            if not queue.is_empty:
                queue.replay(self._send, own=own if queue is self.queue else None, seconds=self.patience.replay, until=until, done=done)
        return done

    def _send(self, made: Call, timeout: float | None = None, headers: dict[str, str] | None = None) -> Answer:
        if self.offline:
            raise Away("it did not answer a moment ago")
        sent = {"X-Coord-Session": self.session, **(headers or {})} if made.method == "GET" else dict(headers or {})
        if self.place.token:
            sent["Authorization"] = f"Bearer {self.place.token}"
        self.away = None
        try:
            return call(self.place.url, made.method, made.path, made.body, sent, timeout or self.patience.timeout)
        except Away as away:
            self.away = away
            raise

    def _patiently(self, made: Call, timeout: float | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Waits once for as long as coord asks, if the caller can."""
        try:
            return self._send(made, timeout, headers)
        except Away as away:
            if away.retry_after is None or not self.patience.retry_after or away.retry_after > self.patience.retry_after:
                raise
            if self.patience.notice is not None:
                self.patience.notice(f"{away} Trying once more in {away.retry_after:g} s.")
            time.sleep(away.retry_after)
            return self._send(made, timeout, headers)


def _full(path: str) -> str:
    return safe(path if path.startswith(("/api/", "/health", "/livez", "/client", "/openapi")) else BASE + path)


def _made(method: str, path: str, body: dict[str, Any] | None) -> Call:
    """The call with what makes it safe to send twice and late."""
    made = Call(method, path, body)
    name = CREATES.get(made.route) if method == "POST" else None
    if name is not None and not (body or {}).get(name):
        made.body = {**(body or {}), name: new_id()}
    return made


def _kept(made: Call) -> Call:
    """As it waits in the queue: nobody stands in line any more when it is sent."""
    body = made.body
    if body is not None and "wait" in body:
        body = {name: value for name, value in body.items() if name != "wait"}
    return Call(made.method, made.path, body, made.ts)
