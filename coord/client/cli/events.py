"""`coord events`."""

from __future__ import annotations

import sys
from typing import Any

import click

from coord.client.banner import plain
from coord.client.cli.context import Coord, pass_coord
from coord.client.cli.journal import Journal
from coord.client.cli.objects import Event
from coord.client.cli.options import Command, Duration, all_projects_option
from coord.client.cli.output import when
from coord.client.others_text import one_line

DEFAULT_LIMIT = 20
_COLOURS = {"lock": "yellow", "component": "green", "message": "magenta", "session": "blue"}
_NAMES = ("resource", "resources", "component", "title", "name", "subject")
_DETAILS = ("state", "version", "status", "to_session", "description", "reason")


class Since(click.ParamType):
    """A cursor (int), or a duration up to now (float, in seconds)."""

    name = "since"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | float:
        return int(value) if str(value).isdigit() else Duration().convert(value, param, ctx)


@click.command(
    "events",
    cls=Command,
    examples="""
coord events                                the last 20
coord events --follow --type "lock.*"       what happens from now on
coord events --since 2h --type message.sent
coord events --follow --since 4711 --json   one JSON object a line; continues after revision 4711
""",
)
@click.option(
    "-F",
    "--follow",
    is_flag=True,
    help="Wait for what happens, also across outages, until interrupted.",
)
@click.option(
    "--since",
    type=Since(),
    metavar="CURSOR|TIME",
    help="After that revision, or within that time up to now (30m, 2h).",
)
@click.option(
    "-T",
    "--type",
    "types",
    metavar="TYPE",
    multiple=True,
    help="lock.claimed, or lock.* for all about locks. May be repeated.",
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(0),
    metavar="N",
    help="The last N; 0: all. Default: 20, with --follow none.",
)
@all_projects_option
@pass_coord
def events(
    coord: Coord,
    follow: bool,
    since: int | float | None,
    types: tuple[str, ...],
    limit: int | None,
    all_projects: bool,
) -> None:
    """Show what has happened, oldest first, and with --follow what happens.

    With --json each event is a line of its own: {"revision", "type", "project_key",
    "session_id", "at", "subject", "data"}.
    """
    journal = Journal(coord, None if all_projects else coord.project, types)
    past, end = _past(journal, follow, since, limit)
    for event in past:
        _print(coord, event, all_projects)
    if not past and not follow:
        coord.note("No such event is kept.")
    for batch in journal.follow(end) if follow else ():
        for event in batch:
            _print(coord, event, all_projects)
        sys.stdout.flush()


def _past(
    journal: Journal, follow: bool, since: int | float | None, limit: int | None
) -> tuple[list[Event], int]:
    """The events up to now that are asked for, and the cursor after them."""
    if isinstance(since, int):
        if follow and limit is None:
            return [], since  # following starts there
        end = journal.end()
        selected = list(journal.between(since, end))
        return (selected[-limit:] if limit else selected), end
    end = journal.patiently(journal.end) if follow else journal.end()
    if since is not None:
        selected = journal.since(since, end)
        return (selected[-limit:] if limit else selected), end
    if limit is None and follow:
        return [], end
    return journal.last(DEFAULT_LIMIT if limit is None else limit, end), end


def _print(coord: Coord, event: Event, all_projects: bool) -> None:
    if coord.json:
        coord.result(event)
    elif coord.quiet:
        coord.out(str(event["revision"]))
    else:
        coord.out(event_line(event, all_projects))


def event_line(event: Event, all_projects: bool = False) -> str:
    project = f"{plain(event['project_key'] or '-')}: " if all_projects else ""
    colour = _COLOURS.get(event["type"].partition(".")[0], "cyan")
    kind = click.style(event["type"], fg=colour)
    session = plain(event["session_id"] or "-")
    line = (
        f"{event['revision']}  {when(event['at'])}  {kind}  {session}  {project}{_subject(event)}"
    )
    return line.rstrip()


def _subject(event: Event) -> str:
    """What an event is about, with the details that people look for."""
    data = event["data"]
    name = next((data[key] for key in _NAMES if data.get(key)), event["subject"]["id"])
    text = ", ".join(map(str, name)) if isinstance(name, list) else str(name)
    details = [str(data[key]) for key in _DETAILS if data.get(key) not in (None, text)]
    return one_line(f"{text} ({', '.join(details)})" if details else text)
