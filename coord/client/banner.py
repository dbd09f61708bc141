"""What a session is shown of messages, locks and work: short, the same in the hooks and on the command line, never longer than asked."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    Row = Mapping[str, Any]

MAX_BODY_BYTES = 2000  # bytes of one message's body, where there are others to be shown
ONE_LINE = 100  # characters of a reason

_SEEN = {ord(character): "\N{REPLACEMENT CHARACTER}" for character in map(chr, [*range(32), *range(127, 160)]) if character not in "\n\t"}


def plain(text: str) -> str:
    """Without control characters: what others write must not move the cursor, or colour or retitle the terminal."""
    return text.translate(_SEEN)


def one_line(text: str | None, most: int = 0) -> str:
    """On one line; `most`: of so many characters at most."""
    line = " ".join(plain(text or "").split())
    return line if not 0 < most < len(line) else f"{line[: most - 1]}…"


def message(row: Row, importance: Callable[[str], str] = plain) -> str:
    """One message as the protocol's banner has it. `importance`: how that is shown."""
    ack = "  wants an ack" if row.get("requires_ack") and not row.get("acked_at") else ""
    to = plain(row["to_session"] or "all")
    lines = [
        f"[{importance(row['importance'])}] {plain(row['from_session'])} -> {to}: {one_line(row['subject'])}",
        f"  {row['created_at']}  {row['id']}{ack}",
        plain(row["body"]),
    ]
    return "\n".join(line for line in lines if line)


def lock(row: Row) -> str:
    """One lock of somebody else: what, who, why, until when."""
    why = f" ({one_line(row['description'], ONE_LINE)})" if row.get("description") else ""
    end = f"until {moment(row['expires_at'])}" if row.get("expires_at") else "without an end"
    mode = ", shared" if row.get("mode") == "shared" else ""
    return f"{plain(row['resource'])}: {plain(row['session_id'])}{why}, {end}{mode}{', STALE' if row.get('stale') else ''}"


def item(row: Row) -> str:
    """One work item."""
    return f"{one_line(row['title'])}  {row['id']}"


def section(heading: str, lines: Iterable[str], room: int, left_out: int = 0) -> tuple[str, int]:
    """A heading with as many lines as find room, and how many those are; what is left out is counted. Nothing when there are none.

    `room` is in bytes of UTF-8, `left_out` counts what the caller has not even asked for.
    """
    every = list(lines)
    if not every:
        return "", 0
    text = f"=== coord: {len(every) + left_out} {heading} ===\n"
    more = "({} more, left out)\n"
    left = room - len(text.encode()) - len(more) - 4
    shown = 0
    for each in every:
        line = f"{each}\n"
        if len(line.encode()) > left:
            break
        left -= len(line.encode())
        text += line
        shown += 1
    missing = len(every) + left_out - shown
    return text + (more.format(missing) if missing else ""), shown


def cut(text: str, most: int, rest: str) -> str:
    """The beginning of a text that is longer than so many bytes, and where the rest is."""
    encoded = text.encode()
    return text if len(encoded) <= most else f"{encoded[:most].decode('utf-8', 'ignore')}… [cut; all of it: {rest}]"


def moment(at: str | None) -> str:
    """`2026-11-25T13:05:12.123456Z` as `2026-11-25 13:05Z`."""
    return f"{at[:10]} {at[11:16]}Z" if at else "never"
