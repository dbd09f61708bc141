"""`coord trust`: which servers get this user's token."""

from __future__ import annotations

import click

from coord.client import tokens
from coord.client.banner import plain
from coord.client.cli.common import Command, Coord, pass_coord
from coord.client.cli.failures import NOTHING, Failed
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
@click.option("--list", "listed", is_flag=True, help="Only show which servers are trusted.")
@click.option("--remove", is_flag=True, help="No longer.")
@pass_coord
def trust(coord: Coord, url: str | None, listed: bool, remove: bool) -> None:
    """Trust a server: it gets your token, and `coord upgrade` installs what it hands out.

    A server that only a repository's .coord.toml names gets neither, since anybody's repository can name any server. Trusted from the begin are
    this machine, what COORD_URL or --url names, and the server that coord was installed from.
    """
    if listed and (url or remove):
        raise click.UsageError("--list goes by itself.")
    if not listed:
        named = (url or coord.place.url).rstrip("/")
        check(named)
        changed = tokens.distrust(named) if remove else tokens.trust(named)
        if remove and not changed:
            raise Failed(f"{named} was not among the servers that you trust: coord trust --list", NOTHING, "not_found")
        coord.note(f"{named} is {'no longer trusted' if remove else 'trusted' if changed else 'trusted already'}.")
    coord.result({"servers": tokens.servers()})
    if listed:
        coord.out(*map(plain, tokens.servers()))
