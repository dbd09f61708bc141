"""`coord hook` as the help shows it. When it is called, coord/client/__main__.py goes straight to
coord.client.hook."""

from __future__ import annotations

import click

from coord.client.cli.options import Command


@click.command(
    "hook",
    cls=Command,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    examples="""
coord init            sets the hooks up
""",
)
@click.argument("arguments", metavar="< EVENT", nargs=-1)
def hook(arguments: tuple[str, ...]) -> None:
    """What Claude Code runs at each EVENT of its hooks, which it writes to standard input as
    JSON. It always exits 0, and is not meant for people."""
    from coord.client import hook as hook_program

    hook_program.main(list(arguments))
