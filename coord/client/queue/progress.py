"""How far a file is dealt with, told by its first bytes: so many of them, with this checksum."""

from __future__ import annotations

from binascii import crc32

from coord.client.lean import dumps, loads_or_none
from coord.client.locked import read, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Mark = tuple[int, int]
    """A number of bytes from the file's beginning, and their CRC-32."""


class Progress:
    """How far each file of a queue is answered."""

    def __init__(self, marks: dict[int, Mark]) -> None:
        self._marks = marks

    @classmethod
    def load(cls, path: str) -> Progress:
        stored = loads_or_none(read(path))
        marks = {}
        for number, value in stored.items() if isinstance(stored, dict) else ():
            mark = _mark(value)
            if number.isascii() and number.isdecimal() and mark is not None:
                marks[int(number)] = mark
        return cls(marks)

    def save(self, path: str) -> None:
        write_whole(path, dumps(self._marks).encode())

    def answered_bytes(self, number: int) -> int:
        """As recorded, whatever the file holds now."""
        return self._marks.get(number, (0, 0))[0]

    def answered_within(self, number: int, content: bytes) -> int:
        """How much of this content is answered: nothing when the file was begun anew since."""
        return furthest_mark([self._marks.get(number)], content)

    def begin(self, number: int, content: bytes) -> int:
        """As `answered_within`, and recorded."""
        answered = self.answered_within(number, content)
        if not answered:
            self._marks[number] = (0, 0)
        return answered

    def advance(self, number: int, content: bytes, end: int) -> None:
        answered, crc = self._marks[number]
        self._marks[number] = (end, crc32(content[answered:end], crc))


def mark_of(content: bytes) -> Mark:
    return len(content), crc32(content)


def furthest_mark(marks: Iterable[object], content: bytes) -> int:
    """The most of this content that one of the marks stands for."""
    furthest = 0
    for mark in map(_mark, marks):
        if mark is not None and furthest < mark[0] <= len(content) and crc32(content[: mark[0]]) == mark[1]:
            furthest = mark[0]
    return furthest


def _mark(value: object) -> Mark | None:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return None
    size, crc = value
    return (size, crc) if type(size) is int and type(crc) is int else None
