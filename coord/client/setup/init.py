"""`coord init`."""

from __future__ import annotations

import os
import re

import click

from coord.client import migration, suggestions, tokens
from coord.client.cli.context import Coord, pass_coord
from coord.client.cli.options import Command
from coord.client.others_text import printable
from coord.client.paths import real_path
from coord.client.setup import agents, hook_shell, plugin, repository_setup
from coord.client.setup.confirm import (
    carry_out,
    dry_run_option,
    refusals_end_the_command,
    yes_option,
)
from coord.client.workspace import Workspace


@click.command(
    cls=Command,
    examples="""
coord init --url http://coord.example:8001
coord init --dry-run
coord init --mcp --guard           with the MCP server, and the git hooks for people and other tools
coord init --agent codex           with the hooks of Codex
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
    "--agent",
    "agent_names",
    multiple=True,
    type=click.Choice(list(agents.BY_NAME)),
    help="Also enter the hooks of this agent; may be given several times.",
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
    agent_names: tuple[str, ...],
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
    .coord.toml             server (--url) and project (--project), if none yet
    .gitignore              the queue

    Shows what it will change, and asks. Run it again after an update of coord: it brings its own
    parts up to date.
    """
    with refusals_end_the_command():
        workspace = repository_setup.workspace_of()
        if folder is not None:
            url = repository_setup.checked_url(coord.url_option or workspace.url)
            make = plugin.remove if undo else plugin.add
            plan = make(real_path(folder), url, workspace.token is not None)
        elif undo:
            plan = repository_setup.remove(workspace, local_only=local)
        else:
            named = (coord.url_option, coord.project_option)
            options = repository_setup.InitOptions(*named, local, mcp, guard, agent_names)
            plan = repository_setup.install(workspace, options)
        changed = carry_out(coord, plan, dry_run=dry_run, yes=yes)
        if undo and not dry_run and folder is None:
            _note_trust(coord, workspace)
        if undo or dry_run:
            return
        _trust_named_server(coord, workspace)
        if folder is None:
            _move_old_state(coord)
        if changed:
            _note_next_step(coord, folder)


def _note_next_step(coord: Coord, folder: str | None) -> None:
    shell = hook_shell.find() if os.name == "nt" else None
    if os.name == "nt" and (shell is None or shell.is_powershell):
        where = "in PowerShell" if shell is not None else "nowhere"
        coord.note(
            f"Claude Code finds no Git Bash here, so it runs hooks {where}. If Git for Windows is"
            " installed, name its bash.exe in CLAUDE_CODE_GIT_BASH_PATH."
        )
    coord.note(_next_step(folder))


def _trust_named_server(coord: Coord, workspace: Workspace) -> None:
    """The server that the user names for this repository is called from then on; one that only its
    files name is not.
    """
    url = coord.url_option or (
        os.environ.get("COORD_URL") if workspace.has_users_environment else None
    )
    if url and tokens.trust(url):
        coord.note(f"You trust {printable(url)} from now on: coord trust --list.")


def _note_trust(coord: Coord, workspace: Workspace) -> None:
    """What undo leaves: the trust is the user's, and other repositories may name the same
    server."""
    if workspace.url in tokens.servers():
        stop = suggestions.command("trust --remove", workspace.url)
        coord.note(f"You still trust {printable(workspace.url)}. To end that: {stop}")


def _move_old_state(coord: Coord) -> None:
    """Of versions that kept it in the repository."""
    moved = migration.move_old_state(repository_setup.workspace_of())
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
