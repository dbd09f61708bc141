"""What this machine is called."""

from __future__ import annotations

import os

from coord.client.lean import socket


def host() -> str:
    """This machine's name without its domain, as `hostname` says it; `COORD_HOST` names it
    otherwise.

    Windows has two: COMPUTERNAME is that one in upper case, cut at 15 letters.
    """
    name = os.environ.get("COORD_HOST") or (
        os.uname().nodename if hasattr(os, "uname") else socket.gethostname()
    )
    return name.partition(".")[0] or "localhost"
