"""Calls to coord as the command line and the hooks make them: a write that cannot be sent now is
queued, and nothing overtakes the queue.
"""

from __future__ import annotations

import os
import time

from coord.client.answer import Answer
from coord.client.locked import Busy
from coord.client.percent import safe
from coord.client.queue import BASE, CREATES, Call, Queue, QueueFull, ReplayResult, new_id
from coord.client.wire import Away, BadUrl
from coord.client.wire import call as send_call
from coord.client.workspace import BadConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from coord.client.queue import Position
    from coord.client.workspace import Workspace

_ROOTS = ("/api/", "/health", "/livez", "/client", "/openapi")
"""What is not below the base path."""


class Timeouts:
    """How long a caller can wait, in seconds. `call`: for one call. `retry_after`: the longest
    `Retry-After` that is waited for, once. `replay`: for sending what waits, or for another process
    that does. `notice` is called before a wait."""

    __slots__ = ("call", "notice", "replay", "retry_after")

    def __init__(
        self,
        call: float = 10.0,
        retry_after: float = 0.0,
        replay: float = 30.0,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.call = call
        self.retry_after = retry_after
        self.replay = replay
        self.notice = notice


class Queued(Exception):
    """The call is queued and will be sent later.

    The message is the reason, `call` what is queued. `is_away`: coord did not answer; else
    something on this machine keeps it from being sent.
    """

    def __init__(self, why: str, queued: Call, *, is_away: bool = True) -> None:
        super().__init__(why)
        self.call = queued
        self.is_away = is_away


class NotQueued(Exception):
    """coord did not answer, and the call could not be queued either: whoever made it must know."""


class Untrusted(BadConfig):
    """Only a repository names this server, and the user has not said that it may be called: nothing
    was sent to it.
    """

    def __init__(self, url: str) -> None:
        from coord.client.others_text import printable
        from coord.client.suggestions import command

        super().__init__(
            f"Only this repository names the server {printable(url)}, so nothing is sent to it. If"
            f" it is your team's: {command('trust', url)}"
        )


class Calls:
    """Calls of one session from one workspace.

    `offline`: coord is not even tried, every write is queued. `away`: why the last call had no
    answer; None when it had one. `has_answered`: some call had one. `is_strict`: a wrong address is
    raised at once, while a hook has its writes queued for that, too.
    """

    def __init__(
        self, workspace: Workspace, session: str, timeouts: Timeouts | None = None
    ) -> None:
        self.workspace = workspace
        self.session = session
        self.timeouts = timeouts or Timeouts()
        self.offline = False
        self.away: Away | None = None
        self.has_answered = False
        self.is_strict = False
        self.queue = Queue.of(workspace)

    def read(
        self, path: str, *, timeout: float | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """GET of a path below the base path, or at the root.

        Counts as a sign of life. Raises Away.
        """
        return self._send(Call("GET", _absolute(path)), timeout, headers)

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A write that makes sense only now, as a heartbeat or the claim of whatever work is next:
        it is never queued. Raises Away.
        """
        return self._send_with_retry(Call(method, _absolute(path), body), timeout, headers)

    def write(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> Answer:
        """A write that is never lost. Raises Queued when it waits, NotQueued when not even that
        was possible, and BadUrl where `is_strict`.

        What waits is sent before it, so a newer call never comes before an older one. It has an id
        or the time of its decision, so it may arrive twice, and late.
        """
        self.check_trusted()
        new = _with_new_id(Call(method, _absolute(path), body))
        is_first = self.nothing_waits()
        is_reached = is_first or self._is_reached()
        why = "calls that were made before it wait"
        if is_first:
            try:
                answer = self._send_with_retry(new, timeout)
                if answer.is_coords:
                    return answer
                why = f"something that is not coord answers {answer.status} at {self.workspace.url}"
            except Away as away:
                if self.is_strict and isinstance(away, BadUrl):
                    raise
                why = str(away)
        elif not is_reached:
            why = str(self.away)
        queued = _without_wait(new)
        try:
            position = self.queue.append(queued)
        except (OSError, QueueFull, Busy) as error:
            raise NotQueued(
                f"{why}. And the call could not be queued in {self.queue.path}: {error}"
            ) from None
        if is_first or self.offline or not is_reached:
            raise Queued(why, queued)
        return self._send_in_turn(position, queued)

    def _is_reached(self) -> bool:
        """Before a call is queued behind others: it would wait for a wrong address, too, which is
        raised where `is_strict`. Elsewhere the attempt to send tells.
        """
        if not self.is_strict or self.offline:
            return True
        try:
            self._send(Call("GET", "/livez"))
        except BadUrl:
            raise
        except Away:
            return False
        return True

    def nothing_waits(self) -> bool:
        try:
            return self.queue.is_empty
        except PermissionError:
            # On Windows another program has a file of it open, so that calls may wait; elsewhere
            # nobody can have queued there.
            return os.name != "nt"
        except OSError:
            return True  # the answer to this call is reported

    def _send_in_turn(self, position: Position, queued: Call) -> Answer:
        """Sends what waits, up to the call at this position of the queue; the answer to it.

        Raises Queued.
        """
        from coord.client.queue.delivery import deliver

        try:
            result = self.replay(own=position)
            if result.answer is not None:
                return result.answer
            if self.queue.is_answered(position):
                # another process sent it and had the answer: the same call again gets it too
                return deliver(self._send, queued)
            why = str(result.why or "another process is sending what waits")
        except (OSError, Busy, Away) as error:
            why = str(error)
        raise Queued(why, queued, is_away=self.away is not None)

    def replay(self, own: Position | None = None) -> ReplayResult:
        """Sends what waits, for as long as the timeouts allow.

        Raises OSError, Busy and Untrusted.
        """
        self.check_trusted()
        seconds = self.timeouts.replay
        if self.queue.is_empty:
            return ReplayResult()
        return self.queue.replay(
            self._send, own=own, seconds=seconds, until=time.monotonic() + seconds
        )

    def check_reached(self) -> None:
        """Raises Away where the last call has just found that out: one after it would cost its time
        once more.
        """
        if self.away is not None:
            raise self.away

    def check_trusted(self) -> None:
        """Raises Untrusted where the user has not said that this server may be called."""
        if not self.workspace.is_trusted:
            raise Untrusted(self.workspace.url)

    def _send(
        self, made: Call, timeout: float | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        self.check_trusted()
        if self.offline:
            raise Away("it did not answer a moment ago")
        sent = (
            {"X-Coord-Session": self.session, **(headers or {})}
            if made.method == "GET"
            else dict(headers or {})
        )
        if self.workspace.token:
            sent["Authorization"] = f"Bearer {self.workspace.token}"
        self.away = None
        try:
            answer = send_call(
                self.workspace.url,
                made.method,
                made.path,
                made.body,
                sent,
                timeout or self.timeouts.call,
            )
        except Away as away:
            self.away = away
            raise
        self.has_answered = True
        return answer

    def _send_with_retry(
        self, made: Call, timeout: float | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Waits once for as long as coord asks, if the caller can."""
        try:
            return self._send(made, timeout, headers)
        except Away as away:
            if (
                away.retry_after is None
                or not self.timeouts.retry_after
                or away.retry_after > self.timeouts.retry_after
            ):
                raise
            if self.timeouts.notice is not None:
                self.timeouts.notice(f"{away} Trying once more in {away.retry_after:g} s.")
            time.sleep(away.retry_after)
            return self._send(made, timeout, headers)


def _absolute(path: str) -> str:
    return safe(path if path.startswith(_ROOTS) else BASE + path)


def _with_new_id(made: Call) -> Call:
    """The call with an id where it is a create without one: it may then be sent twice."""
    field = CREATES.get(made.route) if made.method == "POST" else None
    if field is not None and not (made.body or {}).get(field):
        made.body = {**(made.body or {}), field: new_id()}
    return made


def _without_wait(made: Call) -> Call:
    """The call as it is queued: nobody waits any more when it is sent."""
    body = made.body
    if body is not None and "wait" in body:
        body = {name: value for name, value in body.items() if name != "wait"}
    return Call(made.method, made.path, body, made.ts)
