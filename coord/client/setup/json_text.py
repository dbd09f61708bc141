"""Changes to a JSON file that leave every other byte of it alone, so that they can be taken back without a trace."""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import Any, Union

Path = tuple[Union[str, int], ...]
_SPACE = " \t\r\n"


@dataclass(frozen=True)
class Member:
    """One member of an object, or element of an array. `begin`: of its key, where it has one; `value` and `end`: of its value."""

    key: str | int
    begin: int
    value: int
    end: int


class JsonText:
    """A JSON document. Raises ValueError (with what is wrong, where) when it is none."""

    def __init__(self, whole: str) -> None:
        self._mark = whole[:1] if whole.startswith("\ufeff") else ""  # some editors on Windows begin a file with it
        self.text = text = whole[len(self._mark) :]
        json.loads(text)
        self._newline = "\r\n" if "\r\n" in text else "\n"

    @property
    def whole(self) -> str:
        """As it is written."""
        return self._mark + self.text

    @property
    def value(self) -> Any:
        return json.loads(self.text)

    def get(self, *path: str | int) -> Any:
        """The value there; None also when there is none."""
        found = self._find(path)
        return None if found is None else json.loads(self.text[found[0] : found[1]])

    def add(self, path: Path, value: Any, key: str | None = None) -> None:
        """At the end of the object (under this key) or the array at `path`, which must be there."""
        start, _ = self._must_find(path)
        members = _members(self.text, start)
        named = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
        if members and "\n" not in self.text[start : members[0].begin]:
            self._splice(members[-1].end, members[-1].end, f", {named}{json.dumps(value, ensure_ascii=False)}")
        elif members:
            margin = self._margin(members[0].begin)
            self._splice(members[-1].end, members[-1].end, f",{self._newline}{margin}{named}{self._dump(value, margin)}")
        else:
            outer = self._margin(start)
            margin = outer + self._step()
            self._splice(start + 1, start + 1, f"{self._newline}{margin}{named}{self._dump(value, margin)}{self._newline}{outer}")

    def replace(self, path: Path, value: Any) -> None:
        """The value at `path`, which must be there."""
        start, end = self._must_find(path)
        one_line = "\n" not in self.text[start:end]
        self._splice(start, end, json.dumps(value, ensure_ascii=False) if one_line else self._dump(value, self._margin(start)))

    def remove(self, path: Path) -> None:
        """What `add` put there, or anything else, with the comma that it needed."""
        start, end = self._must_find(path[:-1])
        members = _members(self.text, start)
        nth = max(at for at, member in enumerate(members) if member.key == path[-1])
        if nth:
            self._splice(members[nth - 1].end, members[nth].end, "")
        elif len(members) > 1:
            self._splice(members[0].begin, members[1].begin, "")
        else:
            rest = self.text[members[0].end : end - 1]
            closing = self._newline + self._margin(start)
            self._splice(start + 1, end - 1, rest[len(closing) :] if rest.startswith(closing) else rest.strip(_SPACE))

    def _splice(self, start: int, end: int, new: str) -> None:
        self.text = self.text[:start] + new + self.text[end:]

    def _must_find(self, path: Path) -> tuple[int, int]:
        found = self._find(path)
        if found is None:
            raise KeyError(path)
        return found

    def _find(self, path: Path) -> tuple[int, int] | None:
        """The begin and the end of the value; of several of one name the last, as JSON readers have it."""
        start = _skip(self.text, 0)
        end = len(self.text.rstrip(_SPACE))
        for step in path:
            if self.text[start] not in "{[":
                return None
            found = [member for member in _members(self.text, start) if member.key == step]
            if not found:
                return None
            start, end = found[-1].value, found[-1].end
        return start, end

    def _margin(self, at: int) -> str:
        """The white space that the line of this place begins with."""
        line = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _step(self) -> str:
        """By how much this file indents."""
        start = _skip(self.text, 0)
        members = _members(self.text, start)
        if members and "\n" in self.text[start : members[0].begin]:
            return self._margin(members[0].begin)[len(self._margin(start)) :] or "  "
        return "  "

    def _dump(self, value: Any, margin: str) -> str:
        return json.dumps(value, indent=self._step(), ensure_ascii=False).replace("\n", self._newline + margin)


def _members(text: str, start: int) -> list[Member]:
    """Of the object or the array that begins here, in valid JSON."""
    decode = JSONDecoder().raw_decode
    found: list[Member] = []
    at = _skip(text, start + 1)
    while text[at] not in "}]":
        begin = at
        key: str | int = len(found)
        if text[start] == "{":
            key, at = scanstring(text, at + 1)
            at = _skip(text, _skip(text, at) + 1)
        _, end = decode(text, at)
        found.append(Member(key, begin, at, end))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
