"""`coord whoami`."""

from __future__ import annotations

import os

import click

from coord.client import caller
from coord.client.banner import plain
from coord.client.cli.context import Body, Coord, pass_coord
from coord.client.cli.options import Command
from coord.client.session_name import user
from coord.client.workspace import CONFIG


@click.command(
    "whoami",
    cls=Command,
    examples="""
coord whoami
coord whoami --json | jq -r .session
""",
)
@pass_coord
def whoami(coord: Coord) -> None:
    """Show your session's name, the project, the server, and where each comes from. Asks nobody."""
    workspace = coord.workspace
    queue = coord.calls.queue
    facts: Body = {
        "session": coord.session,
        "session_from": _session_source(coord),
        "project": coord.project,
        "project_from": _project_source(coord),
        "url": workspace.url,
        "url_from": _source(
            coord.url_option, "--url", "COORD_URL", workspace.config.get("url"), "the default"
        ),
        "token": workspace.token is not None,
        "config": workspace.file,
        "config_ignored": workspace.ignored_file,
        "root": workspace.root,
        "queue": queue.path,
        "waiting": len(queue.waiting()),
        "refused": len(queue.rejected()),
    }
    coord.result(facts)
    coord.out(*([plain(facts["session"])] if coord.quiet else _lines(facts)))


def _lines(facts: Body) -> list[str]:
    token = ", with a token" if facts["token"] else ""
    ignored = facts["config_ignored"]
    unread = f"  ({plain(ignored)} belongs to another user)" if ignored else ""
    return [
        f"session  {plain(facts['session'])}  ({facts['session_from']})",
        f"project  {plain(facts['project'])}  ({facts['project_from']})",
        f"server   {plain(facts['url'])}  ({facts['url_from']}{token})",
        f"config   {plain(facts['config'] or 'none')}{unread}",
        f"files    are named from {plain(facts['root'])}",
        (
            f"queue    {plain(facts['queue'])}  ({facts['waiting']} waiting, {facts['refused']}"
            " refused)"
        ),
    ]


def _source(
    option: str | None, option_name: str, variable: str, configured: object, default: str
) -> str:
    if option:
        return option_name
    if os.environ.get(variable):
        return variable
    return CONFIG if configured else default


def _session_source(coord: Coord) -> str:
    in_claude = bool(os.environ.get("CLAUDE_CODE_SESSION_ID"))
    default = "CLAUDE_CODE_SESSION_ID" if in_claude else caller.identify(user()).source
    return _source(coord.session_option, "--session", "COORD_SESSION", None, default)


def _project_source(coord: Coord) -> str:
    default = "the repository's name" if coord.workspace.repository else "the folder's name"
    configured = coord.workspace.config.get("project")
    return _source(coord.project_option, "--project", "COORD_PROJECT", configured, default)
