"""What every command has: the options that go before or after its name, who calls from where, and how a call is made and told of."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Callable, NoReturn

import click

from coord.client import place as places
from coord.client.banner import plain
from coord.client.calls import Calls, NotQueued, Queued, Timeouts
from coord.client.cli.failures import AWAY, DONE, NOTHING, USAGE, CoordAway, Failed, NotCoord, Refused
from coord.client.cli.output import dumps, marked, when
from coord.client.place import Place
from coord.client.queue import BASE, Call, Queue, unquote
from coord.client.wire import Answer, Away, BadUrl, query

RETRY_AFTER_S = 60.0  # the longest Retry-After that is waited for, once: coord asks for 30 when its database is away
TIMEOUT_S = 10.0  # coord answers within 5, also when its database does not
MOST_ON_PAGE = 500

Body = dict[str, Any]


UNTRUSTED = "your token was not sent: only this repository's .coord.toml names {url}. If that server is your team's: coord trust {url}"


class Coord:
    """The service, as the command sees it."""

    def __init__(self) -> None:
        self.json = False
        self.quiet = False
        self.color: bool | None = False if os.environ.get("NO_COLOR") else None
        self.project_option: str | None = None
        self.session_option: str | None = None
        self.url_option: str | None = None
        self.timeout_option: float | None = None
        self.retry = True
        self._calls: Calls | None = None

    @property
    def calls(self) -> Calls:
        if self._calls is None:
            place = Place(url=self.url_option)
            place.project = (self.project_option or place.project)[:100]
            notice = self.note if self.retry else None
            timeouts = Timeouts(call=self.timeout, retry_after=self._retry_after(), notice=notice)
            self._calls = Calls(place, self.session_option or places.session(), timeouts)
        return self._calls

    @property
    def place(self) -> Place:
        return self.calls.place

    @property
    def session(self) -> str:
        return self.calls.session

    @property
    def project(self) -> str:
        return self.place.project

    @property
    def timeout(self) -> float:
        return self.timeout_option or _seconds("COORD_TIMEOUT", TIMEOUT_S) or TIMEOUT_S

    def _retry_after(self) -> float:
        return _seconds("COORD_RETRY_AFTER", RETRY_AFTER_S) if self.retry else 0.0

    # --- what is said ------------------------------------------------------------------------------------------------------------

    def out(self, *lines: str) -> None:
        """The result, for people."""
        if not self.json:
            for line in lines:
                click.echo(line, color=self.color)

    def note(self, sentence: str) -> None:
        """What is good to know."""
        if not self.quiet:
            click.echo(plain(sentence), err=True, color=self.color)

    def warn(self, sentence: str) -> None:
        """What must be known."""
        click.echo(marked(sentence, "yellow"), err=True, color=self.color)

    def failed(self, failed: Failed) -> None:
        """Why something was not done, for people."""
        if not self.json:
            for line in failed.lines():
                click.echo(line, err=True, color=self.color)

    def result(self, told: Any) -> None:
        """The result, for programs: one JSON object."""
        if self.json:
            click.echo(dumps(told), color=self.color)

    # --- calls -------------------------------------------------------------------------------------------------------------------

    def read(self, path: str, *, wait: float = 0.0, **asked: Any) -> Any:
        """The answer's JSON. Raises Refused, NotCoord and CoordAway."""
        timeout = self.timeout + wait
        try:
            return self.checked(self.calls.read(path + query(**asked, wait=wait or None), timeout=timeout)).json
        except BadUrl:
            raise
        except Away as away:
            raise CoordAway(str(away), away.retry_after) from None

    def read_all(self, path: str, limit: int, **asked: Any) -> Body:
        """As many items as asked for, of as many pages as that takes; 0: all."""
        found: Body = {"items": [], "next_cursor": None}
        while True:
            most = min(MOST_ON_PAGE, limit - len(found["items"]) if limit else MOST_ON_PAGE)
            page = self.read(path, **asked, limit=most, cursor=found["next_cursor"])
            found = {**page, "items": found["items"] + page["items"]}
            if not page["next_cursor"] or (limit and len(found["items"]) >= limit):
                return found

    def ask(self, method: str, path: str, body: Body | None = None, *, wait: float = 0.0, headers: dict[str, str] | None = None) -> Answer:
        """A write that makes sense only now. Raises Refused, NotCoord and CoordAway."""
        try:
            answer = self.calls.ask(method, path, body, timeout=self.timeout + wait, headers=headers)
        except BadUrl:
            raise
        except Away as away:
            raise CoordAway(str(away), away.retry_after) from None
        return answer if headers else self.checked(answer)

    def catch_up(self) -> None:
        """Sends what waits before a claim or a check-in that would overtake it. Raises CoordAway."""
        if all(queue.is_empty for queue in self.calls.queues()):
            return
        self.calls.replay()
        if self.calls.away is not None:
            raise CoordAway(str(self.calls.away), self.calls.away.retry_after)

    def checked(self, answer: Answer) -> Answer:
        if not answer.is_coords:
            raise NotCoord(self.place.url, answer)
        if not answer.ok:
            if not self.place.is_trusted and answer.json.get("error") == "forbidden":
                self.warn(UNTRUSTED.format(url=self.place.url))
            raise Refused(answer)
        return answer

    def write(self, method: str, path: str, body: Body | None = None) -> Answer:
        """A write that is queued when coord is away. Raises Queued, Refused, NotCoord and Failed."""
        try:
            return self.checked(self.calls.write(method, path, body))
        except NotQueued as error:
            raise Failed(f"NOT done, and not kept for later: {error}", AWAY, "not_kept") from None

    def write_each(
        self,
        calls: Iterable[tuple[str, str, Body | None]],
        say: Callable[[Any], str],
        check: Callable[[int, Any], Failed | None] | None = None,
    ) -> None:
        """Several writes, each told of; one that is refused does not keep the others from being done. `check`: why the answer to
        the nth, a success to coord, is a failure to the caller."""
        told: list[Any] = []
        code = DONE
        for nth, (method, path, body) in enumerate(calls):
            try:
                answer = self.write(method, path, body).json
                problem = check(nth, answer) if check else None
                if problem is not None:
                    raise problem
                told.append(answer)
                self.out(*filter(None, [say(answer)]))
            except Queued as queued:
                told.append(self.kept(queued))
                self.note(f"queued: {told[-1]['detail']}")
            except Failed as failed:
                told.append(failed.told)
                code = code or failed.exit_code
                self.failed(failed)
        self.result(told[0] if len(told) == 1 else {"items": told})
        leave(code)

    def kept(self, queued: Queued) -> Body:
        """What `--json` prints of a call that waits."""
        return {
            "queued": True,
            "detail": f"{away_because(str(queued))} The call is kept: the next write or `coord sync` sends it.",
            "call": shown(queued.call),
        }

    def report_refusals(self) -> None:
        """Calls that had waited and were refused when they were sent: told once, by whichever command comes next."""
        for path in self.place.queues:
            for refused in Queue(path).take_unreported():
                self.warn(f"a call that had waited was refused: {refusal(refused)} See `coord queue --rejected`.")


def _seconds(variable: str, default: float) -> float:
    given = os.environ.get(variable)
    try:
        return float(given) if given else default
    except ValueError:
        raise Failed(f"{variable} is {given!r}, which is not a number of seconds.", USAGE, "usage") from None


def leave(code: int) -> None:
    if code:
        click.get_current_context().exit(code)


def nothing(sentence: str, **facts: Any) -> NoReturn:
    raise Failed(sentence, NOTHING, "not_found", **facts)


def away_because(why: str) -> str:
    return f"coord is away ({plain(why).rstrip('.')})."


def shown(call: Call) -> Body:
    return {"ts": call.ts, "method": call.method, "path": call.path, "body": call.body}


def refusal(told: Body) -> str:
    """A refused call in one sentence."""
    if "line" in told:
        return f"{told['line'][:80]!r} is not a call."
    answer = told.get("answer") if isinstance(told.get("answer"), dict) else {}
    return f"{summary(told)}: {plain(str((answer or {}).get('detail') or told.get('status')))}"


def summary(told: Body) -> str:
    """A call in few words, and when it was decided."""
    values = Call(told["method"], told["path"], told.get("body")).parameters
    path = unquote(told["path"].partition("?")[0])
    about = next((values[name] for name in _TELLING if values.get(name)), "all" if values.get("release_all") else "")
    named = ", ".join(map(str, about)) if isinstance(about, list) else str(about)
    return f"{when(told.get('ts') or None)}  {told['method']} {plain(f'{path[len(BASE) :]} {named}'.rstrip())}"


_TELLING = ("resource", "resources", "title", "name", "subject", "status", "state", "ids")


# --- options ---------------------------------------------------------------------------------------------------------------------


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def given(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        coord = ctx.ensure_object(Coord)
        if value is not None:
            setattr(coord, name, value)

    return given


def common_options(*, hidden: bool) -> list[click.Option]:
    """They may stand before the command's name or after it; its own help does not repeat them."""

    def flag(*names: str, sets: str, value: bool, text: str) -> click.Option:
        return click.Option(
            names, is_flag=True, flag_value=value, default=None, expose_value=False, hidden=hidden, callback=_set(sets), help=text
        )

    def valued(*names: str, sets: str, text: str, metavar: str, kind: Any = None) -> click.Option:
        return click.Option(names, type=kind, metavar=metavar, expose_value=False, hidden=hidden, callback=_set(sets), help=text)

    return [
        flag("--json", sets="json", value=True, text="Print one JSON object, the service's own: also of an error."),
        flag("-q", "--quiet", sets="quiet", value=True, text="Print ids only; no notes."),
        valued("-p", "--project", sets="project_option", metavar="NAME", text="Default: .coord.toml, else the repository's name."),
        valued("-s", "--session", sets="session_option", metavar="NAME", text="Who is calling. Default: COORD_SESSION, else HOST/USER."),
        valued("--url", sets="url_option", metavar="URL", text="Default: COORD_URL, else .coord.toml, else http://127.0.0.1:8001."),
        flag("--no-color", sets="color", value=False, text="No colours, also on a terminal (NO_COLOR does the same)."),
        valued(
            "--timeout",
            sets="timeout_option",
            metavar="SECONDS",
            kind=click.FloatRange(0, min_open=True),
            text="For one call. Default: 10.",
        ),
        flag("--no-retry", sets="retry", value=False, text="Do not wait when coord asks to come back later (503, Retry-After)."),
    ]


class Command(click.Command):
    """A command with the common options, and with examples in its help."""

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples.strip("\n")
        self.params += common_options(hidden=True)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(formatter, self.examples)
        formatter.write("\nAlso --json, --quiet, --project, --session and others: see coord --help.\n")


class Group(click.Group):
    """A command with subcommands."""

    command_class = Command
    hides_common_options = True

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples.strip("\n")
        self.params += common_options(hidden=self.hides_common_options)

    format_epilog = Command.format_epilog

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            ctx.fail(f"No such command: {args[0]}.{f' Did you mean {near[0]}?' if near else ''}")
        return super().resolve_command(ctx, args)


def write_examples(formatter: click.HelpFormatter, examples: str) -> None:
    if examples:
        formatter.write("\nExamples:\n")
        for line in examples.splitlines():
            formatter.write(f"  {line}\n" if line else "\n")


pass_coord = click.make_pass_decorator(Coord, ensure=True)


class Duration(click.ParamType):
    """`90s`, `30m`, `2h`, `1d`, or 0; `bare`: the unit, in seconds, of a number without one."""

    name = "duration"
    _UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

    def __init__(self, bare: float | None = None) -> None:
        self.bare = bare

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        unit = self._UNITS.get(text[-1:], None)
        try:
            number = float(text[:-1] if unit else text)
        except ValueError:
            number = -1.0
        size = unit or (self.bare if self.bare else 1.0 if number == 0 else None)
        if size is None or not 0 <= number < 1e9:
            self.fail(f"{value!r} is not a duration: write it with its unit, like 90s, 30m, 2h or 1d.", param, ctx)
        return number * size


def everywhere(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option to look at all projects."""
    return click.option("-A", "--all-projects", "everywhere", is_flag=True, help="Of all projects, not only of this one.")(command)


def limited(default: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "-n", "--limit", type=click.IntRange(0), default=default, show_default=True, metavar="N", help="At most so many; 0: all."
    )


def text_of(value: str | None) -> str | None:
    """`-` is what comes in on standard input: UTF-8, whatever the locale."""
    return click.get_binary_stream("stdin").read().decode("utf-8", "replace") if value == "-" else value


def more(coord: Coord, found: Body) -> None:
    if found.get("next_cursor"):
        coord.note("There are more: --limit N shows as many as you ask for, --limit 0 all.")
