"""Reads the plain part of YAML: mappings, lists and texts, in blocks or in one line. Anchors, tags
and several documents are none of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Node = Union[str, list["Node"], dict[str, "Node"]]

MAX_DEPTH = 20
_BLOCKS = ("|", ">")


def read(text: str) -> Node:
    """An empty text for what is not understood."""
    lines = _Lines(text.replace("\r\n", "\n").replace("\t", "    ").split("\n"))
    return lines.node(0, 0)


class _Lines:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0

    def node(self, indent: int, depth: int) -> Node:
        """What stands in the lines that are indented so far at least."""
        line = self._next()
        own = _indent(line)
        if depth > MAX_DEPTH or not line or own < indent:
            return ""
        if line[own] == "-" and line[own + 1 : own + 2] in ("", " "):
            return self._list(own, depth)
        if _key(line[own:]) is not None:
            return self._mapping(own, depth)
        self._at += 1
        return _scalar(line[own:])

    def _next(self) -> str:
        """The line that comes next and says something; empty at the end."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip() and line.lstrip()[0] != "#" and line.strip() != "---":
                return line
            self._at += 1
        return ""

    def _list(self, indent: int, depth: int) -> list[Node]:
        items: list[Node] = []
        while True:
            line = self._next()
            if _indent(line) != indent or line[indent : indent + 1] != "-":
                return items
            content = line[indent + 1 :]
            if content[:1] not in ("", " "):
                return items
            if not content.strip():
                self._at += 1
                items.append(self.node(indent + 1, depth + 1))
            elif _key(content.strip()) is not None:  # the first line of a mapping
                self._lines[self._at] = f"{' ' * (indent + 1)}{content}"
                items.append(self.node(indent + 1, depth + 1))
            else:
                self._at += 1
                items.append(self._value(content.strip(), indent))

    def _mapping(self, indent: int, depth: int) -> dict[str, Node]:
        values: dict[str, Node] = {}
        while True:
            line = self._next()
            parts = _key(line[indent:]) if _indent(line) == indent else None
            if parts is None:
                return values
            name, text = parts
            self._at += 1
            if text:
                values[name] = self._value(text, indent)
                continue
            following = self._next()
            is_list = following[indent : indent + 2] in ("-", "- ")  # as deep as its key
            is_inside = _indent(following) > indent or (is_list and _indent(following) == indent)
            values[name] = self.node(_indent(following), depth + 1) if is_inside else ""

    def _value(self, text: str, indent: int) -> Node:
        """Behind a key or a dash; a block's lines, or those that go on, are indented further."""
        if text[0] not in _BLOCKS:
            return _scalar(text)
        block: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip() and _indent(line) <= indent:
                break
            block.append(line)
            self._at += 1
        deep = min((_indent(line) for line in block if line.strip()), default=0)
        return ("\n" if text[0] == "|" else " ").join(line[deep:] for line in block).strip("\n ")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _key(text: str) -> tuple[str, str] | None:
    """`name: text`; None where it is no such line."""
    quote = text[:1] if text[:1] in ("'", '"') else ""
    end = text.find(quote, 1) + 1 if quote else 0
    if text[:1] in ("{", "[") or (quote and not end):
        return None
    colon = text.find(": ", end)
    colon = colon if colon >= 0 else len(text) - 1 if text.endswith(":") else -1
    if colon < 0 or (quote and text[end:colon].strip()):
        return None
    return text[:colon].strip().strip("'\""), _uncommented(text[colon + 1 :].strip())


def _uncommented(text: str) -> str:
    if text[:1] in ("#", "'", '"'):
        return "" if text[:1] == "#" else text
    return text.partition(" #")[0].rstrip()


def _scalar(text: str, depth: int = 0) -> Node:
    if depth > MAX_DEPTH:
        return ""
    if text[:1] == "[":
        return [_scalar(part, depth + 1) for part in _parts(text[1:].rpartition("]")[0])]
    if text[:1] == "{" and text[:2] != "{{":
        pairs = (part.partition(":") for part in _parts(text[1:].rpartition("}")[0]))
        return {name.strip(" '\""): _scalar(value.strip(), depth + 1) for name, _, value in pairs}
    quote = text[:1]
    if quote not in ("'", '"'):
        return _uncommented(text)
    inner = text[1:].rpartition(quote)[0]
    return inner.replace("''", "'") if quote == "'" else _unescaped(inner)


def _parts(text: str) -> list[str]:
    """What commas separate outside of texts and brackets."""
    parts: list[str] = []
    start = depth = 0
    quote = ""
    for at, letter in enumerate(f"{text},"):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "[]{}":
            depth += 1 if letter in "[{" else -1
        elif letter == "," and (depth <= 0 or at == len(text)):
            parts.append(text[start:at].strip())
            start = at + 1
    return [part for part in parts if part]


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
