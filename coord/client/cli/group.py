"""The command `coord` itself: its subcommands, and how failures end it."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any

import click

from coord import __version__
from coord.client.cli.context import Coord
from coord.client.cli.failures import (
    EXIT_CODES,
    INTERRUPTED,
    REFUSED,
    USAGE,
    CoordAway,
    Failed,
    Unreadable,
)
from coord.client.cli.interrupts import EndedBySignal
from coord.client.cli.options import Command, Group, write_examples
from coord.client.locked import Busy
from coord.client.wire import Away, BadUrl
from coord.client.workspace import BadConfig

CLI, SETUP = "coord.client.cli", "coord.client.setup"
VERSION_TIMEOUT_S = 1.0  # the server's version is a courtesy

# Section: command: (module, attribute, short help). A module is imported when its command is
# called.
SECTIONS: dict[str, dict[str, tuple[str, str, str]]] = {
    "Locks": {
        "lock": (f"{CLI}.locks", "lock", "Claim resources before you change them."),
        "renew": (f"{CLI}.locks", "renew", "Restart the time to live of your locks."),
        "unlock": (f"{CLI}.locks", "unlock", "Release locks."),
        "locks": (f"{CLI}.lock_list", "locks", "Show who holds what."),
        "run": (f"{CLI}.run", "run", "Hold a lock while a command runs."),
    },
    "State and work": {
        "set": (f"{CLI}.components", "set_component", "Report what state a component is in."),
        "components": (f"{CLI}.components", "components", "Show components and their history."),
        "retire": (f"{CLI}.components", "retire", "Take a component off the list."),
        "workflow": (f"{CLI}.workflows", "workflow", "Workflows: add, list, show, set, done."),
        "item": (
            f"{CLI}.items",
            "item",
            "Work items: add, list, claim, show, done, block, start, return, set.",
        ),
    },
    "Messages": {
        "send": (f"{CLI}.messages", "send", "Send a message to a session, or to all."),
        "inbox": (f"{CLI}.messages", "inbox", "Show what is unread."),
        "read": (f"{CLI}.messages", "read", "Mark messages as read."),
    },
    "Who and what": {
        "checkin": (f"{CLI}.presence", "checkin", "Begin a turn: what you should know now."),
        "status": (f"{CLI}.status", "status", "Everything at a glance."),
        "events": (f"{CLI}.events", "events", "What has happened, and what happens."),
        "sessions": (f"{CLI}.presence", "sessions", "Show who else is there."),
        "whoami": (f"{CLI}.whoami", "whoami", "Show your session's name, and where it comes from."),
        "handover": (f"{CLI}.handover", "handover", "Leave a note for who comes after you."),
        "end": (f"{CLI}.presence", "end", "End your session; release all it has."),
    },
    "When coord was away": {
        "queue": (f"{CLI}.queue", "queue", "Show calls that wait, or were refused."),
        "sync": (f"{CLI}.queue", "sync", "Send the calls that wait."),
    },
    "Setting up": {
        "init": (f"{SETUP}.init", "init", "Set a project up for coord."),
        "doctor": (f"{SETUP}.doctor.command", "doctor", "Find out what is wrong."),
        "guard": (f"{SETUP}.guard.commands", "guard", "Keep commits from files that others hold."),
        "install": ("coord.client.install", "install", "Install coord for this user."),
        "trust": (f"{CLI}.trust", "trust", "Say which servers get your token."),
        "upgrade": ("coord.client.install", "upgrade", "Install the client of the server."),
        "completion": (f"{CLI}.completion", "completion", "Print a shell's completion script."),
        "hook": (f"{CLI}.hook", "hook", "What Claude Code runs."),
        "help": (f"{CLI}.group", "help_command", "Show the help of a command."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}

EXAMPLES = """
coord checkin                                   at the start: messages, your locks, what changed
coord lock src/orders.py -m "new order model"   before you change it
coord run "git push" -- git push                held while it runs
coord send --to web-2/agent "src/app.py" "When are you done with it?"
coord unlock --all                              when you are done
"""


class Cli(Group):
    """Its subcommands are imported when they are called."""

    hides_common_options = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(
                    [(name, text) for name, (_, _, text) in commands.items()], col_max=14
                )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            rows = [(str(code), meaning) for code, meaning in EXIT_CODES.items()]
            formatter.write_dl(rows)
        write_examples(formatter, self.examples)

    def main(
        self,
        args: Any = None,
        prog_name: str | None = None,
        *rest: Any,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """As click's, but a failure is one sentence, or JSON where asked for, and has its exit
        code."""
        arguments = list(sys.argv[1:] if args is None else args)
        coord = Coord()
        extra = {"obj": coord, **extra, "windows_expand_args": False}
        if os.environ.get("_COORD_COMPLETE"):
            from coord.client.cli import (
                posix_completion,  # noqa: F401 (click knows it by its import)
                powershell_completion,  # noqa: F401 (click knows it by its import)
            )
        code = self._run(coord, arguments, prog_name, extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(
        self, coord: Coord, args: list[str], prog_name: str | None, extra: dict[str, Any]
    ) -> int:
        try:
            try:
                code = super().main(list(args), prog_name, standalone_mode=False, **extra)
            except (click.ClickException, Away, BadConfig, OSError, Busy) as error:
                if _is_closed_pipe(error):
                    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (to the end)
                    return REFUSED
                return _fail(coord, error, args)
            except (LookupError, TypeError, AttributeError, ValueError) as error:
                if not coord.has_answered:
                    raise
                return _fail(coord, Unreadable(coord.workspace.url, error), args)
            finally:
                if "_COORD_COMPLETE" not in os.environ:
                    _report_refusals(coord)
        except (click.Abort, KeyboardInterrupt) as error:
            click.echo("coord: interrupted.", err=True)
            by_signal = error.__cause__  # click's own, of what it has caught
            return 128 + by_signal.number if isinstance(by_signal, EndedBySignal) else INTERRUPTED
        return code if isinstance(code, int) else 0


def _is_closed_pipe(error: Exception) -> bool:
    """Whether nobody reads what is printed any more, on Windows; elsewhere click knows that."""
    if os.name != "nt" or not isinstance(error, OSError):
        return False
    return error.filename is None and error.errno == errno.EINVAL


def _fail(coord: Coord, error: Exception, args: list[str]) -> int:
    """Prints why it was not done; the exit code."""
    if "--json" in args and "--" not in args[: args.index("--json")]:
        coord.json = True  # the error may have come before the option was read
    if isinstance(error, click.UsageError) and not coord.json:
        error.show()
        return USAGE
    failure = _as_failed(error)
    coord.result(failure.payload)
    coord.failed(failure)
    return failure.exit_code


def _as_failed(error: Exception) -> Failed:
    if isinstance(error, Failed):
        return error
    if isinstance(error, click.ClickException):
        return Failed(
            error.format_message(),
            USAGE if isinstance(error, click.UsageError) else REFUSED,
            "usage",
        )
    if isinstance(error, (BadConfig, BadUrl)):
        return Failed(str(error), USAGE, "usage")
    if isinstance(error, Away):
        return CoordAway(str(error), error.retry_after)
    if isinstance(error, Busy):
        sentence = f"Another process has {error} and does not give it back. Try again in a moment."
        return Failed(sentence, REFUSED, "busy")
    is_open = os.name == "nt" and isinstance(error, PermissionError)
    hint = " Another program has it open, or it is not yours. Try again in a moment."
    return Failed(f"{error}.{hint if is_open else ''}", REFUSED, "failed")


def _report_refusals(coord: Coord) -> None:
    """After any command. That it cannot be done is no reason for the command to fail."""
    try:
        coord.report_refusals()
    except (Failed, BadConfig, BadUrl, OSError, Busy, ImportError):
        pass  # ImportError: the command was to uninstall this client


def _print_version(coord: Coord) -> None:
    server, shown = None, "not asked"
    try:
        health = coord.calls.read("/health", timeout=VERSION_TIMEOUT_S).json
        if isinstance(health, dict) and "version" in health:
            server = shown = str(health["version"])
        else:
            shown = "not coord"
    except (Away, BadUrl):
        shown = "away"
    except BadConfig as error:
        shown = str(error)
    coord.result({"client": __version__, "server": server})
    coord.out(f"coord {__version__} (server: {shown})")


@click.group(
    "coord",
    cls=Cli,
    invoke_without_command=True,
    examples=EXAMPLES,
    context_settings={"help_option_names": ["--help", "-h"]},
)
@click.option("--version", is_flag=True, help="Show the version, and the server's if it answers.")
@click.pass_context
def cli(ctx: click.Context, version: bool) -> None:
    """Locks, component states, work items and messages for AI coding sessions that work side by
    side.

    When coord is away, work goes on: writes are queued and sent later, in order, each exactly
    once.
    """
    coord = ctx.ensure_object(Coord)
    if version:
        _print_version(coord)
        ctx.exit(0)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@click.command("help", cls=Command, examples="coord help\ncoord help item add")
@click.argument("names", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def help_command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command."""
    context = ctx.find_root()
    for name in names:
        group = context.command
        command = group.get_command(context, name) if isinstance(group, click.Group) else None
        if command is None:
            raise click.UsageError(f"There is no command {name}. coord --help shows them all.")
        context = click.Context(command, parent=context, info_name=name)
    click.echo(context.get_help())
