"""The options that every command has, the classes of commands, and types of options."""

from __future__ import annotations

import difflib
from typing import Any, Callable

import click

from coord.client import text_files
from coord.client.cli.context import Coord
from coord.client.cli.failures import USAGE, Failed
from coord.client.cli.objects import Page

MAX_DURATION = 1e9  # of the number; far beyond any use


def _set(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def set_on_coord(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        coord = ctx.ensure_object(Coord)
        if value is not None:
            setattr(coord, attribute, value)

    return set_on_coord


def _flag(*names: str, sets: str, value: bool, hidden: bool, text: str) -> click.Option:
    return click.Option(
        names,
        is_flag=True,
        flag_value=value,
        default=None,
        expose_value=False,
        hidden=hidden,
        callback=_set(sets),
        help=text,
    )


def _valued(
    *names: str, sets: str, metavar: str, hidden: bool, text: str, kind: Any = None
) -> click.Option:
    return click.Option(
        names,
        type=kind,
        metavar=metavar,
        expose_value=False,
        hidden=hidden,
        callback=_set(sets),
        help=text,
    )


def common_options(*, hidden: bool) -> list[click.Option]:
    """They may stand before the command's name or after it; the command's own help hides them."""
    seconds = click.FloatRange(0, min_open=True)
    return [
        _flag("--json", sets="json", value=True, hidden=hidden, text=_JSON),
        _flag(
            "-q",
            "--quiet",
            sets="quiet",
            value=True,
            hidden=hidden,
            text="Print ids only; no notes.",
        ),
        _valued(
            "-p", "--project", sets="project_option", metavar="NAME", hidden=hidden, text=_PROJECT
        ),
        _valued(
            "-s", "--session", sets="session_option", metavar="NAME", hidden=hidden, text=_SESSION
        ),
        _valued("--url", sets="url_option", metavar="URL", hidden=hidden, text=_URL),
        _flag("--no-color", sets="color", value=False, hidden=hidden, text=_NO_COLOR),
        _valued(
            "--timeout",
            sets="timeout_option",
            metavar="SECONDS",
            kind=seconds,
            hidden=hidden,
            text="For one call. Default: 10.",
        ),
        _flag("--no-retry", sets="retry", value=False, hidden=hidden, text=_NO_RETRY),
    ]


_JSON = "Print one JSON object, the service's own, even when it is an error."
_PROJECT = "Default: .coord.toml, else the repository's name."
_SESSION = "Who is calling. Default: COORD_SESSION, else your agent's session or terminal."
_URL = "Default: COORD_URL, else .coord.toml, else http://127.0.0.1:8001."
_NO_COLOR = "No colours, even on a terminal (NO_COLOR does the same)."
_NO_RETRY = "Do not wait when coord asks to come back later (503, Retry-After)."


class Command(click.Command):
    """A command with the common options, and with examples in its help."""

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples.strip("\n")
        self.params += common_options(hidden=True)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(formatter, self.examples)
        formatter.write(
            "\nAlso --json, --quiet, --project, --session and others: see coord --help.\n"
        )


class Group(click.Group):
    """A command with subcommands."""

    command_class = Command
    hides_common_options = True

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples.strip("\n")
        self.params += common_options(hidden=self.hides_common_options)

    format_epilog = Command.format_epilog

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            ctx.fail(f"No such command: {args[0]}.{hint}")
        return super().resolve_command(ctx, args)


def write_examples(formatter: click.HelpFormatter, examples: str) -> None:
    if examples:
        formatter.write("\nExamples:\n")
        for line in examples.splitlines():
            command, blanks, meaning = line.rpartition("   ")
            is_wide = len(line) + 2 > formatter.width and bool(blanks)
            shown = f"{command.rstrip()}\n      {meaning}" if is_wide else line
            formatter.write(f"  {shown}\n" if line else "\n")


class Duration(click.ParamType):
    """`90s`, `30m`, `2h`, `1d`, or 0, as seconds. `bare`: the unit, in seconds, of a number
    without one."""

    name = "duration"
    _UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

    def __init__(self, bare: float | None = None) -> None:
        self.bare = bare

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        unit = self._UNITS.get(text[-1:])
        try:
            number = float(text[:-1] if unit else text)
        except ValueError:
            number = -1.0
        if unit is None:
            unit = self.bare or (1.0 if number == 0 else None)
        if unit is None or not 0 <= number < MAX_DURATION:
            sentence = "is not a duration: write it with its unit, like 90s, 30m, 2h or 1d."
            self.fail(f"{value!r} {sentence}", param, ctx)
        return number * unit


def all_projects_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = "Of all projects, not only of this one."
    return click.option("-A", "--all-projects", "all_projects", is_flag=True, help=text)(command)


def limit_option(default: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "-n",
        "--limit",
        type=click.IntRange(0),
        default=default,
        show_default=True,
        metavar="N",
        help="At most N; 0: all.",
    )


def text_of(value: str | None) -> str | None:
    """`-` stands for standard input: UTF-8 whatever the locale, or UTF-16 with a mark, as
    PowerShell writes files. Raises Failed for anything else.
    """
    if value != "-":
        return value
    content = click.get_binary_stream("stdin").read()
    try:
        return text_files.decode(content)
    except text_files.BadEncoding as error:
        sentence = f"What came from standard input was not sent: {error}"
        raise Failed(sentence, USAGE, "usage") from None


def note_more(coord: Coord, page: Page) -> None:
    """Notes that the list was cut, where it was."""
    if page.get("next_cursor"):
        coord.note("There are more: --limit N shows as many as you ask for, --limit 0 all.")
