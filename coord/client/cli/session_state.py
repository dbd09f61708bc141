"""What the command line remembers for a session between calls, in small files of the user's own:
the cursor of its last check-in, and which messages it has shown.

Losing it only costs another look, so it is kept without a lock.
"""

from __future__ import annotations

import json
import os
from typing import Any
from zlib import crc32

from coord.client.cli.context import Coord
from coord.client.safe_files import age_of, discard, list_folder, read, write_whole

MAX_SHOWN = 2000
MAX_AGE_S = 30 * 86400.0  # of a file that no session has written to


def _path(coord: Coord) -> str:
    caller = f"{coord.workspace.url} {coord.project} {coord.session}"
    return coord.workspace.state(f"cli-{crc32(caller.encode('utf-8', 'replace')):08x}.json")


def _load(coord: Coord) -> dict[str, Any]:
    try:
        state = json.loads(read(_path(coord)) or b"{}")
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _update(coord: Coord, **changes: Any) -> None:
    path = _path(coord)
    try:
        coord.workspace.make_state_folder()
        if not os.path.exists(path):
            _remove_old(coord.workspace.state_folder)
        write_whole(path, json.dumps({**_load(coord), **changes}).encode())
    except OSError:
        pass


def _remove_old(folder: str) -> None:
    for name in list_folder(folder):
        path = os.path.join(folder, name)
        if name.startswith("cli-") and age_of(path) > MAX_AGE_S:
            discard(path)


def cursor(coord: Coord) -> int | None:
    """Where the last check-in ended."""
    after = _load(coord).get("after")
    return after if isinstance(after, int) else None


def remember_cursor(coord: Coord, after: int) -> None:
    _update(coord, after=after)


def unanswered_claim(coord: Coord, scope: str) -> str | None:
    """The `claim_id` of a claim of work whose answer never came: repeated with it, the claim gives
    the same item."""
    claim = _load(coord).get("claim")
    if not isinstance(claim, dict) or claim.get("scope") != scope:
        return None
    return claim["id"] if isinstance(claim.get("id"), str) else None


def remember_claim(coord: Coord, scope: str, claim_id: str | None) -> None:
    _update(coord, claim={"scope": scope, "id": claim_id})


def shown(coord: Coord) -> list[str]:
    """The ids of unread messages that the session has seen."""
    ids = _load(coord).get("shown")
    return (
        [message_id for message_id in ids if isinstance(message_id, str)]
        if isinstance(ids, list)
        else []
    )


def remember_shown(coord: Coord, ids: list[str]) -> None:
    before = shown(coord)
    new = [message_id for message_id in ids if message_id not in before]
    _update(coord, shown=[*before, *new][-MAX_SHOWN:])


def forget_shown(coord: Coord, ids: list[str]) -> None:
    marked = set(ids)
    _update(coord, shown=[message_id for message_id in shown(coord) if message_id not in marked])
