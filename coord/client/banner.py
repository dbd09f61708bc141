"""What a session is shown of messages, locks and work: short, the same in the hooks and on the
command line, never longer than asked.
"""

from __future__ import annotations

from coord.client.others_text import framed, one_line, printable
from coord.client.suggestions import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    Row = Mapping[str, Any]

MAX_BODY_BYTES = 2000  # bytes of one message's body, where there are others to be shown
ONE_LINE = 100  # characters of a reason


def plain(text: str) -> str:
    """Line by line without what moves the cursor, colours or retitles the terminal, or is
    not seen.
    """
    return "\n".join(map(printable, text.split("\n")))


def message(row: Row, importance: Callable[[str], str] = one_line, limit: int = 0) -> str:
    """One message as the protocol's banner has it, its body behind `| `.

    `importance`: how that is shown. `limit`: bytes of the body.
    """
    ack = "  wants an ack" if row.get("requires_ack") and not row.get("acked_at") else ""
    to = one_line(row.get("to_session") or "all")
    message_id = one_line(row.get("id"))
    lines = [
        (
            f"[{importance(row.get('importance') or '')}] {one_line(row.get('from_session'))}"
            f" -> {to}: {one_line(row.get('subject'))}"
        ),
        f"  {one_line(row.get('created_at'))}  {message_id}{ack}",
        framed(row.get("body"), limit, command("inbox", message_id)),
    ]
    return "\n".join(line for line in lines if line)


def lock(row: Row) -> str:
    """One lock of somebody else: what, who, why, until when."""
    why = f" ({one_line(row['description'], ONE_LINE)})" if row.get("description") else ""
    end = f"until {moment(row['expires_at'])}" if row.get("expires_at") else "without an end"
    mode = ", shared" if row.get("mode") == "shared" else ""
    stale = ", STALE" if row.get("stale") else ""
    held = f"{one_line(row.get('resource'))}: {one_line(row.get('session_id'))}"
    return f"{held}{why}, {end}{mode}{stale}"


def item(row: Row) -> str:
    """One work item."""
    return f"{one_line(row.get('title'))}  {one_line(row['id'])}"


def section(heading: str, lines: Iterable[str], room: int, left_out: int = 0) -> tuple[str, int]:
    """A heading with as many lines as find room, and how many those are; what is left out is
    counted. Nothing when there are none.

    `room` is in bytes of UTF-8, `left_out` counts what the caller has not even asked for.
    """
    every = list(lines)
    if not every:
        return "", 0
    text = f"=== coord: {len(every) + left_out} {heading} ===\n"
    more = "({} more, left out)\n"
    remaining = room - len(text.encode()) - len(more) - 4
    shown = 0
    for entry in every:
        line = f"{entry}\n"
        if len(line.encode()) > remaining:
            break
        remaining -= len(line.encode())
        text += line
        shown += 1
    missing = len(every) + left_out - shown
    return text + (more.format(missing) if missing else ""), shown


def moment(at: object) -> str:
    """`2026-11-25T13:05:12.123456Z` as `2026-11-25 13:05Z`."""
    return one_line(f"{at[:10]} {at[11:16]}Z") if at and isinstance(at, str) else "never"
