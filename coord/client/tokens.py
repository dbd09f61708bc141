"""This user's token, and the servers that the user trusts.

Anybody's repository can name any server in its `.coord.toml`. Until the user has said that this
server is trusted, nothing is sent to it and nothing of it is shown: by `COORD_URL` or `--url`, by
installing coord from it, or with `coord trust`. A server on this machine is no exception: whoever
runs a program here can listen on a port.
"""

from __future__ import annotations

import os
import stat

from coord.client import address, text_files
from coord.client.lean import loads_or_none
from coord.client.paths import home_of
from coord.client.safe_files import (
    is_own_or_roots,
    make_folders,
    open_any,
    read_any,
    write_whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SERVERS, TOKEN = "servers", "token"
MAX_TOKEN_BYTES = 1024 * 1024  # of its file


class BadToken(Exception):
    """There is a token that cannot be used; the message says where it is from."""


def folder(environment: Mapping[str, str] = os.environ) -> str:
    """Where this user's settings are."""
    home = home_of(environment)
    if os.name == "nt":
        roaming = environment.get("APPDATA") or os.path.join(home, "AppData", "Roaming")
        return os.path.join(roaming, "coord")
    config_home = environment.get("XDG_CONFIG_HOME", "")
    is_absolute = os.path.isabs(config_home)
    return os.path.join(config_home if is_absolute else f"{home}/.config", "coord")


def token(environment: Mapping[str, str] = os.environ) -> str | None:
    """`COORD_TOKEN`, else the first line of the file that `COORD_TOKEN_FILE` names, else that of
    `token` in the user's settings; None when there is none. Raises BadToken."""
    value, source = environment.get("COORD_TOKEN"), "COORD_TOKEN"
    file = token_file(environment)
    if not value and (environment.get("COORD_TOKEN_FILE") or os.path.exists(file)):
        source = f"The token file {file}"
        try:
            with open_any(file) as opened:
                value = text_files.decode(opened.read(MAX_TOKEN_BYTES)).partition("\n")[0]
        except (OSError, text_files.BadEncoding) as error:
            raise BadToken(f"{source} cannot be read: {error}.") from None
    value = (value or "").strip()
    if not (value.isascii() and value.isprintable()):
        raise BadToken(f"{source} holds characters that no token has.")
    return value or None


def token_file(environment: Mapping[str, str] = os.environ) -> str:
    """Where the token is read from, unless `COORD_TOKEN` has it."""
    named = environment.get("COORD_TOKEN_FILE")
    if named and named[:2] in ("~", "~/"):
        return home_of(environment) + named[1:]
    return os.path.expanduser(named) if named else os.path.join(folder(environment), TOKEN)


def trusts(url: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether calls may go to the server: one that the user has named, or that is called where
    nobody names any.
    """
    return _normal(url) in (_normal(server) for server in [default_server(), *servers(environment)])


def servers(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Those that the user has named, oldest first."""
    file = os.path.join(folder(environment), SERVERS)
    try:
        status = os.stat(file)
        is_obeyed = stat.S_ISREG(status.st_mode) and is_own_or_roots(status)
        return text_files.decode_all(read_any(file)).split() if is_obeyed else []
    except OSError:
        return []


def default_server() -> str:
    """The server that is called where nobody names one: the one that this client was installed
    from.
    """
    installed = os.path.dirname(
        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    )
    try:
        state = loads_or_none(read_any(os.path.join(installed, "installed.json")))
    except OSError:
        state = None
    server = state.get("server") if isinstance(state, dict) else None
    return server if isinstance(server, str) and server else address.DEFAULT_URL


def trust(url: str) -> bool:
    """From now on. Whether that is new. Raises OSError."""
    if trusts(url):
        return False
    _write([*servers(), address.normal(url)])
    return True


def distrust(url: str) -> bool:
    """From now on no longer. Whether it was trusted. Raises OSError."""
    kept = [server for server in servers() if _normal(server) != _normal(url)]
    if kept == servers():
        return False
    _write(kept)
    return True


def _write(urls: list[str]) -> None:
    make_folders(folder())
    content = "".join(f"{url}\n" for url in urls).encode()
    write_whole(os.path.join(folder(), SERVERS), content, may_be_link=True)


def _normal(url: str) -> str:
    """One spelling of all that name the same server."""
    scheme, separator, rest = address.normal(url).partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{separator}{host.lower()}{slash}{path}"
