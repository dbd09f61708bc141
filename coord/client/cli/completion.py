"""`coord completion`, and what completes names from the service."""

from __future__ import annotations

import os
from typing import Any, Callable

import click

from coord.client.calls import Calls, Timeouts
from coord.client.cli.context import Coord
from coord.client.cli.options import Command
from coord.client.percent import query
from coord.client.wire import Away
from coord.client.workspace import BadConfig

TIMEOUT_S = 0.7  # somebody waits for it with a finger on the Tab key

Completer = Callable[[click.Context, click.Parameter, str], "list[Any]"]

SHELLS = ("bash", "zsh", "fish", "powershell")


@click.command(
    "completion",
    cls=Command,
    examples="""
coord completion bash > ~/.local/share/bash-completion/completions/coord
coord completion zsh > "${fpath[1]}/_coord"
coord completion fish > ~/.config/fish/completions/coord.fish
coord completion powershell >> $PROFILE
""",
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and names."""
    from click.shell_completion import get_completion_class

    from coord.client.cli import (
        posix_completion,  # noqa: F401 (click knows it by its import)
        powershell_completion,  # noqa: F401 (click knows it by its import)
    )
    from coord.client.cli.group import cli

    complete = get_completion_class(shell)
    assert complete is not None
    script = complete(cli, {}, "coord", "_COORD_COMPLETE")
    # source() would start a bash to ask for its version
    click.echo(script.source_template % script.source_vars())


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def listed(
    path: str, field: str, *, spell: Callable[[Coord, str], str] | None = None, **filters: Any
) -> Completer:
    """Completes this field of what the service lists at `path`, as `spell` has it. A filter that is
    a function gets the Coord."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        coord = ctx.find_object(Coord) or Coord()
        try:
            values = {
                name: value(coord) if callable(value) else value for name, value in filters.items()
            }
            calls = Calls(coord.workspace, coord.session, Timeouts(call=TIMEOUT_S))
            answer = calls.read(path + query(project_key=coord.project, **values))
        except (Away, BadConfig, OSError, click.ClickException):
            return []
        rows = answer.json["items"] if answer.is_coords and answer.ok else []
        names = [row[field] if spell is None else spell(coord, row[field]) for row in rows]
        return [name for name in names if name.startswith(incomplete)]

    return complete


def _from_here(coord: Coord, resource: str) -> str:
    """The word that names it in this folder: in `src`, `app.py` is `src/app.py`."""
    from coord.client.cli import naming

    below = os.path.relpath(os.path.join(coord.workspace.root, resource))
    slash = "/" if resource.endswith("/") else ""
    for word in (resource, below + slash):
        try:
            if naming.resource(coord, word) == (coord.project, resource):
                return word
        except click.ClickException:
            continue
    return resource


own_locks = listed("/locks", "resource", spell=_from_here, session_id=lambda coord: coord.session)
components = listed("/components", "component")
sessions = listed("/sessions", "session_id")
items = listed("/work-items", "id", status=["pending", "in_progress", "blocked"])
workflows = listed("/workflows", "name")
