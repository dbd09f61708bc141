"""`coord init`."""

from __future__ import annotations

import os
import re

import click

from coord.client import migration, tokens
from coord.client.cli.context import Coord, pass_coord
from coord.client.cli.options import Command
from coord.client.others_text import printable
from coord.client.place import Place
from coord.client.setup import plugin, repository_setup
from coord.client.setup.confirm import (
    carry_out,
    dry_run_option,
    refusals_end_the_command,
    yes_option,
)


@click.command(
    cls=Command,
    examples="""
coord init --url http://coord.example:8001
coord init --dry-run
coord init --mcp --guard           with the MCP server, and the git hooks for people and other tools
coord init --local                 for yourself alone: nothing in a file that is committed
coord init --plugin ~/coord-plugin
coord init --undo
""",
)
@click.option(
    "--local", is_flag=True, help="For yourself alone: nothing in a file that is committed."
)
@click.option("--mcp", is_flag=True, help="Also enter the server in .mcp.json.")
@click.option(
    "--guard", is_flag=True, help="Also install the git hooks, as coord guard install does."
)
@click.option(
    "--plugin",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Write a plugin for Claude Code into DIR, and nothing else.",
)
@click.option(
    "--undo",
    is_flag=True,
    help="Take out what init put in; with --local or --plugin, only what that put in.",
)
@dry_run_option
@yes_option
@pass_coord
def init(
    coord: Coord,
    local: bool,
    mcp: bool,
    guard: bool,
    folder: str | None,
    undo: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Set up this repository: Claude Code's hooks, instructions for agents, the server and the
    project.

    \b
    .claude/settings.json   the hooks; everything else in it stays
    AGENTS.md, CLAUDE.md    a marked block
    .coord.toml             the server (--url) and the project (--project), if there is none yet
    .gitignore              the queue

    Shows what it will change, and asks. Run it again after an update of coord: it brings its own
    parts up to date.
    """
    with refusals_end_the_command():
        place = repository_setup.place_of()
        if folder is not None:
            url = repository_setup.checked_url(coord.url_option or place.url)
            make = plugin.remove if undo else plugin.add
            plan = make(os.path.realpath(folder), url, place.token is not None)
        elif undo:
            plan = repository_setup.remove(place, local_only=local)
        else:
            options = repository_setup.InitOptions(
                coord.url_option, coord.project_option, local, mcp, guard
            )
            plan = repository_setup.install(place, options)
        changed = carry_out(coord, plan, dry_run=dry_run, yes=yes)
        if undo or dry_run:
            return
        _trust_named_server(coord, place)
        if folder is None:
            _move_old_state(coord)
        if changed:
            coord.note(_next_step(folder))


def _trust_named_server(coord: Coord, place: Place) -> None:
    """The server that the user names for this repository is called from then on; one that only its
    files name is not.
    """
    url = coord.url_option or (
        os.environ.get("COORD_URL") if tokens.environment_is_users(place.root) else None
    )
    if url and tokens.trust(url):
        coord.note(f"You trust {printable(url)} from now on: coord trust --list.")


def _move_old_state(coord: Coord) -> None:
    """Of versions that kept it in the repository."""
    moved = migration.move_old_state(repository_setup.place_of())
    if moved:
        coord.note(
            f"{len(moved)} files in .claude of an older version of coord were moved to your own"
            " folder, or removed."
        )


def _next_step(folder: str | None) -> str:
    if folder is None:
        return (
            "Now check that it works: coord doctor. Sessions that are running take part once they"
            " are restarted."
        )
    shown = folder if re.fullmatch(r"[\w./~-]+", folder) else f'"{folder}"'
    install = (
        f"claude plugin marketplace add {shown} && claude plugin install"
        f" {plugin.NAME}@{plugin.NAME}"
    )
    return f"To try it: claude --plugin-dir {shown}. To install it: {install}"
