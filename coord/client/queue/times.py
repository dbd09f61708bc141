"""Times and ids of queued calls, without `datetime` and `uuid`: those would cost a hook several
milliseconds.
"""

from __future__ import annotations

import os
import time


def timestamp(seconds: float) -> str:
    """ISO 8601 UTC with microseconds and Z."""
    micros = round(seconds * 1_000_000)
    whole, fraction = divmod(micros, 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{fraction:06d}Z"


def seconds_of(ts: str) -> float | None:
    """Seconds since 1970 of what `timestamp`, a shell's `date -u +%FT%TZ` or `date -Is` wrote; None
    for anything else.
    """
    text, offset = _split_offset(ts.rstrip("Z"))
    date_time, dot, fraction = text[:19], text[19:20], text[20:]
    digits = (
        date_time[:4]
        + date_time[5:7]
        + date_time[8:10]
        + date_time[11:13]
        + date_time[14:16]
        + date_time[17:19]
        + fraction
    )
    if (
        offset is None
        or len(date_time) != 19
        or date_time[4::3] != "--T::"
        or dot not in ("", ".", ",")
    ):
        return None
    if not (digits.isascii() and digits.isdecimal()):
        return None
    year, month, day = int(date_time[:4]), int(date_time[5:7]), int(date_time[8:10])
    of_day = (
        int(date_time[11:13]) * 3600
        + int(date_time[14:16]) * 60
        + int(date_time[17:19])
        + (float(f"0.{fraction}") if fraction else 0.0)
    )
    if not (1 <= month <= 12 and 1 <= day <= 31 and of_day < 86401):
        return None
    return _days_since_1970(year, month, day) * 86400 + of_day - offset


def _split_offset(text: str) -> tuple[str, float | None]:
    """The text without its zone, and that zone's offset in seconds; None when the zone is
    not one.
    """
    if text[-3:-2] != ":" or text[-6:-5] not in ("+", "-"):
        return text, 0.0
    text, zone = text[:-6], text[-6:]
    if not (zone[1:3] + zone[4:]).isdecimal():
        return text, None
    return text, (int(zone[1:3]) * 3600 + int(zone[4:]) * 60) * (-1 if zone[0] == "-" else 1)


def _days_since_1970(year: int, month: int, day: int) -> int:
    year -= month <= 2  # of a calendar whose year begins in March, so that the leap day is its last
    days = (
        year * 365
        + year // 4
        - year // 100
        + year // 400
        + (153 * ((month + 9) % 12) + 2) // 5
        + day
        - 1
    )
    return days - 719468


def decided_at(ts: str) -> float | None:
    """The latest moment that a line's time may mean.

    A shell's clock has whole seconds, and nothing that the line is to undo happened after it: taken
    as the beginning of its second, it would spare what happened earlier in that second.
    """
    at = seconds_of(ts)
    return at + 0.999999 if at is not None and "." not in ts and "," not in ts else at


def new_id() -> str:
    """A UUIDv7: it sorts by the time at which it was made."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
