"""Changes to a JSON file that leave every other byte alone, so that they can be undone without a
trace."""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]  # not in typeshed
from typing import Any, Union

Path = tuple[Union[str, int], ...]
_SPACE = " \t\r\n"


@dataclass(frozen=True)
class Member:
    """The offsets of one member of an object, or element of an array. `start`: of its key, where it
    has one; `value` and `end`: of its value."""

    key: str | int
    start: int
    value: int
    end: int


class JsonText:
    """A JSON document. Raises ValueError, with what is wrong and where, when it is not JSON."""

    def __init__(self, whole: str) -> None:
        # some editors on Windows begin a file with it
        self._mark = whole[:1] if whole.startswith("\ufeff") else ""
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
        """The value at `path`; None also when there is none."""
        span = self._find(path)
        return None if span is None else json.loads(self.text[span[0] : span[1]])

    def add(self, path: Path, value: Any, key: str | None = None) -> None:
        """Appends to the object (under this key) or the array at `path`, which must exist."""
        start, _ = self._must_find(path)
        members = _members(self.text, start)
        name = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
        newline = self._newline
        if members and "\n" not in self.text[start : members[0].start]:
            end = members[-1].end
            self._splice(end, end, f", {name}{json.dumps(value, ensure_ascii=False)}")
        elif members:
            end, margin = members[-1].end, self._margin(members[0].start)
            self._splice(end, end, f",{newline}{margin}{name}{self._dump(value, margin)}")
        else:
            outer = self._margin(start)
            margin = outer + self._step()
            added = f"{newline}{margin}{name}{self._dump(value, margin)}{newline}{outer}"
            self._splice(start + 1, start + 1, added)

    def replace(self, path: Path, value: Any) -> None:
        """Replaces the value at `path`, which must exist."""
        start, end = self._must_find(path)
        if "\n" in self.text[start:end]:
            self._splice(start, end, self._dump(value, self._margin(start)))
        else:
            self._splice(start, end, json.dumps(value, ensure_ascii=False))

    def remove(self, path: Path) -> None:
        """Removes what `add` put there, or anything else, with the comma that it needed."""
        start, end = self._must_find(path[:-1])
        members = _members(self.text, start)
        index = max(i for i, member in enumerate(members) if member.key == path[-1])
        if index:
            self._splice(members[index - 1].end, members[index].end, "")
        elif len(members) > 1:
            self._splice(members[0].start, members[1].start, "")
        else:
            rest = self.text[members[0].end : end - 1]
            closing = self._newline + self._margin(start)
            self._splice(
                start + 1,
                end - 1,
                rest[len(closing) :] if rest.startswith(closing) else rest.strip(_SPACE),
            )

    def _splice(self, start: int, end: int, new: str) -> None:
        self.text = self.text[:start] + new + self.text[end:]

    def _must_find(self, path: Path) -> tuple[int, int]:
        span = self._find(path)
        if span is None:
            raise KeyError(path)
        return span

    def _find(self, path: Path) -> tuple[int, int] | None:
        """The start and end of the value; the last of several of one name, as JSON readers see
        it."""
        start = _skip(self.text, 0)
        end = len(self.text.rstrip(_SPACE))
        for step in path:
            if self.text[start] not in "{[":
                return None
            named = [member for member in _members(self.text, start) if member.key == step]
            if not named:
                return None
            start, end = named[-1].value, named[-1].end
        return start, end

    def _margin(self, at: int) -> str:
        """The indentation of the line of this offset."""
        line = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _step(self) -> str:
        """One level of this file's indentation."""
        start = _skip(self.text, 0)
        members = _members(self.text, start)
        if members and "\n" in self.text[start : members[0].start]:
            return self._margin(members[0].start)[len(self._margin(start)) :] or "  "
        return "  "

    def _dump(self, value: Any, margin: str) -> str:
        return json.dumps(value, indent=self._step(), ensure_ascii=False).replace(
            "\n", self._newline + margin
        )


def _members(text: str, start: int) -> list[Member]:
    """The members of the object or array that starts here, in valid JSON."""
    decode = JSONDecoder().raw_decode
    members: list[Member] = []
    at = _skip(text, start + 1)
    while text[at] not in "}]":
        first = at
        key: str | int = len(members)
        if text[start] == "{":
            key, at = scanstring(text, at + 1)
            at = _skip(text, _skip(text, at) + 1)
        _, end = decode(text, at)
        members.append(Member(key, first, at, end))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return members


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
