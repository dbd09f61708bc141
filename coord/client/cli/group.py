"""The command `coord` itself: its subcommands, the options of all of them, and what becomes of failures."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from coord import __version__
from coord.client.cli.common import Command, Coord, Group, write_examples
from coord.client.cli.failures import EXIT_CODES, INTERRUPTED, REFUSED, USAGE, CoordAway, Failed
from coord.client.locked import Busy
from coord.client.place import BadConfig
from coord.client.wire import Away, BadUrl

HERE = "coord.client.cli"
VERSION_S = 1.0  # for the server's version: it is asked in passing

SECTIONS: dict[str, dict[str, tuple[str, str, str]]] = {
    "Locks": {
        "lock": (f"{HERE}.locks", "lock", "Claim resources before you change them."),
        "renew": (f"{HERE}.locks", "renew", "Start the time of locks anew that you hold."),
        "unlock": (f"{HERE}.locks", "unlock", "Release locks."),
        "locks": (f"{HERE}.locks", "locks", "Show who holds what."),
        "run": (f"{HERE}.run", "run", "Hold a lock while a command runs."),
    },
    "State and work": {
        "set": (f"{HERE}.components", "set_component", "Say what state a component is in."),
        "components": (f"{HERE}.components", "components", "Show components and their history."),
        "retire": (f"{HERE}.components", "retire", "Take a component off the list."),
        "workflow": (f"{HERE}.work", "workflow", "Workflows: add, list, show, set, done."),
        "item": (f"{HERE}.work", "item", "Work items: add, list, claim, show, done, block, start, return, set."),
    },
    "Messages": {
        "send": (f"{HERE}.messages", "send", "Send a message to a session, or to all."),
        "inbox": (f"{HERE}.messages", "inbox", "Show what is unread."),
        "read": (f"{HERE}.messages", "read", "Mark messages as read."),
    },
    "Who and what": {
        "checkin": (f"{HERE}.presence", "checkin", "Begin a turn: what you should know now."),
        "status": (f"{HERE}.events", "status", "Everything at a glance."),
        "events": (f"{HERE}.events", "events", "What has happened, and what happens."),
        "sessions": (f"{HERE}.presence", "sessions", "Show who else is there."),
        "whoami": (f"{HERE}.presence", "whoami", "Show by what name you call, and from where."),
        "end": (f"{HERE}.presence", "end", "End your session; release all it has."),
    },
    "When coord was away": {
        "queue": (f"{HERE}.queue", "queue", "Show calls that wait, or were refused."),
        "sync": (f"{HERE}.queue", "sync", "Send the calls that wait."),
    },
    "Setting up": {
        "init": ("coord.client.setup.commands", "init", "Set a project up for coord."),
        "doctor": ("coord.client.setup.commands", "doctor", "Find out what is wrong."),
        "guard": ("coord.client.setup.commands", "guard", "Keep commits from files that others hold."),
        "install": ("coord.client.install", "install", "Install coord for this user."),
        "trust": (f"{HERE}.trust", "trust", "Say which servers get your token."),
        "upgrade": ("coord.client.install", "upgrade", "Install the client of the server."),
        "completion": (f"{HERE}.completion", "completion", "Print the completion script of a shell."),
        "hook": (f"{HERE}.hook", "hook", "What Claude Code calls."),
        "help": (f"{HERE}.group", "help_command", "Show the help of a command."),
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
        try:
            found: click.Command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if not module.startswith(str(error.name)):
                raise
            return click.Command(cmd_name, callback=_missing, help="Not part of this build.", hidden=True, short_help=COMMANDS[cmd_name][2])
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, text) for name, (_, _, text) in commands.items()], col_max=14)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])
        write_examples(formatter, self.examples)

    def main(self, args: Any = None, prog_name: str | None = None, *rest: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """As click's, but a failure is told in one sentence, as JSON where that is asked for, and has its exit code."""
        given = list(sys.argv[1:] if args is None else args)
        coord = Coord()
        code = self._told(coord, given, prog_name, {"obj": coord, **extra, "windows_expand_args": False})
        if standalone_mode:
            sys.exit(code)
        return code

    def _told(self, coord: Coord, args: list[str], prog_name: str | None, extra: dict[str, Any]) -> int:
        try:
            try:
                code = super().main(list(args), prog_name, standalone_mode=False, **extra)
            except (click.ClickException, Away, BadConfig, OSError, Busy) as error:
                return _fail(coord, error, args)
            finally:
                if "_COORD_COMPLETE" not in os.environ:
                    _report(coord)
        except (click.Abort, KeyboardInterrupt):
            click.echo("coord: interrupted.", err=True)
            return INTERRUPTED
        return code if isinstance(code, int) else 0


def _fail(coord: Coord, error: Exception, args: list[str]) -> int:
    """Says why it was not done; the exit code."""
    coord.json = coord.json or ("--json" in args and "--" not in args[: args.index("--json")])
    if isinstance(error, click.UsageError) and not coord.json:
        error.show()
        return USAGE
    failed = _as_failed(error)
    coord.result(failed.told)
    coord.failed(failed)
    return failed.exit_code


def _as_failed(error: Exception) -> Failed:
    if isinstance(error, Failed):
        return error
    if isinstance(error, click.ClickException):
        return Failed(error.format_message(), USAGE if isinstance(error, click.UsageError) else REFUSED, "usage")
    if isinstance(error, (BadConfig, BadUrl)):
        return Failed(str(error), USAGE, "usage")
    if isinstance(error, Away):
        return CoordAway(str(error), error.retry_after)
    if isinstance(error, Busy):
        return Failed(f"Another process has {error} and does not give it back. Try again in a moment.", REFUSED, "busy")
    return Failed(f"{error}.", REFUSED, "failed")


def _report(coord: Coord) -> None:
    """After any command: calls that had waited and were refused. It is no reason for the command to fail."""
    try:
        coord.report_refusals()
    except (Failed, BadConfig, BadUrl, OSError, Busy):
        pass


def _missing() -> None:
    raise Failed("This build of coord is without that command.", REFUSED, "failed")


def _version(coord: Coord) -> None:
    server = "not asked"
    try:
        answer = coord.calls.read("/health", timeout=VERSION_S)
        told = answer.json
        server = str(told["version"]) if isinstance(told, dict) and "version" in told else "not coord"
    except (Away, BadUrl):
        server = "away"
    except BadConfig as error:
        server = str(error)
    coord.result({"client": __version__, "server": None if server in ("away", "not coord") else server})
    coord.out(f"coord {__version__} (server: {server})")


@click.group("coord", cls=Cli, invoke_without_command=True, examples=EXAMPLES, context_settings={"help_option_names": ["--help", "-h"]})
@click.option("--version", is_flag=True, help="Show the version, and the server's if it answers.")
@click.pass_context
def cli(ctx: click.Context, version: bool) -> None:
    """Locks, component states, work items and messages for AI coding sessions that work side by side.

    When coord is away, work goes on: writes are queued and sent later, in order, each exactly once.
    """
    coord = ctx.ensure_object(Coord)
    if version:
        _version(coord)
        ctx.exit(0)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@click.command("help", cls=Command, examples="coord help\ncoord help item add")
@click.argument("names", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def help_command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command."""
    at = ctx.find_root()
    for name in names:
        group = at.command
        found = group.get_command(at, name) if isinstance(group, click.Group) else None
        if found is None:
            raise click.UsageError(f"There is no command {name}. coord --help shows them all.")
        at = click.Context(found, parent=at, info_name=name)
    click.echo(at.get_help())
