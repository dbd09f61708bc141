"""What is printed: sentences, and times in UTC with how long ago they were. click leaves out the
colours where output is no terminal.

Names and texts come from other sessions: `plain` keeps them from controlling the terminal, and
what is forgotten `safe` does.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import Any

import click

from coord.client.banner import message, plain
from coord.client.cli.objects import Lock, Message
from coord.client.others_text import one_line
from coord.client.queue import seconds_of

_COLOURS = {
    **dict.fromkeys(("completed", "deployed", "built", "alive", "working"), "green"),
    **dict.fromkeys(("in_progress", "active", "building", "deploying", "high"), "cyan"),
    **dict.fromkeys(("blocked", "stuck", "degraded", "stale", "gone", "urgent"), "red"),
    **dict.fromkeys(("waiting_for_human", "waiting_for_lock", "rate_limited"), "yellow"),
    **dict.fromkeys(("cancelled", "idle", "silent", "unknown", "ended", "low"), "bright_black"),
}

_OWN_STYLES = re.compile("(\x1b\\[(?:0|1|3[0-7]|90)m)")


def when(ts: str | None) -> str:
    """A time, to the second."""
    return "never" if ts is None else f"{ts[:19]}Z"


def span(seconds: float) -> str:
    """1 h 58 min."""
    whole = int(abs(seconds) + 0.5)
    for size, unit, smaller, smaller_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}{f' {rest} {smaller_unit}' if rest else ''}"
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"


def ago(ts: str | None) -> str:
    at = seconds_of(ts) if ts else None
    return "never" if at is None else f"{span(max(0.0, time.time() - at))} ago"


def until(ts: str | None) -> str:
    """Until when something lasts, and how long that is."""
    at = seconds_of(ts) if ts else None
    if at is None:
        return "without an end"
    remaining = at - time.time()
    return f"until {when(ts)} ({f'{span(remaining)} left' if remaining > 0 else 'expired'})"


def coloured(text: str) -> str:
    """A status or state, in its colour."""
    return click.style(plain(text), fg=_COLOURS.get(text))


def error_line(sentence: str) -> str:
    return marked(sentence, "red")


def marked(sentence: str, colour: str) -> str:
    """A sentence that stands out, and begins with whose it is."""
    text = plain(sentence)
    first, _, rest = text.partition(" ")
    if first == "coord":
        return f"{click.style(first, fg=colour, bold=True)} {rest}"
    return f"{click.style('coord:', fg=colour, bold=True)} {text}"


def safe(line: str) -> str:
    """Of all that could control the terminal only our own colours are left."""
    parts = _OWN_STYLES.split(line)
    return "".join(part if number % 2 else plain(part) for number, part in enumerate(parts))


def dumps(value: Any) -> str:
    """What a terminal would obey stands escaped: JSON asks for that only of C0 controls."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


def clock(ts: str | None) -> str:
    """A time in few characters: 23:15Z today, 11-29 23:15Z in another day's, with the year in
    another's."""
    if ts is None:
        return "never"
    now = time.strftime("%Y-%m-%d", time.gmtime())
    day = "" if ts[:10] == now else ts[5:10] if ts[:4] == now[:4] else ts[:10]
    return f"{day} {ts[11:16]}Z".lstrip()


def lock_lines(lock: Lock) -> list[str]:
    """Who holds it, why, since when, until when, and whether it is stale."""
    why = f": {one_line(lock['description'])}" if lock["description"] else ""
    if lock["released_at"]:
        by = f" by {plain(lock['released_by'])}" if lock["released_by"] else ""
        end = (
            f"{lock['release_reason']}{by} {when(lock['released_at'])} ({ago(lock['released_at'])})"
        )
    else:
        end = until(lock["expires_at"])
    stale = click.style("stale", fg="red") if lock["stale"] else "not stale"
    return [
        f"  {plain(lock['resource'])}  {plain(lock['session_id'])}{why}",
        (
            f"    {lock['mode']}, since {when(lock['acquired_at'])} ({ago(lock['acquired_at'])}),"
            f" {end}; last active {ago(lock['last_activity_at'])}, {stale}; id {lock['id']}"
        ),
    ]


def banner(messages: Sequence[Message], heading: str, total: int | None = None) -> list[str]:
    """Messages as the protocol shows them. `total`: of how many these are the first."""
    count = f"{len(messages)}" if total is None else f"{len(messages)} of {total}"
    lines = [click.style(f"=== coord: {count} {heading} ===", bold=True)]
    for row in messages:
        lines += message(row, coloured).split("\n")
    return lines
