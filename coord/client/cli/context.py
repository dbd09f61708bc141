"""What every command shares: who calls, from where, how a call is made, and how its result is
shown.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, Callable, NamedTuple, NoReturn

import click

from coord.client import tokens
from coord.client.answer import Answer
from coord.client.banner import plain
from coord.client.calls import Calls, NotQueued, Queued, Timeouts
from coord.client.cli import cells
from coord.client.cli.failures import (
    AWAY,
    DONE,
    NOTHING,
    USAGE,
    CoordAway,
    Failed,
    NotCoord,
    Refused,
)
from coord.client.cli.objects import Page
from coord.client.cli.output import dumps, marked, safe
from coord.client.cli.queued_calls import as_json, refusal
from coord.client.percent import query
from coord.client.session_name import session_name
from coord.client.wire import Away, BadUrl, call, check
from coord.client.workspace import Workspace, enter

MAX_RETRY_AFTER_S = 60.0  # coord asks for 30 when its database is away
TIMEOUT_S = 10.0  # coord answers within 5, even when its database does not
MAX_PROJECT = 100  # characters
PAGE = 500

Body = dict[str, Any]


class Write(NamedTuple):
    """A call that changes something."""

    method: str
    path: str
    body: Body | None = None


class Coord:
    """The service, as a command sees it. The options are those that every command has."""

    def __init__(self) -> None:
        self.json = False
        self.quiet = False
        is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self.color: bool | None = False if is_plain else None
        self.project_option: str | None = None
        self.session_option: str | None = None
        self.url_option: str | None = None
        self.timeout_option: float | None = None
        self.retry = True
        self._calls: Calls | None = None
        self._is_checked = False

    @property
    def calls(self) -> Calls:
        if self._calls is None:
            workspace = enter(url=self.url_option)
            workspace.project = (self.project_option or workspace.project)[:MAX_PROJECT]
            timeouts = Timeouts(
                call=self.timeout,
                retry_after=self._max_retry_after(),
                notice=self.note if self.retry else None,
            )
            self._calls = Calls(workspace, self.session_option or session_name(), timeouts)
            self._calls.is_strict = True
        return self._calls

    @property
    def has_answered(self) -> bool:
        """Whether the server has answered any call."""
        return self._calls is not None and self._calls.has_answered

    @property
    def workspace(self) -> Workspace:
        return self.calls.workspace

    @property
    def session(self) -> str:
        return self.calls.session

    @property
    def project(self) -> str:
        return self.workspace.project

    @property
    def timeout(self) -> float:
        return self.timeout_option or _seconds("COORD_TIMEOUT", TIMEOUT_S) or TIMEOUT_S

    def _max_retry_after(self) -> float:
        return _seconds("COORD_RETRY_AFTER", MAX_RETRY_AFTER_S) if self.retry else 0.0

    def out(self, *lines: str, wraps: bool = True) -> None:
        """Prints the result, for people. `wraps`: on a terminal no line is broken within a word."""
        if not self.json:
            if wraps and sys.stdout.isatty():
                room = cells.columns()
                lines = tuple(piece for line in lines for piece in cells.wrapped(line, room))
            for line in lines:
                click.echo(safe(line), color=self.color)

    def result(self, payload: Any) -> None:
        """Prints the result, for programs: one JSON object."""
        if self.json:
            click.echo(dumps(payload), color=self.color)

    def note(self, sentence: str) -> None:
        """Prints what is good to know."""
        if not self.quiet:
            click.echo(plain(sentence), err=True, color=self.color)

    def warn(self, sentence: str) -> None:
        """Prints what must not be missed."""
        click.echo(marked(sentence, "yellow"), err=True, color=self.color)

    def failed(self, failure: Failed) -> None:
        """Prints why something was not done, for people."""
        if not self.json:
            for line in failure.lines():
                click.echo(safe(line), err=True, color=self.color)

    def check_address(self) -> None:
        """Before the first call: that the address is one, and that coord is what a path in it leads
        to; else every call would be queued, or refused by a path that the service does not have.
        Raises BadUrl and Failed."""
        url = self.workspace.url
        if self._is_checked:
            return
        check(url)
        self.calls.check_trusted()
        self._is_checked = True
        if self.workspace.disobeyed and not (self.project_option and self.url_option):
            self.warn(self.workspace.disobeyed)
        root = "/".join(url.split("/", 3)[:3])
        if root == url:
            return
        try:
            if self._is_coord(url) or not self._is_coord(root):
                return
        except Away:
            return
        sentence = (
            f"{url} is not the address of a coord server, {root} is. Mend COORD_URL, or url in"
            " .coord.toml."
        )
        raise Failed(sentence, USAGE, "usage")

    def _is_coord(self, url: str) -> bool:
        """Raises Away."""
        answer = call(url, "GET", "/livez", timeout=self.timeout)
        return answer.ok and answer.json == {"status": "ok"}

    def read(self, path: str, *, wait: float = 0.0, **filters: Any) -> Any:
        """The answer's JSON. Raises Refused, NotCoord and CoordAway."""
        self.check_address()
        try:
            url = path + query(**filters, wait=wait or None)
            return self.checked(self.calls.read(url, timeout=self.timeout + wait)).json
        except BadUrl:
            raise
        except Away as away:
            raise CoordAway(str(away), away.retry_after) from None

    def read_all(self, path: str, limit: int, **filters: Any) -> Page:
        """Up to `limit` items, of as many pages as that takes; 0: all of them."""
        items: list[Any] = []
        cursor = None
        while True:
            size = min(PAGE, limit - len(items)) if limit else PAGE
            page: Page = self.read(path, **filters, limit=size, cursor=cursor)
            items += page["items"]
            cursor = page["next_cursor"]
            if not cursor or (limit and len(items) >= limit):
                return {**page, "items": items}

    def ask(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        wait: float = 0.0,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """A write that makes sense only now, so it is never queued. With `headers` the answer is
        the caller's to check. Raises Refused, NotCoord and CoordAway."""
        self.check_address()
        timeout = self.timeout + wait
        try:
            answer = self.calls.ask(method, path, body, timeout=timeout, headers=headers)
        except BadUrl:
            raise
        except Away as away:
            raise CoordAway(str(away), away.retry_after) from None
        return answer if headers else self.checked(answer)

    def catch_up(self) -> None:
        """Sends queued calls before one that would overtake them. Raises CoordAway."""
        self.check_address()
        if self.calls.nothing_waits():
            return
        self.calls.replay()
        if self.calls.away is not None:
            raise CoordAway(str(self.calls.away), self.calls.away.retry_after)

    def checked(self, answer: Answer) -> Answer:
        """Raises Refused and NotCoord."""
        if not answer.is_coords:
            raise NotCoord(self.workspace.url, answer)
        if not answer.ok:
            refused = Refused(answer)
            if (
                refused.error == "forbidden"
                and "token" in refused.message
                and self.workspace.token is None
            ):
                file = os.path.join(tokens.folder(), tokens.TOKEN)
                refused.details.append(
                    f"  no token is set: write it into {file}, or name its file in COORD_TOKEN_FILE"
                )
            raise refused
        return answer

    def write(self, method: str, path: str, body: Body | None = None) -> Answer:
        """A write that is queued when coord is away.

        Raises Queued, Refused, NotCoord and Failed.
        """
        self.check_address()
        try:
            return self.checked(self.calls.write(method, path, body))
        except NotQueued as error:
            sentence = f"NOT done, and not queued for later: {error}"
            raise Failed(sentence, AWAY, "not_kept") from None

    def write_each(
        self,
        writes: Iterable[Write],
        describe: Callable[[Any], str],
        failure_in: Callable[[int, Any], Failed | None] | None = None,
    ) -> None:
        """Several writes, each reported; one that is refused does not stop the others.

        `describe`: the answer, in a sentence. `failure_in`: why the answer to the nth write, a
        success to coord, is a failure to the caller.
        """
        payloads: list[Any] = []
        code = DONE
        for index, write in enumerate(writes):
            try:
                payload = self.write(*write).json
                failure = failure_in(index, payload) if failure_in else None
                if failure is not None:
                    raise failure
                payloads.append(payload)
                self.out(*filter(None, [describe(payload)]))
            except Queued as queued:
                payloads.append(self.queued_payload(queued))
                self.note(f"queued: {payloads[-1]['detail']}")
            except Failed as failure:
                payloads.append(failure.payload)
                code = code or failure.exit_code
                self.failed(failure)
        self.result(payloads[0] if len(payloads) == 1 else {"items": payloads})
        leave(code)

    def queued_payload(self, queued: Queued) -> Body:
        """What `--json` prints of a call that was queued."""
        return {
            "queued": True,
            "detail": f"{away_sentence(queued)} The next write or `coord sync` sends the call.",
            "call": as_json(queued.call),
        }

    def report_refusals(self) -> None:
        """Warns of queued calls that were refused when they were sent: each once, by whichever
        command comes next."""
        for rejected in self.calls.queue.take_unreported():
            self.warn(
                f"a queued call was refused: {refusal(rejected)} See `coord queue --rejected`."
            )


pass_coord = click.make_pass_decorator(Coord, ensure=True)


def _seconds(variable: str, default: float) -> float:
    value = os.environ.get(variable)
    try:
        return float(value) if value else default
    except ValueError:
        sentence = f"{variable} is {value!r}, which is not a number of seconds."
        raise Failed(sentence, USAGE, "usage") from None


def leave(code: int) -> None:
    """Ends the command with this exit code, unless it is 0."""
    if code:
        click.get_current_context().exit(code)


def nothing(sentence: str, **facts: Any) -> NoReturn:
    raise Failed(sentence, NOTHING, "not_found", **facts)


def without_none(**values: Any) -> Body:
    """The fields that were given: what is None is left as it is."""
    return {name: value for name, value in values.items() if value is not None}


def away_sentence(queued: Queued) -> str:
    reason = plain(str(queued)).rstrip(".")
    return f"coord is away ({reason})." if queued.is_away else f"The call waits ({reason})."
