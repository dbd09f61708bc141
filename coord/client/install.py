"""`coord install` and `coord upgrade`."""

from __future__ import annotations

import os

import click

from coord import __version__
from coord.client import address, download, installation, launcher, suggestions, tokens
from coord.client.cli.context import Coord, leave, pass_coord
from coord.client.cli.failures import Failed
from coord.client.cli.options import Command


@click.command(
    "install",
    cls=Command,
    examples=(
        "python3 coord.pyz install\ncoord install --from http://coord.example:8001\ncoord install"
        " --uninstall"
    ),
)
@click.option(
    "--bin-dir",
    metavar="DIR",
    help="Where the launcher goes.  [default: ~/.local/bin, where hooks look for it]",
)
@click.option(
    "--from",
    "source",
    metavar="URL",
    help="Install the client that this server hands out, whichever version it is.",
)
@click.option("--server", metavar="URL", hidden=True, help="Where the file came from.")
@click.option("--uninstall", is_flag=True, help="Remove all that install wrote.")
@pass_coord
def install(
    coord: Coord, bin_dir: str | None, source: str | None, server: str | None, uninstall: bool
) -> None:
    """Install coord for this user: a launcher on PATH, and its files where it starts fast.

    Needs no root and no network. May be repeated.
    """
    if uninstall and (bin_dir or source):
        raise click.UsageError("--uninstall goes by itself: it knows what was installed where.")
    try:
        if source:
            source = address.normal(source)
            _from(coord, source, download.offered(source, _token())["sha256"], bin_dir)
            return
        report = installation.uninstall() if uninstall else installation.install(bin_dir, server)
        if not uninstall:
            installation.check_runs(report.fields["launcher"])
    except (launcher.CannotInstall, installation.DoesNotStart) as error:
        raise Failed(str(error)) from None
    coord.result(report.fields)
    coord.out(*report.lines)


@click.command(
    "upgrade", cls=Command, examples="coord upgrade\ncoord upgrade --url http://coord.example:8001"
)
@pass_coord
def upgrade(coord: Coord) -> None:
    """Install the client that the server hands out which coord was installed from, if it is another
    than this.

    What runs already goes on with the old one. An older one than this is not installed; `coord
    install --from URL` does that.
    """
    url = (
        coord.url_option
        or installation.Installed.load(installation.data_folder()).server
        or coord.workspace.url
    )
    if not (coord.url_option or tokens.trusts(url) or _is_named_by_user(coord, url)):
        raise Failed(
            f"Only this repository names {url}. If you trust what it hands out:"
            f" {suggestions.command('upgrade', url=url)}"
        )
    try:
        offer = download.offered(url, _token())
        version, sha256 = str(offer.get("version")), str(offer["sha256"])
        if installation.Installed.load(installation.data_folder()).sha256 == sha256:
            coord.result({"version": version, "sha256": sha256, "upgraded": False})
            coord.out(f"coord {version} is what {url} hands out. Nothing to do.")
        elif download.is_newer(__version__, version):
            raise Failed(
                f"{url} hands out coord {version}, and this is {__version__}, which is newer. It"
                " serves newer clients too."
            )
        else:
            _from(coord, url, sha256, None)
    except launcher.CannotInstall as error:
        raise Failed(str(error)) from None


def _is_named_by_user(coord: Coord, url: str) -> bool:
    return os.environ.get("COORD_URL") == url and coord.workspace.has_users_environment


def _from(coord: Coord, url: str, sha256: str, bin_dir: str | None) -> None:
    options = [
        *(["--bin-dir", bin_dir] if bin_dir else []),
        *(["--json"] if coord.json else []),
        *(["--quiet"] if coord.quiet else []),
    ]
    leave(download.install_fetched(download.fetch(url, sha256, _token()), url, *options))


def _token() -> str | None:
    """Named by the user, or trusted. A token that cannot be used is no reason not to install."""
    try:
        return tokens.token()
    except tokens.BadToken:
        return None


command = install
