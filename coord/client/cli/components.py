"""`coord set`, `components` and `retire`."""

from __future__ import annotations

from typing import Any

import click

from coord.client.banner import one_line, plain
from coord.client.cli import completion
from coord.client.cli.common import Body, Command, Coord, everywhere, limited, more, pass_coord, text_of
from coord.client.cli.output import ago, table, when, word
from coord.client.wire import query, quote

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
@click.option("--version", metavar="TEXT", help="Left out: stays as it is.")
@click.option("--notes", metavar="TEXT", help="Left out: stay as they are. -: from standard input.")
@click.option("--clear-version", is_flag=True)
@click.option("--clear-notes", is_flag=True)
@pass_coord
def set_component(
    coord: Coord, component: str, state: str, version: str | None, notes: str | None, clear_version: bool, clear_notes: bool
) -> None:
    """Say what state a COMPONENT is in: building, built, deploying, deployed, degraded, unknown, or your own word."""
    body: Body = {"state": state, "updated_by": coord.session}
    for name, value, clear in (("version", version, clear_version), ("notes", text_of(notes), clear_notes)):
        if value is not None or clear:
            body[name] = value
    coord.write_each([("PUT", _path(coord, component), body)], lambda told: _sentence(coord, told))


def _path(coord: Coord, component: str) -> str:
    return f"/components/{quote(coord.project)}/{quote(component)}"


def _sentence(coord: Coord, told: Any) -> str:
    if coord.quiet:
        return ""
    version = f" {plain(told['version'])}" if told["version"] else ""
    before = f" (was {plain(told['previous_state'])})" if told["previous_state"] else ""
    return f"{plain(told['component'])} is {word(told['state'])}{version}{before}"


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
    """Take a COMPONENT off the list that is no more. Its history stays."""
    path = f"{_path(coord, component)}{query(updated_by=coord.session)}"
    coord.write_each([("DELETE", path, None)], lambda told: "" if coord.quiet else f"retired {plain(told['component'])}")


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
@click.option("--state", metavar="STATE", help="Only those in this state.", shell_complete=_complete_state)
@everywhere
@limited(100)
@pass_coord
def components(coord: Coord, component: str | None, history: bool, state: str | None, everywhere: bool, limit: int) -> None:
    """Show what state the project's components are in, or one COMPONENT.

    Exit code 4: there is no such component.
    """
    if component is None:
        if history:
            raise click.UsageError("--history needs the name of a component.")
        listed = coord.read_all("/components", limit, project_key=None if everywhere else coord.project, state=state)
    elif state is not None or everywhere:
        raise click.UsageError("--state and -A list components; one is shown by its name.")
    elif history:
        listed = coord.read_all(f"{_path(coord, component)}/history", limit)
    else:
        listed = {"items": [coord.read(_path(coord, component))]}
    coord.result(listed["items"][0] if component is not None and not history else listed)
    if not listed["items"]:
        coord.note(f"No component{f' is {state}' if state else ''} in {'any project' if everywhere else coord.project}.")
    elif coord.quiet:
        coord.out(*(plain(each["component"]) for each in listed["items"]))
    else:
        coord.out(*(_history_table(listed["items"]) if history else _table(listed["items"], everywhere)))
    more(coord, listed)


def _table(items: list[Body], everywhere: bool) -> list[str]:
    rows = [
        [
            (f"{plain(each['project_key'])}: " if everywhere else "") + plain(each["component"]),
            word(each["state"]),
            plain(each["version"] or "-"),
            ago(each["state_since"]),
            plain(each["updated_by"]),
            one_line(each["notes"]),
        ]
        for each in items
    ]
    return table(["COMPONENT", "STATE", "VERSION", "SINCE", "BY", "NOTES"], rows)


def _history_table(items: list[Body]) -> list[str]:
    rows = [
        [
            when(each["observed_at"]),
            "retired" if each["retired"] else word(each["state"]),
            plain(each["version"] or "-"),
            plain(each["updated_by"] or "-"),
            "came too late" if each["superseded"] else "",
            one_line(each["notes"]),
        ]
        for each in items
    ]
    return table(["OBSERVED", "STATE", "VERSION", "BY", "", "NOTES"], rows)
