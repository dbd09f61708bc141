"""`coord set`, `components` and `retire`."""

from __future__ import annotations

import click

from coord.client.banner import plain
from coord.client.cli import completion
from coord.client.cli.context import Body, Coord, Write, pass_coord
from coord.client.cli.objects import Component, ComponentChange, Page
from coord.client.cli.options import (
    Command,
    all_projects_option,
    limit_option,
    note_more,
    text_of,
)
from coord.client.cli.output import ago, clock, coloured, when
from coord.client.cli.tables import Cell, Column, table
from coord.client.others_text import one_line
from coord.client.percent import query, quote

STATES = ("building", "built", "deploying", "deployed", "degraded", "unknown")


def _complete_state(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [state for state in STATES if state.startswith(incomplete)]


@click.command(
    "set",
    cls=Command,
    examples="""
coord set api building
coord set api deployed --version 1.4.2 --notes "behind a flag"
coord set "web/front end" degraded --clear-version
""",
)
@click.argument("component", shell_complete=completion.components)
@click.argument("state", shell_complete=_complete_state)
@click.option("--version", metavar="TEXT", help="Left out: unchanged.")
@click.option("--notes", metavar="TEXT", help="Left out: unchanged. -: from standard input.")
@click.option("--clear-version", is_flag=True)
@click.option("--clear-notes", is_flag=True)
@pass_coord
def set_component(
    coord: Coord,
    component: str,
    state: str,
    version: str | None,
    notes: str | None,
    clear_version: bool,
    clear_notes: bool,
) -> None:
    """Report what state a COMPONENT is in: building, built, deploying, deployed, degraded,
    unknown, or your own word."""
    body: Body = {"state": state, "updated_by": coord.session}
    if version is not None or clear_version:
        body["version"] = version
    if notes is not None or clear_notes:
        body["notes"] = text_of(notes)
    write = Write("PUT", _path(coord, component), body)
    coord.write_each([write], lambda changed: _sentence(coord, changed))


def _path(coord: Coord, component: str) -> str:
    return f"/components/{quote(coord.project)}/{quote(component)}"


def _sentence(coord: Coord, changed: Component) -> str:
    if coord.quiet:
        return ""
    version = f" {plain(changed['version'])}" if changed["version"] else ""
    before = f" (was {plain(changed['previous_state'])})" if changed["previous_state"] else ""
    return f"{plain(changed['component'])} is {coloured(changed['state'])}{version}{before}"


@click.command(
    "retire",
    cls=Command,
    examples="""
coord retire old-worker
""",
)
@click.argument("component", shell_complete=completion.components)
@pass_coord
def retire(coord: Coord, component: str) -> None:
    """Take a COMPONENT that is gone off the list. Its history stays."""
    path = f"{_path(coord, component)}{query(updated_by=coord.session)}"

    def describe(retired: Component) -> str:
        return "" if coord.quiet else f"retired {plain(retired['component'])}"

    coord.write_each([Write("DELETE", path)], describe)


@click.command(
    "components",
    cls=Command,
    examples="""
coord components
coord components api --history
coord components --state degraded -A
""",
)
@click.argument("component", required=False, shell_complete=completion.components)
@click.option("--history", is_flag=True, help="Every change of the COMPONENT, newest first.")
@click.option(
    "--state", metavar="STATE", help="Only those in this state.", shell_complete=_complete_state
)
@all_projects_option
@limit_option(100)
@pass_coord
def components(
    coord: Coord,
    component: str | None,
    history: bool,
    state: str | None,
    all_projects: bool,
    limit: int,
) -> None:
    """Show what state the project's components are in, or one COMPONENT.

    Exit code 4: there is no such component.
    """
    page = _read(coord, component, history, state, all_projects, limit)
    items = page["items"]
    coord.result(items[0] if component is not None and not history else page)
    if not items:
        what = f"No component is {state}" if state else "No component"
        coord.note(f"{what} in {'any project' if all_projects else coord.project}.")
    elif coord.quiet:
        coord.out(*(plain(item["component"]) for item in items))
    else:
        coord.out(*(_history_table(items) if history else _table(items, all_projects)))
    note_more(coord, page)


def _read(
    coord: Coord,
    component: str | None,
    history: bool,
    state: str | None,
    all_projects: bool,
    limit: int,
) -> Page:
    if component is None:
        if history:
            raise click.UsageError("--history needs the name of a component.")
        project = None if all_projects else coord.project
        return coord.read_all("/components", limit, project_key=project, state=state)
    if state is not None or all_projects:
        raise click.UsageError("--state and -A list components; one is shown by its name.")
    if history:
        return coord.read_all(f"{_path(coord, component)}/history", limit)
    return {"items": [coord.read(_path(coord, component))], "next_cursor": None}


_COLUMNS = (
    Column("COMPONENT", minimum=12),
    Column("STATE", minimum=8),
    Column("VERSION", minimum=6, rank=1),
    Column("SINCE", rank=2),
    Column("BY", minimum=8, rank=3),
    Column("NOTES", minimum=10),
)
_HISTORY_COLUMNS = (
    Column("OBSERVED"),
    Column("STATE", minimum=8),
    Column("VERSION", minimum=6, rank=2),
    Column("BY", minimum=8, rank=1),
    Column("", rank=3),
    Column("NOTES", minimum=10),
)


def _table(shown: list[Component], all_projects: bool) -> list[str]:
    rows = [
        [
            (f"{plain(component['project_key'])}: " if all_projects else "")
            + plain(component["component"]),
            coloured(component["state"]),
            plain(component["version"] or "-"),
            ago(component["state_since"]),
            plain(component["updated_by"] or "-"),
            one_line(component["notes"]),
        ]
        for component in shown
    ]
    return table(_COLUMNS, rows)


def _history_table(changes: list[ComponentChange]) -> list[str]:
    rows = [
        [
            Cell(when(change["observed_at"]), clock(change["observed_at"])),
            "retired" if change["retired"] else coloured(change["state"]),
            plain(change["version"] or "-"),
            plain(change["updated_by"] or "-"),
            "superseded" if change["superseded"] else "",
            one_line(change["notes"]),
        ]
        for change in changes
    ]
    return table(_HISTORY_COLUMNS, rows)
