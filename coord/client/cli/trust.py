"""`coord trust`: which servers get this user's token."""

from __future__ import annotations

import click

from coord.client import address, tokens
from coord.client.banner import plain
from coord.client.cli.context import Coord, pass_coord
from coord.client.cli.failures import NOTHING, Failed
from coord.client.cli.options import Command
from coord.client.wire import check


@click.command(
    "trust",
    cls=Command,
    examples="""
coord trust                                  the server of this project
coord trust http://coord.example:8001
coord trust --remove http://coord.example:8001
coord trust --list
""",
)
@click.argument("url", required=False)
@click.option("--list", "list_only", is_flag=True, help="Only show which servers are trusted.")
@click.option("--remove", is_flag=True, help="Stop trusting it.")
@pass_coord
def trust(coord: Coord, url: str | None, list_only: bool, remove: bool) -> None:
    """Trust a server: it gets your token, and `coord upgrade` installs the client that it hands
    out.

    A server that only a repository's .coord.toml names gets neither, since any repository can
    name any server. Trusted from the start are what COORD_URL or --url names, the server that coord
    was installed from, and the default.
    """
    if list_only and (url or remove):
        raise click.UsageError("--list goes with neither URL nor --remove.")
    if not list_only:
        _change(coord, address.normal(url) if url else coord.workspace.url, remove)
    coord.result({"servers": tokens.servers()})
    if list_only:
        coord.out(*map(plain, tokens.servers()))


def _change(coord: Coord, url: str, remove: bool) -> None:
    check(url)
    changed = tokens.distrust(url) if remove else tokens.trust(url)
    if remove and not changed:
        sentence = f"{url} was not among the servers that you trust: coord trust --list"
        raise Failed(sentence, NOTHING, "not_found")
    state = "no longer trusted" if remove else "trusted" if changed else "already trusted"
    coord.note(f"{url} is {state}.")
