"""What the command line remembers for a session from one call to the next, in small files beside the queue: a cursor, and what was shown.

Losing it costs nothing but a second look, so it is kept without a lock.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any
from zlib import crc32

from coord.client.cli.common import Coord
from coord.client.locked import read, remove, write_whole

MOST_SHOWN = 2000
FORGOTTEN_AFTER_S = 30 * 86400.0


def _path(coord: Coord) -> str:
    who = f"{coord.place.url} {coord.project} {coord.session}"
    return coord.place.state(f"cli-{crc32(who.encode('utf-8', 'replace')):08x}.json")


def _load(coord: Coord) -> dict[str, Any]:
    try:
        told = json.loads(read(_path(coord)) or b"{}")
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _save(coord: Coord, told: dict[str, Any]) -> None:
    path = _path(coord)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.exists(path):
            _sweep(os.path.dirname(path))
        write_whole(path, json.dumps(told).encode())
    except OSError:
        pass


def _sweep(folder: str) -> None:
    """Removes what sessions left behind that are long over."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.startswith("coord-cli-") and time.time() - os.path.getmtime(path) > FORGOTTEN_AFTER_S:
            remove(path)


def cursor(coord: Coord) -> int | None:
    """Where the last check-in ended."""
    after = _load(coord).get("after")
    return after if isinstance(after, int) else None


def remember_cursor(coord: Coord, after: int) -> None:
    _save(coord, {**_load(coord), "after": after})


def unanswered_claim(coord: Coord, wanted: str) -> str | None:
    """The `claim_id` of a claim of work whose answer never came: made again with it, it gives the same item."""
    told = _load(coord).get("claim")
    return told["id"] if isinstance(told, dict) and told.get("wanted") == wanted and isinstance(told.get("id"), str) else None


def remember_claim(coord: Coord, wanted: str, claim_id: str | None) -> None:
    _save(coord, {**_load(coord), "claim": {"wanted": wanted, "id": claim_id}})


def shown(coord: Coord) -> list[str]:
    """The ids of unread messages that the session has seen."""
    ids = _load(coord).get("shown")
    return [each for each in ids if isinstance(each, str)] if isinstance(ids, list) else []


def remember_shown(coord: Coord, ids: list[str]) -> None:
    known = shown(coord)
    _save(coord, {**_load(coord), "shown": [*known, *(each for each in ids if each not in known)][-MOST_SHOWN:]})


def forget_shown(coord: Coord, ids: list[str]) -> None:
    marked = set(ids)
    _save(coord, {**_load(coord), "shown": [each for each in shown(coord) if each not in marked]})
