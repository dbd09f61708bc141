"""How far a file is dealt with, told by its first bytes: so many of them, with this checksum."""

from __future__ import annotations

from binascii import crc32

from coord.client.lean import encoded, loads_or_none
from coord.client.safe_files import read, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Mark = tuple[int, int]
    """A number of bytes from the file's beginning, and their CRC-32."""


class Progress:
    """How far the queue's file is answered. `generation`: how many files there were before it."""

    def __init__(self, generation: int = 0, mark: Mark = (0, 0)) -> None:
        self.generation = generation
        self._mark = mark

    @classmethod
    def load(cls, path: str) -> Progress:
        stored = loads_or_none(read(path))
        if not isinstance(stored, dict):
            return cls()
        generation = stored.get("generation")
        return cls(
            generation if type(generation) is int else 0, as_mark(stored.get("answered")) or (0, 0)
        )

    def save(self, path: str) -> None:
        write_whole(path, encoded({"generation": self.generation, "answered": self._mark}))

    @property
    def answered_bytes(self) -> int:
        """As recorded, whatever the file holds now."""
        return self._mark[0]

    def answered_within(self, content: bytes) -> int:
        """How much of this content is answered: nothing when it is not the file that was."""
        return furthest_mark([self._mark], content)

    def begin(self, content: bytes) -> int:
        """As `answered_within`, and recorded."""
        answered = self.answered_within(content)
        if not answered:
            self._mark = (0, 0)
        return answered

    def advance(self, content: bytes, end: int) -> None:
        answered, crc = self._mark
        self._mark = (end, crc32(content[answered:end], crc))

    def begin_next(self) -> None:
        """After the file was removed."""
        self.generation += 1
        self._mark = (0, 0)


def mark_of(content: bytes) -> Mark:
    return len(content), crc32(content)


def furthest_mark(marks: Iterable[object], content: bytes) -> int:
    """The most of this content that one of the marks stands for."""
    furthest = 0
    for mark in map(as_mark, marks):
        if (
            mark is not None
            and furthest < mark[0] <= len(content)
            and crc32(content[: mark[0]]) == mark[1]
        ):
            furthest = mark[0]
    return furthest


def as_mark(value: object) -> Mark | None:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return None
    size, crc = value
    return (size, crc) if type(size) is int and type(crc) is int else None
