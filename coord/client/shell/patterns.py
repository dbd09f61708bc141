"""A project's regular expressions, matched in bounded time on every system: all ways through one
are followed at once, letter by letter, as RE2 does. Python's `re` tries them one after the other,
which may take for ever, and nothing interrupts it on Windows.

What is written means what it means to `re`. What cannot be followed so is refused: references to
groups, looking ahead or behind, and flags within.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_NODES = 1000  # of an expression, with its repetitions written out
MAX_TEXT = 4096  # characters of a command that are looked at
MAX_STEPS = 500_000  # for all patterns and a line; a second at most
_ANY, _ANCHOR, _SPLIT, _GROUP, _FOUND = range(5)
_ANCHORS = frozenset(("^", "$", "\\b", "\\B", "\\A", "\\Z"))
_FLAGS = re.compile(r"\(\?([aimsu]+)\)")
_OPEN = re.compile(r"\((?:\?(?::|P<(\w+)>))?")
_REPEAT = re.compile(r"(?:([*+?])|\{(\d*)(,?)(\d*)\})(\??)")
_ATOM = re.compile(
    r"\[\^?\]?(?:\\.|[^\]\\])*\]"
    r"|\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|0[0-7]{0,2}|[^1-9])|[^\\]",
    re.DOTALL,
)
_PLACE = re.compile(r"\\(?:(\d{1,2})|g<(\w+)>)")


class BadExpression(ValueError):
    """The message goes on behind the pattern: what is wrong with it."""


class TookTooLong(Exception):
    """What the patterns of a line may cost is spent."""


class Budget:
    """The steps that are left for the patterns of a line."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps = MAX_STEPS

    def spend(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise TookTooLong


class _Node:
    """`test`: of a letter, or of the place between two. `successors`: what comes next, best first.
    `slot`: where a group's beginning (even) or end is noted."""

    __slots__ = ("kind", "slot", "successors", "test")

    def __init__(
        self, kind: int, *successors: _Node, test: re.Pattern[str] | None = None, slot: int = 0
    ) -> None:
        self.kind = kind
        self.successors = successors
        self.test = test
        self.slot = slot


if TYPE_CHECKING:
    _Part = Callable[[_Node], _Node]  # from what comes behind it to its beginning


class Expression:
    def __init__(self, pattern: str) -> None:
        """Raises BadExpression."""
        try:
            compiled = re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise BadExpression(f"is not a regular expression: {error}") from None
        self._names: dict[str, int] = dict(compiled.groupindex)
        self._groups = compiled.groups
        self._start = _Reader(pattern).read()(_Node(_FOUND))

    def check_template(self, template: str) -> None:
        """Raises BadExpression where it names a group that there is not."""
        for reference in _PLACE.finditer(template):
            if self._number(reference) is None:
                raise BadExpression(f"has no group {reference[0]}")

    def expand(self, text: str, template: str, budget: Budget) -> str | None:
        """The template with what the groups matched at the beginning of the text; None without a
        match. Raises TookTooLong."""
        text = text[:MAX_TEXT]
        slots = self._match(text, budget)
        if slots is None:
            return None

        def group(reference: re.Match[str]) -> str:
            slot = 2 * (self._number(reference) or 0)
            return text[slots[slot] : slots[slot + 1]] if slot + 1 in slots else ""

        return _PLACE.sub(group, template)

    def _number(self, reference: re.Match[str]) -> int | None:
        name = reference[1] or reference[2]
        number = int(name) if name.isdigit() else self._names.get(name, self._groups + 1)
        return number if number <= self._groups else None

    def _match(self, text: str, budget: Budget) -> dict[int, int] | None:
        best = None
        threads = [(self._start, {0: 0})]
        for at in range(len(text) + 1):
            advanced = []
            for node, slots in _reached(threads, text, at, budget):
                if node.kind == _FOUND:
                    best = {**slots, 1: at}
                    break  # those that follow are worse
                if node.test is not None and node.test.match(text, at):
                    advanced.append((node.successors[0], slots))
            threads = advanced
        return best


def _reached(
    threads: list[tuple[_Node, dict[int, int]]], text: str, at: int, budget: Budget
) -> Iterator[tuple[_Node, dict[int, int]]]:
    """What the threads come to without another letter, each once, best first."""
    seen: set[_Node] = set()
    ahead = threads[::-1]
    while ahead:
        node, slots = ahead.pop()
        if node in seen:
            continue
        seen.add(node)
        budget.spend()
        if node.kind in (_ANY, _FOUND):
            yield node, slots
        elif node.kind == _GROUP:
            ahead.append((node.successors[0], {**slots, node.slot: at}))
        elif node.test is None or node.test.match(text, at):
            ahead += [(successor, slots) for successor in reversed(node.successors)]


class _Reader:
    """Of a pattern that `re` has accepted."""

    def __init__(self, pattern: str) -> None:
        flags = _FLAGS.match(pattern)
        self._pattern = pattern
        self._at = flags.end() if flags else 0
        self._flags = f"(?{flags[1]})" if flags else ""
        self._groups = 0
        self._nodes = 0

    def read(self) -> _Part:
        parts = [self._sequence()]
        while self._pattern.startswith("|", self._at):
            self._at += 1
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else lambda then: self._either(parts, then)

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            parts.append(self._repeated(self._one()))

        def link(then: _Node) -> _Node:
            for part in reversed(parts):
                then = part(then)
            return then

        return link

    def _one(self) -> _Part:
        opened = _OPEN.match(self._pattern, self._at)
        if opened:
            return self._group(opened)
        atom = _ATOM.match(self._pattern, self._at)
        if atom is None:
            raise BadExpression("refers to a group, which is not possible here")
        self._at = atom.end()
        kind = _ANCHOR if atom[0] in _ANCHORS else _ANY
        test = re.compile(self._flags + atom[0])
        return lambda then: self._node(_Node(kind, then, test=test))

    def _group(self, opened: re.Match[str]) -> _Part:
        self._at = opened.end()
        if self._pattern.startswith("?", self._at):
            raise BadExpression("looks ahead or behind, or has a flag, which is not possible here")
        is_kept = opened[0] != "(?:"
        self._groups += is_kept
        slot = 2 * self._groups
        inner = self.read()
        self._at += 1
        if not is_kept:
            return inner
        return lambda then: self._node(
            _Node(_GROUP, inner(self._node(_Node(_GROUP, then, slot=slot + 1))), slot=slot)
        )

    def _repeated(self, part: _Part) -> _Part:
        count = _REPEAT.match(self._pattern, self._at)
        if count is None or count[0] == "{}":
            return part
        self._at = count.end()
        if self._pattern.startswith("+", self._at):
            raise BadExpression("is possessive, which is not possible here")
        if count[1]:
            least, most = int(count[1] == "+"), 1 if count[1] == "?" else None
        else:
            least = int(count[2] or 0)
            most = (int(count[4]) if count[4] else None) if count[3] else least
        return lambda then: self._repeat(part, least, most, then, is_lazy=bool(count[5]))

    def _repeat(
        self, part: _Part, least: int, most: int | None, then: _Node, *, is_lazy: bool
    ) -> _Node:
        def ordered(more: _Node, behind: _Node) -> tuple[_Node, _Node]:
            return (behind, more) if is_lazy else (more, behind)

        end = then
        if most is None:
            loop = self._node(_Node(_SPLIT))
            loop.successors = ordered(part(loop), end)
            then = loop
        for _ in range((most or least) - least):
            then = self._node(_Node(_SPLIT, *ordered(part(then), end)))
        for _ in range(least):
            then = part(then)
        return then

    def _either(self, parts: list[_Part], then: _Node) -> _Node:
        return self._node(_Node(_SPLIT, *(part(then) for part in parts)))

    def _node(self, node: _Node) -> _Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise BadExpression(f"has more than {MAX_NODES} parts")
        return node
