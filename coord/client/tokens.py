"""This user's token, and the servers that get it.

Anybody's repository can name any server in its `.coord.toml`, so what a repository names gets no token, and no client is installed from it,
before the user has said that this server is trusted: by `COORD_URL` or `--url`, by installing coord from it, or with `coord trust`.
"""

from __future__ import annotations

import os

from coord.client.locked import read, write_whole

SERVERS, TOKEN = "servers", "token"


class BadToken(Exception):
    """There is a token that cannot be used; the message says where it is from."""


def folder() -> str:
    """Where this user's settings are."""
    if os.name == "nt":
        return os.path.join(os.environ.get("APPDATA") or os.path.expanduser(r"~\AppData\Roaming"), "coord")
    given = os.environ.get("XDG_CONFIG_HOME", "")
    return os.path.join(given if os.path.isabs(given) else os.path.expanduser("~/.config"), "coord")


def token() -> str | None:
    """`COORD_TOKEN`, else the first line of the file that `COORD_TOKEN_FILE` names, else that of `token` in the user's settings; None when
    there is none. Raises BadToken."""
    found, where = os.environ.get("COORD_TOKEN"), "COORD_TOKEN"
    named = os.environ.get("COORD_TOKEN_FILE")
    file = os.path.expanduser(named) if named else os.path.join(folder(), TOKEN)
    if not found and (named or os.path.exists(file)):
        where = f"The token file {file}"
        try:
            with open(file, encoding="utf-8") as opened:
                found = opened.readline()
        except (OSError, UnicodeDecodeError) as error:
            raise BadToken(f"{where} cannot be read: {error}.") from None
    found = (found or "").strip()
    if not (found.isascii() and found.isprintable()):
        raise BadToken(f"{where} holds characters that no token has.")
    return found or None


def trusts(url: str) -> bool:
    """Whether the server gets the token: one on this machine, and those that the user has named."""
    return _is_here(url) or _same(url) in (_same(each) for each in servers())


def servers() -> list[str]:
    """Those that the user has named, oldest first."""
    return read(os.path.join(folder(), SERVERS)).decode("utf-8", "replace").split()


def trust(url: str) -> bool:
    """From now on. Whether that is new. Raises OSError."""
    if trusts(url):
        return False
    _write([*servers(), url.rstrip("/")])
    return True


def distrust(url: str) -> bool:
    """From now on no longer. Whether it was trusted. Raises OSError."""
    kept = [each for each in servers() if _same(each) != _same(url)]
    if kept == servers():
        return False
    _write(kept)
    return True


def _write(urls: list[str]) -> None:
    os.makedirs(folder(), exist_ok=True)
    write_whole(os.path.join(folder(), SERVERS), "".join(f"{each}\n" for each in urls).encode())


def _is_here(url: str) -> bool:
    host = url.partition("://")[2].partition("/")[0]
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    numbers = name.split(".")
    return name in ("localhost", "[::1]") or (len(numbers) == 4 and numbers[0] == "127" and all(part.isdigit() for part in numbers))


def _same(url: str) -> str:
    """One spelling of all that name the same server."""
    scheme, separator, rest = url.strip().rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{separator}{host.lower()}{slash}{path}"
