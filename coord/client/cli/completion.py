"""`coord completion`, and what completes names from the service."""

from __future__ import annotations

import click

from coord.client.cli.common import Command

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    cls=Command,
    examples="""
coord completion bash > ~/.local/share/bash-completion/completions/coord
coord completion zsh > "${fpath[1]}/_coord"
coord completion fish > ~/.config/fish/completions/coord.fish
""",
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and names."""
    from click.shell_completion import get_completion_class

    from coord.client.cli.group import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "coord", "_COORD_COMPLETE").source_template % found(cli, {}, "coord", "_COORD_COMPLETE").source_vars())
