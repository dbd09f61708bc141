"""Every setting of coord: its `COORD_…` environment variable, its default and what it means.

`load()` reads them all at once and refuses a value it cannot use, so a mistake is seen at start-up
and not at the first call.
"""

import difflib
import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .parsing import (
    Network,
    Token,
    bind_address,
    choice,
    database_url,
    file_name,
    host_names,
    networks,
    nodes,
    number_from,
    optional,
    origins,
    parsed_tokens,
    text,
    token,
    whole_from,
    words,
)

__all__ = ["BadSetting", "Network", "Setting", "Token", "networks"]

BUILT_IN_AREAS = (
    "coord.areas.locks",
    "coord.areas.components",
    "coord.areas.workflows",
    "coord.areas.messages",
    "coord.areas.sessions",
    "coord.areas.events",
    "coord.areas.status",
    "coord.areas.health",
    "coord.areas.documentation",
    "coord.areas.metrics",
    "coord.areas.client",
    "coord.areas.mcp",
    "coord.areas.board",
)

PRIVATE_NETWORKS = (
    "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10"
)

DECIDING_ACCESS = (
    "BIND",
    "ALLOWED_NETWORKS",
    "ALLOWED_HOSTS",
    "ALLOWED_ORIGINS",
    "TRUSTED_PROXIES",
    "TOKEN",
    "TOKEN_FILE",
)
"""Settings whose name, misspelt, must not leave the service more open than it was meant to be."""
SECRET = ("DATABASE_URL", "TOKEN")
"""Settings whose value is not repeated: a part of it may be a password."""
MAX_SHOWN = 200  # characters of a value that is refused


class BadSetting(ValueError):
    """A `COORD_…` variable holds a value that coord cannot use; the message names both."""


in_use: list[Any] = []
"""The settings that gunicorn was started or last reloaded with, and its folder for metrics; empty
before. A mistake that is made later must not end a service that runs.
"""


@dataclass(frozen=True)
class Setting:
    """One setting: read from `COORD_<name>`, kept in `app.config[name]`."""

    name: str
    default: str
    parse: Callable[[str], Any]
    meaning: str

    @property
    def variable(self) -> str:
        return f"COORD_{self.name}"


def _days(name: str, what: str) -> Setting:
    return Setting(name, "90", number_from(0, 36500), f"Days that {what}")


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "BIND",
        "127.0.0.1:8001",
        bind_address,
        "Address and port gunicorn listens on; `0.0.0.0:8001` serves the private network.",
    ),
    Setting(
        "DATABASE_URL",
        "",
        database_url,
        "`sqlite:////path/coord.db` or `mariadb+pymysql://user:password@host:3306/coord`. Empty:"
        " the SQLite file `instance/coord.db`.",
    ),
    Setting(
        "DATABASE_FAILOVER",
        "",
        nodes,
        "Further MariaDB nodes (`host:port` or `[address]:port`, in order) tried when the one in"
        " the URL does not answer. All writes go to the first that does.",
    ),
    Setting(
        "DATABASE_POOL",
        "16",
        whole_from(1, 500),
        "Database connections that one worker process opens at most.",
    ),
    Setting(
        "WORKERS",
        "",
        optional(whole_from(1, 64)),
        "gunicorn worker processes. Empty: 1 on SQLite, 2 on MariaDB.",
    ),
    Setting(
        "THREADS",
        "128",
        whole_from(1, 2000),
        "Threads of each worker: calls it serves at the same time. Nine tenths of them may be calls"
        " that wait.",
    ),
    Setting(
        "AREAS",
        "",
        words,
        "Further areas (Python modules with an `area`), besides the built-in and the installed"
        " ones.",
    ),
    Setting(
        "ALLOWED_NETWORKS",
        PRIVATE_NETWORKS,
        networks,
        "Networks that may call. Default: loopback, private and link-local ranges.",
    ),
    Setting(
        "ALLOWED_HOSTS",
        "",
        host_names,
        "Further names this service is called by (`Host`). IP addresses, `localhost` and the"
        " machine's own name always are; for callers on other machines, and where no data is shown,"
        " so is any name without a dot.",
    ),
    Setting(
        "ALLOWED_ORIGINS",
        "",
        origins,
        "Origins (`https://tools.example`) whose pages may call; the service's own always may.",
    ),
    Setting(
        "TRUSTED_PROXIES",
        "",
        networks,
        "Networks whose `X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix` are believed. Default:"
        " none.",
    ),
    Setting(
        "TOKEN",
        "",
        token,
        "When set, every call that shows or changes data needs `Authorization: Bearer <token>`.",
    ),
    Setting(
        "TOKEN_FILE",
        "",
        file_name,
        "File with a token on each line, or `name:token`; any of them opens, so one can replace"
        " another. Instead of `COORD_TOKEN`.",
    ),
    Setting(
        "PEER_CONNECTIONS",
        "1000",
        whole_from(0, 100_000),
        "Connections of one peer (an address) to a worker. For one more, the quietest is closed; 0:"
        " no limit.",
    ),
    Setting(
        "PEER_CALLS",
        "2",
        whole_from(0, 2000),
        "Calls of one peer that a worker computes or sends the answers of at once, while others"
        " call too; those that wait are not counted. 0: no limit, and no share of the time.",
    ),
    Setting(
        "PEER_WAITING",
        "80",
        whole_from(1, 100),
        "How many of a worker's threads, in percent, may be calls of one peer that wait, streams"
        " included.",
    ),
    Setting(
        "SESSION_WAITING",
        "20",
        whole_from(0, 2000),
        "Calls of one session that may wait in a worker; 0: no limit.",
    ),
    Setting(
        "PEER_RATE",
        "3000",
        number_from(0, 1_000_000),
        "Calls a second of one peer to a worker, on average over 10 s; each 2 KiB of a body count"
        " as one more, and each 16 KiB of an answer. 0: no limit.",
    ),
    Setting("SESSION_RATE", "500", number_from(0, 1_000_000), "The same for one session."),
    Setting(
        "DEFAULT_TTL_HOURS",
        "2",
        number_from(0, 87600),
        "`ttl_hours` of a claim that names none; 0 never expires.",
    ),
    Setting(
        "STALE_AFTER_HOURS",
        "2",
        number_from(0.0001, 87600),
        "A lock without activity for this long is stale: any session may release it or take it"
        " over. Counts from its next activity on.",
    ),
    Setting(
        "BROADCAST_DAYS",
        "7",
        number_from(0.0001, 3650),
        "Broadcasts older than this no longer count as unread.",
    ),
    _days("JOURNAL_DAYS", "the journal of changes (`/events`) is kept; 0: for ever."),
    _days("MESSAGE_DAYS", "messages are kept; 0, or unread: for ever."),
    _days("LOCK_DAYS", "locks are kept after their release; 0: for ever."),
    _days("HISTORY_DAYS", "the histories of components are kept; 0: for ever."),
    _days("SESSION_DAYS", "sessions which ended are kept; 0: for ever."),
    Setting(
        "LOG_LEVEL",
        "info",
        choice("debug", "info", "warning", "error"),
        "Least severe log record that is written.",
    ),
    Setting(
        "METRICS_DIR",
        "",
        text,
        "Folder where workers share their metrics, wiped at start. Empty: a temporary one.",
    ),
)


def default_database_url() -> str:
    """Raises BadSetting."""
    folder = Path.cwd() / "instance"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as reason:
        raise BadSetting(
            f"COORD_DATABASE_URL is not set, and {folder} cannot be made for the database:"
            f" {reason.strerror}."
        ) from None
    return f"sqlite:///{folder / 'coord.db'}"


def _cut(value: str) -> str:
    return value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}…"


def load(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """All settings by name. Raises BadSetting for a value that cannot be used."""
    loaded: dict[str, Any] = {}
    for setting in SETTINGS:
        value = environ.get(setting.variable, setting.default)
        try:
            loaded[setting.name] = setting.parse(value)
        except ValueError as reason:
            shown = "…" if setting.name in SECRET else repr(_cut(value))
            raise BadSetting(
                f"{setting.variable}={shown} cannot be used: {reason}. {setting.meaning}"
            ) from None
    if loaded["DATABASE_FAILOVER"] and not is_mariadb(loaded):
        raise BadSetting(
            f"COORD_DATABASE_FAILOVER={' '.join(loaded['DATABASE_FAILOVER'])!r} cannot be used:"
            " these are further nodes of MariaDB, and COORD_DATABASE_URL names none."
        )
    loaded["TOKENS"] = tokens_of(loaded)
    for name, suggestion in misspelt(environ).items():
        if suggestion.removeprefix("COORD_") in DECIDING_ACCESS:
            raise BadSetting(
                f"{name} is not a setting. Did you mean {suggestion}? It decides who may call, so"
                " nothing is started."
            )
    return loaded


def misspelt(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that look like a setting and are none, with the one that may be meant.

    Others of the prefix are somebody else's.
    """
    known = [setting.variable for setting in SETTINGS]
    unknown = [name for name in environ if name.startswith("COORD_") and name not in known]
    nearest = {name: difflib.get_close_matches(name, known, n=1, cutoff=0.7) for name in unknown}
    return {name: found[0] for name, found in nearest.items() if found}


def tokens_of(settings: Mapping[str, Any]) -> tuple[Token, ...]:
    """The tokens that open the service; none: it is open. Raises BadSetting."""
    if settings["TOKEN"] and settings["TOKEN_FILE"]:
        raise BadSetting(
            "COORD_TOKEN and COORD_TOKEN_FILE are both set, and one would be ignored: keep one of"
            " them."
        )
    if settings["TOKEN_FILE"]:
        return read_tokens(Path(settings["TOKEN_FILE"]))
    return (Token(settings["TOKEN"]),) if settings["TOKEN"] else ()


def read_tokens(path: Path) -> tuple[Token, ...]:
    """All tokens of the file, one a line; empty lines and those that begin with # are left out.

    Raises BadSetting: a token that was asked for but cannot be read must not leave the service
    open.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe waits for who writes into it
            raise BadSetting(f"COORD_TOKEN_FILE={str(path)!r} is not a regular file.")
        text_of_file = path.read_text(encoding="utf-8-sig")
    except OSError as reason:
        raise BadSetting(
            f"COORD_TOKEN_FILE={str(path)!r} cannot be read: {reason.strerror}."
        ) from None
    except UnicodeDecodeError:
        raise BadSetting(f"COORD_TOKEN_FILE={str(path)!r} is not UTF-8: save it as such.") from None
    try:
        return parsed_tokens(text_of_file)
    except ValueError as reason:
        raise BadSetting(f"COORD_TOKEN_FILE={str(path)!r}: {reason}.") from None


@cache
def check_descriptor(bind: str) -> None:
    """Once a start: at a HUP gunicorn has made the socket its own and closed the descriptor. Raises
    BadSetting.
    """
    if bind.startswith("fd://"):
        try:
            os.fstat(int(bind.removeprefix("fd://")))
        except OSError:
            raise BadSetting(
                f"COORD_BIND={bind!r} is no descriptor that was handed over."
            ) from None


def listens_beyond_loopback(bind: str) -> bool:
    """Whether others than this machine can reach the address that gunicorn is to listen on."""
    if bind.startswith(("unix:", "fd://")):
        return False
    host = bind.rpartition(":")[0].strip("[]")
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def workers(loaded: Mapping[str, Any]) -> int:
    """Worker processes: SQLite has one writer at a time, so one process keeps its writers in one
    fair queue.
    """
    if loaded["WORKERS"] is not None:
        return int(loaded["WORKERS"])
    return 2 if is_mariadb(loaded) else 1


def is_mariadb(loaded: Mapping[str, Any]) -> bool:
    """Empty is the SQLite file that `default_database_url` makes."""
    url = loaded["DATABASE_URL"]
    return bool(url) and not url.startswith("sqlite")
