"""How wide a text is on a terminal: characters of East Asian scripts and emoji take two cells,
combining ones none. Terminals differ on joined emoji; each part is counted, so a line is cut too
early there rather than too late."""

from __future__ import annotations

import re
import shutil
import unicodedata

from coord.client.others_text import FRAME

ELLIPSIS = "…"
EMOJI_STYLE = "\N{VARIATION SELECTOR-16}"  # asks for the wide form of the character before it
MIN_COLUMNS = 20
MAX_LABEL = 12  # cells of what stands in front of a text and names it
_STYLES = re.compile("(\x1b\\[[0-9;]*m)")


def columns() -> int:
    """Of the terminal."""
    return max(MIN_COLUMNS, shutil.get_terminal_size().columns)


def width(text: str) -> int:
    """In cells. Colours take none."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    return sum(map(_width, _STYLES.sub("", text)))


def _width(character: str) -> int:
    if character == EMOJI_STYLE:
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, cells: int, *, keep_end: bool = False) -> str:
    """What fits of it, with an ellipsis where something is missing; a colour ends with it.

    `keep_end`: the end, of a text without colours.
    """
    if width(text) <= cells:
        return text
    if keep_end and "\x1b" not in text:
        return ELLIPSIS + _fitting(text[::-1], cells - 1)[::-1]
    kept, room = "", cells - 1
    for part in _STYLES.split(text):
        fitting = part if part.startswith("\x1b") else _fitting(part, room)
        kept += fitting
        room -= width(fitting)
        if fitting != part:
            break
    return f"{kept}{ELLIPSIS}" + ("\x1b[0m" if "\x1b" in kept else "")


def _fitting(text: str, cells: int) -> str:
    """The longest beginning of so many cells."""
    for index, character in enumerate(text):
        cells -= _width(character)
        if cells < 0:
            return text[:index]
    return text


def wrapped(text: str, cells: int) -> list[str]:
    """Its lines, those that are longer broken at blanks. What goes on stands below the text behind
    a label, or else further to the right; behind the frame where it is of others."""
    lines: list[str] = []
    for line in text.split("\n"):
        blanks = line[: len(line) - len(line.lstrip(" "))]
        start = FRAME if line.startswith(FRAME) else blanks
        inner = line[len(start) :]
        indent = 0 if start == FRAME else _hanging_indent(inner)
        lines += [start + piece for piece in folded(inner, cells - len(start), indent)]
    return lines


def _hanging_indent(line: str) -> int:
    label, blanks, text = line.partition("  ")
    end = len(line) - len(text.lstrip(" ")) if blanks and " " not in label else 0
    return end if 0 < end <= MAX_LABEL else 2


def folded(text: str, cells: int, indent: int) -> list[str]:
    """Broken at blanks into lines that fit, and between wide characters; those behind the first are
    indented."""
    lines: list[str] = []
    line = ""
    for piece in text.split(" "):
        longer = f"{line} {piece}" if line.strip() else line + piece
        if width(longer) > cells and line.strip():
            lines.append(line.rstrip())
            longer = " " * indent + piece
        while width(longer) > cells and _is_wide(longer):
            start = _fitting(longer, cells)
            lines.append(start)
            longer = " " * indent + longer[len(start) :]
        line = longer
    return [*lines, line]


def _is_wide(text: str) -> bool:
    """Whether it has characters between which a line may be broken, as Chinese and Japanese."""
    return not text.isascii() and any(_width(character) == 2 for character in text)


def pad(text: str, cells: int) -> str:
    return text + " " * max(0, cells - width(text))
