"""Creating things by an id that the client may choose, so that a replayed call makes
nothing twice.
"""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from typing import Any

from coord.errors import IdConflict


def new_id() -> str:
    """A UUIDv7: the time in milliseconds, then random bits (RFC 9562), so that new rows go to the
    end of an index.
    """
    bits = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    bits = bits & ~(0xF << 76) | 0x7 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=bits))


def digest(content: Mapping[str, Any]) -> str:
    """What tells a repeated create from another one under the same id: all that the caller asked
    for, defaults filled in.
    """
    text = json.dumps(
        content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


def must_match(stored: Mapping[str, Any], wanted: str, kind: str) -> None:
    """Raises IdConflict unless the stored row was created by the same content."""
    if stored["digest"] != wanted:
        raise IdConflict(
            f"The id {stored['id']} was already used for a {kind} with other content. Repeat it"
            " exactly, or choose a new id."
        )
