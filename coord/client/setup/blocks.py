"""A marked block in a text file that others write too: put in, kept up to date, and taken out so that nothing tells it was there."""

from __future__ import annotations

import re

from coord.client.setup import memory
from coord.client.setup.plan import Plan, Refused


class Torn(ValueError):
    """A file with one of the two marks, or with several blocks: nobody can tell which lines are ours."""


class Style:
    """How the marks are written in a kind of file. `gap`: what stands between the text before and the block."""

    def __init__(self, begin: str, end: str, gap: str) -> None:
        self.begin = begin
        self.end = end
        self.gap = gap
        self._pattern = re.compile(rf"^{re.escape(begin)}[ \t]*\r?\n.*?^{re.escape(end)}[ \t]*(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL)

    def find(self, text: str) -> re.Match[str] | None:
        """The block. Raises Torn."""
        found = list(self._pattern.finditer(text))
        begins = [line.rstrip() for line in text.splitlines()].count(self.begin)
        ends = [line.rstrip() for line in text.splitlines()].count(self.end)
        if (begins, ends) != (len(found), len(found)) or len(found) > 1:
            raise Torn(f"has {begins} lines {self.begin!r} and {ends} lines {self.end!r}. Leave one pair of them, or none.")
        return found[0] if found else None

    def put(self, text: str, content: str, after: int | None = None) -> str:
        """The text with this content in its block; a new block comes to the end, or after so many characters. Raises Torn.

        A file without a newline at its end keeps that, so that taking the block out knows of it.
        """
        newline = "\r\n" if "\r\n" in text else "\n"
        block = f"{self.begin}\n{content.rstrip()}\n{self.end}".replace("\n", newline)
        found = self.find(text)
        if found is not None:
            had_end = found[0].endswith("\n")
            return text[: found.start()] + block + (newline if had_end else "") + text[found.end() :]
        if after is not None:
            return text[:after] + block + newline + text[after:]
        gap = self.gap.replace("\n", newline) if text else ""
        if text and not text.endswith("\n"):
            return text + newline + gap + block
        return text + gap + block + newline

    def take(self, text: str) -> str:
        """The text without the block, as it was before `put`. Raises Torn."""
        found = self.find(text)
        if found is None:
            return text
        newline = "\r\n" if "\r\n" in text else "\n"
        before, after = text[: found.start()], text[found.end() :]
        gap = self.gap.replace("\n", newline)
        if gap and before.endswith("\n" + gap):
            before = before[: -len(gap)]
        if not found[0].endswith("\n") and before.endswith(newline):
            before = before[: -len(newline)]
        return before + after


def put(plan: Plan, path: str, style: Style, content: str) -> None:
    """Plans the block in a file, which is made when it is not there. Raises Refused."""
    before = plan.text(path)
    try:
        plan.write(path, style.put(before or "", content))
    except Torn as error:
        raise Refused(f"{plan.shown(path)} {error}") from None
    if before == "":
        memory.keep(plan, path)


def without(plan: Plan, path: str, style: Style) -> str:
    """The file's text but for the block; nothing when it is not there. Raises Refused."""
    try:
        return style.take(plan.text(path) or "")
    except Torn as error:
        raise Refused(f"{plan.shown(path)} {error}") from None


def take(plan: Plan, path: str, style: Style) -> None:
    """Plans the file without its block; without the file, when nothing else is in it. Raises Refused."""
    after = without(plan, path, style)
    if after != (plan.text(path) or ""):
        plan.write(path, after if after or memory.is_kept(plan, path) else None)


def has(plan: Plan, path: str, style: Style) -> bool:
    """Raises Refused."""
    return without(plan, path, style) != (plan.text(path) or "")


MARKDOWN = Style("<!-- coord: begin -->", "<!-- coord: end -->", "\n")
HASH = Style("# coord: begin", "# coord: end", "")
