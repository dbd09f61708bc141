"""A marked block in a text file that others write too: put in, brought up to date, and taken out
without a trace."""

from __future__ import annotations

import re

from coord.client.setup import empty_before
from coord.client.setup.plan import CannotChange, Plan

_MARK = "\ufeff"  # in front of a file, as Notepad and Windows PowerShell write it


class Torn(ValueError):
    """A file with only one of the two marks, or with several blocks: which lines are coord's
    cannot be told."""


class Style:
    """How the marks are written in a kind of file. `gap` separates the block from the text
    before."""

    def __init__(self, begin: str, end: str, gap: str) -> None:
        self.begin = begin
        self.end = end
        self.gap = gap
        self._pattern = re.compile(
            rf"^{re.escape(begin)}[ \t]*\r?\n.*?^{re.escape(end)}[ \t]*(?:\r?\n|\Z)",
            re.MULTILINE | re.DOTALL,
        )

    def find(self, text: str) -> re.Match[str] | None:
        """The block, which may be behind a mark. Raises Torn."""
        text = text[text.startswith(_MARK) :]
        matches = list(self._pattern.finditer(text))
        begins = [line.rstrip() for line in text.splitlines()].count(self.begin)
        ends = [line.rstrip() for line in text.splitlines()].count(self.end)
        if (begins, ends) != (len(matches), len(matches)) or len(matches) > 1:
            raise Torn(
                f"has {begins} lines {self.begin!r} and {ends} lines {self.end!r}. Leave one pair"
                " of them, or none."
            )
        return matches[0] if matches else None

    def put(self, text: str, content: str, after: int | None = None) -> str:
        """The text with this content in its block. Raises Torn.

        A new block goes to the end, or after that many characters. A file without a newline at its
        end keeps that, so that `take` can restore it.
        """
        if text.startswith(_MARK):
            return _MARK + self.put(text[1:], content, after and after - 1)
        newline = "\r\n" if "\r\n" in text else "\n"
        block = f"{self.begin}\n{content.rstrip()}\n{self.end}".replace("\n", newline)
        match = self.find(text)
        if match is not None:
            end = newline if match[0].endswith("\n") else ""
            return text[: match.start()] + block + end + text[match.end() :]
        if after is not None:
            return text[:after] + block + newline + text[after:]
        gap = self.gap.replace("\n", newline) if text else ""
        if text and not text.endswith("\n"):
            return text + newline + gap + block
        return text + gap + block + newline

    def take(self, text: str) -> str:
        """The text without the block, as it was before `put`. Raises Torn."""
        match = self.find(text)
        if match is None:
            return text
        if text.startswith(_MARK):
            return _MARK + self.take(text[1:])
        newline = "\r\n" if "\r\n" in text else "\n"
        before, after = text[: match.start()], text[match.end() :]
        gap = self.gap.replace("\n", newline)
        if gap and before.endswith("\n" + gap):
            before = before[: -len(gap)]
        if not match[0].endswith("\n") and before.endswith(newline):
            before = before[: -len(newline)]
        return before + after


def put(plan: Plan, path: str, style: Style, content: str) -> None:
    """Plans the block in a file, which is created if missing. Raises CannotChange."""
    before = plan.text(path)
    try:
        plan.write(path, style.put(before or "", content))
    except Torn as error:
        raise CannotChange(f"{plan.shown(path)} {error}") from None
    if before == "":
        empty_before.note(plan, path)


def without(plan: Plan, path: str, style: Style) -> str:
    """The file's text without the block; empty when there is no file. Raises CannotChange."""
    try:
        return style.take(plan.text(path) or "")
    except Torn as error:
        raise CannotChange(f"{plan.shown(path)} {error}") from None


def take(plan: Plan, path: str, style: Style) -> None:
    """Plans the file without its block, or its removal when it held nothing else. Raises
    CannotChange."""
    after = without(plan, path, style)
    if after != (plan.text(path) or ""):
        is_kept = after.strip(_MARK) or empty_before.was_empty(plan, path)
        plan.write(path, after if is_kept else None)


def has(plan: Plan, path: str, style: Style) -> bool:
    """Raises CannotChange."""
    return without(plan, path, style) != (plan.text(path) or "")


MARKDOWN = Style("<!-- coord: begin -->", "<!-- coord: end -->", "\n")
HASH = Style("# coord: begin", "# coord: end", "")
