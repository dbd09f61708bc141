"""Every setting of coord: its `COORD_…` environment variable, its default and what it means.

`load()` reads them all at once and refuses a value it cannot use, so a mistake is seen at start-up and not at the first call.
"""

import difflib
import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
)

PRIVATE_NETWORKS = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadSetting(ValueError):
    """A `COORD_…` variable holds a value that coord cannot use; the message names both."""


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


def text(value: str) -> str:
    return value.strip()


def words(value: str) -> tuple[str, ...]:
    """Comma- or space-separated words, in order, empty ones left out."""
    return tuple(value.replace(",", " ").split())


def networks(value: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(word) for word in words(value))


def choice(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip().lower() not in allowed:
            raise ValueError(f"not one of {', '.join(allowed)}")
        return value.strip().lower()

    return parse


def number_from(low: float, high: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        number = float(value)
        if not low <= number <= high:
            raise ValueError(f"not between {low:g} and {high:g}")
        return number

    return parse


def whole_from(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        number = int(value)
        if not low <= number <= high:
            raise ValueError(f"not between {low} and {high}")
        return number

    return parse


def optional(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda value: parse(value) if value.strip() else None


SETTINGS: tuple[Setting, ...] = (
    Setting("BIND", "127.0.0.1:8001", text, "Address and port gunicorn listens on; `0.0.0.0:8001` serves the private network."),
    Setting(
        "DATABASE_URL",
        "",
        text,
        "`sqlite:////path/coord.db` or `mariadb+pymysql://user:password@host:3306/coord`. Empty: the SQLite file `instance/coord.db`.",
    ),
    Setting(
        "DATABASE_FAILOVER",
        "",
        words,
        "Further MariaDB nodes (`host:port`, in order) tried when the one in the URL does not answer. All writes go to the first that does.",
    ),
    Setting("DATABASE_POOL", "16", whole_from(1, 500), "Database connections that one worker process opens at most."),
    Setting("WORKERS", "", optional(whole_from(1, 64)), "gunicorn worker processes. Empty: 1 on SQLite, 2 on MariaDB."),
    Setting(
        "THREADS",
        "128",
        whole_from(1, 2000),
        "Threads of each worker: calls it serves at the same time. Four fifths of them may be calls that wait.",
    ),
    Setting("AREAS", "", words, "Further areas (Python modules with an `area`), besides the built-in and the installed ones."),
    Setting(
        "ALLOWED_NETWORKS",
        PRIVATE_NETWORKS,
        networks,
        "Networks that may call. Default: loopback, private and link-local ranges.",
    ),
    Setting(
        "ALLOWED_HOSTS",
        "",
        words,
        "Further names this service is called by (`Host`). IP addresses, `localhost`, names without a dot and the machine's own name always are.",
    ),
    Setting("ALLOWED_ORIGINS", "", words, "Origins (`https://tools.example`) whose pages may call; the service's own always may."),
    Setting(
        "TRUSTED_PROXIES", "", networks, "Networks whose `X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix` are believed. Default: none."
    ),
    Setting("TOKEN", "", text, "When set, every call except `/livez`, `/health` and `/client` needs `Authorization: Bearer <token>`."),
    Setting("TOKEN_FILE", "", text, "File that holds the token (first line); instead of `COORD_TOKEN`."),
    Setting("DEFAULT_TTL_HOURS", "2", number_from(0, 87600), "`ttl_hours` of a claim that names none; 0 never expires."),
    Setting(
        "STALE_AFTER_HOURS",
        "2",
        number_from(0.0001, 87600),
        "A lock without activity for this long is stale: any session may release it or take it over. Counts from its next activity on.",
    ),
    Setting("BROADCAST_DAYS", "7", number_from(0.0001, 3650), "Broadcasts older than this no longer count as unread."),
    Setting("JOURNAL_DAYS", "90", number_from(0, 36500), "Days that the journal of changes (`/events`) is kept; 0: for ever."),
    Setting("LOG_LEVEL", "info", choice("debug", "info", "warning", "error"), "Least severe log record that is written."),
    Setting("METRICS_DIR", "", text, "Folder where workers share their metrics, wiped at start. Empty: a temporary one."),
)


def default_database_url() -> str:
    folder = Path.cwd() / "instance"
    folder.mkdir(exist_ok=True)
    return f"sqlite:///{folder / 'coord.db'}"


def load(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """All settings by name. Raises BadSetting for a value that cannot be used."""
    loaded: dict[str, Any] = {}
    for setting in SETTINGS:
        value = environ.get(setting.variable, setting.default)
        try:
            loaded[setting.name] = setting.parse(value)
        except ValueError as reason:
            raise BadSetting(f"{setting.variable}={value!r} cannot be used: {reason}. {setting.meaning}") from None
    if loaded["TOKEN_FILE"]:
        loaded["TOKEN"] = read_token(Path(loaded["TOKEN_FILE"]))
    return loaded


def misspelt(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that look like a setting and are none, with the one that may be meant. Others of the prefix are somebody else's."""
    known = [setting.variable for setting in SETTINGS]
    unknown = [name for name in environ if name.startswith("COORD_") and name not in known]
    nearest = {name: difflib.get_close_matches(name, known, n=1, cutoff=0.7) for name in unknown}
    return {name: found[0] for name, found in nearest.items() if found}


def read_token(path: Path) -> str:
    """The first line of the file. Raises BadSetting: a token that was asked for but cannot be read must not open the service."""
    try:
        token = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except OSError as reason:
        raise BadSetting(f"COORD_TOKEN_FILE={str(path)!r} cannot be read: {reason.strerror}.") from None
    if not token:
        raise BadSetting(f"COORD_TOKEN_FILE={str(path)!r} is empty: write the token on its first line.")
    return token


def workers(loaded: Mapping[str, Any]) -> int:
    """Worker processes: SQLite has one writer at a time, so one process keeps its writers in one fair queue."""
    if loaded["WORKERS"] is not None:
        return int(loaded["WORKERS"])
    return 1 if not loaded["DATABASE_URL"] or loaded["DATABASE_URL"].startswith("sqlite") else 2
