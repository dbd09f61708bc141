"""The name by which a session is known."""

from __future__ import annotations

import os

from coord.client import kept_names
from coord.client.host_name import host
from coord.client.ids import short_id


def session_name(
    agents_session: str | None = None, agent: str | None = None, *, kind: str = "claude"
) -> str:
    """`COORD_SESSION`, else `HOST/claude-<session>`, else what tells the user's terminals and
    agents apart (`caller`).

    `kind`: the program whose session it is. `agent`: the id of the subagent that calls; it has a
    name of its own, below its session's.
    """
    session_id = agents_session or os.environ.get("CLAUDE_CODE_SESSION_ID")
    name = os.environ.get("COORD_SESSION")
    if not name and session_id:
        name = kept_names.name_of(session_id)
    if not name:
        name = f"{host()}/{f'{kind}-{short_id(session_id)}' if session_id else _caller()}"
    return f"{name}/{agent}"[:200] if agent else name[:200]


def _caller() -> str:
    from coord.client import caller  # never a hook: they know their session

    return caller.identify(user()).name


def user() -> str:
    return (
        os.environ.get("USER") or os.environ.get("USERNAME") or os.environ.get("LOGNAME") or "user"
    )
