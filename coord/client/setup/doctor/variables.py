"""`COORD_…` variables that are none of coord's: a misspelt one does nothing, and nobody would say
so.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from coord.client.others_text import printable
from coord.client.setup.doctor.check import WARNING, Check

PREFIX = "COORD_"
USERS = (
    "SESSION PROJECT URL TOKEN TOKEN_FILE TIMEOUT RETRY_AFTER SHARE_PROMPT HOST HOOKS GUARD"
).split()
OWN = "GUARD_TRIAL LOCK_ID FENCING_TOKEN RUN_ID DOCTOR PYTHON COMPLETE".split()
"""That coord sets for what it starts."""
SERVER = (
    "BIND DATABASE_URL DATABASE_FAILOVER DATABASE_POOL WORKERS THREADS AREAS ALLOWED_NETWORKS"
    " ALLOWED_HOSTS ALLOWED_ORIGINS TRUSTED_PROXIES TOKEN TOKEN_FILE PEER_CONNECTIONS PEER_CALLS"
    " PEER_WAITING SESSION_WAITING PEER_RATE SESSION_RATE DEFAULT_TTL_HOURS STALE_AFTER_HOURS"
    " BROADCAST_DAYS JOURNAL_DAYS MESSAGE_DAYS LOCK_DAYS HISTORY_DAYS SESSION_DAYS LOG_LEVEL"
    " METRICS_DIR"
).split()
"""Without the prefix. A workstation may serve as well, so the service's are no mistake there."""
SIMILAR = 0.6
MAX_SHOWN = 5


def check(environment: Mapping[str, str]) -> Iterator[Check]:
    for name, meant in list(misspelt(environment))[:MAX_SHOWN]:
        message = f"{printable(name)} is no variable of coord's, and does nothing"
        yield Check("environment", WARNING, message, f"Did you mean {meant}? Else leave it.")


def misspelt(environment: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names that are like one of a user's, with that one. Others are somebody else's."""
    names = dict.fromkeys((*USERS, *OWN, *SERVER))
    for name in sorted(environment):
        own = name[len(PREFIX) :]
        if not name.upper().startswith(PREFIX) or name in (PREFIX + other for other in names):
            continue
        meant = _nearest(own.upper(), names)
        if meant in USERS:
            yield name, PREFIX + meant


def _nearest(name: str, names: Iterable[str]) -> str:
    """Of `SESION`, `SESSION_NAME` and `CLAUDE_SESSION` it is `SESSION`."""
    similar = difflib.get_close_matches(name, names, n=1, cutoff=SIMILAR)
    within = [
        other for other in names if name.startswith(f"{other}_") or name.endswith(f"_{other}")
    ]
    within = [other for other in within if name.count("_") == other.count("_") + 1]
    return next(iter(similar), "") or max(within, key=len, default="")
